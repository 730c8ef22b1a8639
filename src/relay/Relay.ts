import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Option from "effect/Option"
import * as Accumulator from "../domain/chat/answer/Accumulator.js"
import * as Alignment from "../domain/rescue/Alignment.js"
import type { Kind } from "../domain/chat/ChatRequest.js"
import * as Journal from "../domain/record/Journal.js"
import { RelayEnd } from "../domain/failure/Outcome.js"
import * as Usage from "../domain/chat/answer/Usage.js"
import type { WholeAnswer } from "../domain/chat/answer/WholeAnswer.js"
import type { Answer } from "../upstream/attempt/Attempt.js"
import type { ByteLease } from "../admission/ByteBudget.js"
import * as Delivery from "./Delivery.js"
import type { Forwarded } from "../upstream/forward/Forwarder.js"
import * as Leg from "./Leg.js"
import * as Rescue from "./Rescue.js"
import * as ResponseSink from "./ResponseSink.js"
import type { SteadyClock } from "../flow/SteadyClock.js"

/** What is relayed, and where to. */
export interface Options {
  readonly forwarded: Forwarded
  readonly sink: ResponseSink.ResponseSink
  /** Learns what the caller got. */
  readonly journal: Journal.Journal
  readonly clock: SteadyClock
  /** What the exchange holds in memory, what is kept of the answer included. */
  readonly bytes: ByteLease
  /** After how long a silence a stream's caller gets a sign of life, if at all. */
  readonly keepalive: Option.Option<Duration.Duration>
  /** So much of a stream's answer is kept for the record, in characters. */
  readonly keep: number
  /** What is to be done, if anything, before the caller can see that the answer has ended, in this way for all that is known. */
  readonly beforeEnd: ((end: RelayEnd) => Effect.Effect<void>) | undefined
}

/** Moves a committed answer to the caller, to its true end. */
export const relay = (options: Options): Effect.Effect<RelayEnd> =>
  options.forwarded.request.stream ? relayStream(options) : relayWhole(options)

const relayWhole = Effect.fnUntraced(function* ({ beforeEnd, clock, forwarded, journal, sink }: Options) {
  const { answer, request } = forwarded
  answer.call.release()
  const back = forwarded.conclude(RelayEnd.Completed())
  if (back !== undefined) yield* back
  const { body, text } = answer.rest.whole() ?? assemble(request.kind, answer)
  journal.answer = body
  journal.answerText = text
  journal.usage = answer.repair.usage()
  journal.status = 200
  const { alarm } = answer.call
  let gone: RelayEnd | undefined
  const giveUpIn = (millis: number) => alarm.set(millis, () => sink.abandon())
  giveUpIn(answer.deadline - clock.now())
  const onCut = () => {
    gone = RelayEnd.CutByDrain()
    giveUpIn(ResponseSink.lastRead)
  }
  sink.listen({ onDrained: () => {}, onLeft: () => {}, onCut })
  if (beforeEnd !== undefined) yield* beforeEnd(RelayEnd.Completed())
  return yield* Effect.async<RelayEnd>((resume) => {
    ResponseSink.sendJson(sink, 200, answer.headers, text, (delivered) => {
      alarm.clear()
      resume(Effect.succeed(ResponseSink.whenEnded(RelayEnd.Completed(), delivered, gone)))
    })
  })
})

const assemble = (kind: Kind, { held, repair }: Answer): WholeAnswer => {
  const accumulator = Accumulator.make(kind)
  for (const chunk of held) accumulator.push(chunk)
  const body = accumulator.result(repair.usage()) ?? {}
  return { body, text: JSON.stringify(body) }
}

const relayStream = Effect.fnUntraced(function* (options: Options) {
  const { beforeEnd, bytes, clock, journal, keep, keepalive, sink } = options
  const { answer: first, request } = options.forwarded
  let forwarded = options.forwarded
  journal.status = 200
  journal.firstTokenAt = clock.now()
  const delivery = Delivery.begin({ kind: request.kind, sink, headers: first.headers, keepalive, keep, bytes })

  let latest = yield* runLeg(forwarded, delivery, undefined, options)
  let end = latest
  let spent = first.repair.usage()
  while (latest !== Leg.differs) {
    const sent = Rescue.isBroken(latest) ? delivery.sent() : undefined
    const resumption = sent === undefined ? undefined : Rescue.plan(request, first.target.backend, sent)
    if (sent === undefined || resumption === undefined) break
    const next: Forwarded | RelayEnd | undefined = yield* delivery.unlessGone(forwarded.rescue(latest, resumption))
    if (next === undefined) break
    if ("_tag" in next) {
      end = next
      break
    }
    forwarded = next
    const alignment = Alignment.make(sent, Rescue.matcher(resumption), spent)
    latest = yield* runLeg(forwarded, delivery, alignment, options)
    const used = forwarded.answer.repair.usage()
    if (used !== undefined) spent = Usage.add(spent, used)
    // Who has delivered nothing has nothing to say: the caller learns why the answer before broke off.
    if (latest !== Leg.differs && (alignment.through() || isCallers(latest))) end = latest
  }
  journal.answer = delivery.kept(spent)
  journal.usage = spent
  if (beforeEnd !== undefined) yield* beforeEnd(end)
  return yield* delivery.finish(end, forwarded.answer.deadline - clock.now())
})

const isCallers = ({ _tag }: RelayEnd): boolean => _tag === "CallerLeft" || _tag === "CutByDrain"

// One backend's part of the answer, from its first chunk to the end of its call.
const runLeg = Effect.fnUntraced(function* (
  { answer, conclude }: Forwarded,
  delivery: Delivery.Delivery,
  alignment: Alignment.Alignment | undefined,
  { clock, journal }: Pick<Options, "clock" | "journal">
) {
  const end = yield* Leg.relay({ answer, delivery, alignment, clock })
  if (end._tag === "Completed") answer.call.release()
  else answer.call.abort()
  if (end._tag !== "Completed" && !isCallers(end)) Journal.noteEnd(journal, end === Leg.differs ? "Differs" : end._tag)
  // That an answer was given up because it differs tells nothing of its backend.
  const told = conclude(end === Leg.differs ? RelayEnd.CallerLeft() : end)
  if (told !== undefined) yield* told
  return end
})
