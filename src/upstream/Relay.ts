import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Option from "effect/Option"
import * as Accumulator from "../domain/Accumulator.js"
import * as Alignment from "../domain/Alignment.js"
import type { StreamEnd } from "../domain/ChatStream.js"
import * as Journal from "../domain/Journal.js"
import type * as JsonObject from "../domain/JsonObject.js"
import { RelayEnd } from "../domain/Outcome.js"
import * as Usage from "../domain/Usage.js"
import * as Alarm from "./Alarm.js"
import type { Answer } from "./Attempt.js"
import * as Delivery from "./Delivery.js"
import type { Forwarded } from "./Forwarder.js"
import * as Rescue from "./Rescue.js"
import * as ResponseSink from "./ResponseSink.js"

/** What is relayed, and where to. */
export interface Options {
  readonly forwarded: Forwarded
  readonly sink: ResponseSink.ResponseSink
  /** Learns what the caller got. */
  readonly journal: Journal.Journal
  /** After how long a silence a stream's caller gets a sign of life, if at all. */
  readonly keepalive: Option.Option<Duration.Duration>
  /** So much of a stream's answer is kept for the record, in characters. */
  readonly keep: number
  /** What is to be done before the caller can see that the answer has ended, in this way for all that is known. */
  readonly beforeEnd: (end: RelayEnd) => Effect.Effect<void>
}

/** Moves a committed answer to the caller, to its true end. */
export const relay = (options: Options): Effect.Effect<RelayEnd> =>
  options.forwarded.request.stream ? relayStream(options) : relayWhole(options)

const relayWhole = Effect.fnUntraced(function* ({ beforeEnd, forwarded, journal, sink }: Options) {
  const { answer, request } = forwarded
  const accumulator = Accumulator.make(request.kind)
  answer.held.forEach(accumulator.push)
  answer.release()
  yield* forwarded.conclude(RelayEnd.Completed())
  const body = accumulator.result(answer.repair.usage())
  const text = JSON.stringify(body ?? {})
  journal.answer = body
  journal.answerText = text
  journal.usage = answer.repair.usage()
  journal.status = 200
  const readBy = Duration.millis(answer.deadline - (yield* Clock.currentTimeMillis))
  const patience = Alarm.make()
  let gone: RelayEnd | undefined
  patience.set(readBy, sink.abandon)
  const onCut = () => {
    gone = RelayEnd.CutByDrain()
    patience.set(ResponseSink.lastRead, sink.abandon)
  }
  sink.listen({ onDrained: () => {}, onLeft: () => {}, onCut })
  yield* beforeEnd(RelayEnd.Completed())
  return yield* Effect.async<RelayEnd>((resume) => {
    ResponseSink.sendJson(sink, 200, answer.headers, text, (delivered) => {
      patience.clear()
      resume(Effect.succeed(ResponseSink.whenEnded(RelayEnd.Completed(), delivered, gone)))
    })
  })
})

const relayStream = Effect.fnUntraced(function* (options: Options) {
  const { beforeEnd, journal, keep, keepalive, sink } = options
  const { answer: first, request } = options.forwarded
  let forwarded = options.forwarded
  journal.status = 200
  journal.firstTokenAt = yield* Clock.currentTimeMillis
  const delivery = Delivery.begin({ kind: request.kind, sink, headers: first.headers, keepalive, keep })

  let latest = yield* runLeg(forwarded, delivery, undefined, journal)
  let end = latest
  let spent = first.repair.usage()
  while (latest !== differs) {
    const sent = Rescue.isBroken(latest) ? delivery.sent() : undefined
    const going = sent === undefined ? undefined : Rescue.plan(request, first.target.backend, sent)
    if (sent === undefined || going === undefined) break
    const next: Forwarded | RelayEnd | undefined = yield* delivery.unlessGone(forwarded.rescue(latest, going))
    if (next === undefined) break
    if ("_tag" in next) {
      end = next
      break
    }
    forwarded = next
    const alignment = Alignment.make(sent, Rescue.matcher(going), spent)
    latest = yield* runLeg(forwarded, delivery, alignment, journal)
    const used = forwarded.answer.repair.usage()
    if (used !== undefined) spent = Usage.add(spent, used)
    // Who has delivered nothing has nothing to say: the caller learns why the answer before broke off.
    if (latest !== differs && (alignment.through() || isCallers(latest))) end = latest
  }
  journal.answer = delivery.kept(spent)
  journal.usage = spent
  yield* beforeEnd(end)
  return yield* delivery.finish(end, Duration.millis(forwarded.answer.deadline - (yield* Clock.currentTimeMillis)))
})

const isCallers = ({ _tag }: RelayEnd): boolean => _tag === "CallerLeft" || _tag === "CutByDrain"

// The end of a second answer that is not the first one's.
const differs: RelayEnd = RelayEnd.UpstreamBroke({ reason: "the answer differs from what was sent" })

// One backend's part of the answer, from its first chunk to the end of its call.
const runLeg = Effect.fnUntraced(function* (
  { answer, conclude }: Forwarded,
  delivery: Delivery.Delivery,
  alignment: Alignment.Alignment | undefined,
  journal: Journal.Journal
) {
  const end = yield* leg(answer, delivery, alignment)
  if (end._tag === "Completed") answer.release()
  else answer.abort()
  if (end._tag !== "Completed" && !isCallers(end)) Journal.noteEnd(journal, end === differs ? "Differs" : end._tag)
  // That an answer was given up because it differs tells nothing of its backend.
  yield* conclude(end === differs ? RelayEnd.CallerLeft() : end)
  return end
})

const leg = (
  answer: Answer,
  delivery: Delivery.Delivery,
  alignment: Alignment.Alignment | undefined
): Effect.Effect<RelayEnd> =>
  Effect.flatMap(Clock.currentTimeMillis, (now) =>
    Effect.async<RelayEnd>((resume) => {
      const { idle, total } = answer.target.backend.timeouts
      const silence = Alarm.make()
      const deadline = Alarm.make()
      let ended = false

      const settle = (end: RelayEnd): void => {
        if (ended) return
        ended = true
        silence.clear()
        deadline.clear()
        resume(Effect.succeed(end))
      }

      const pass = (chunks: ReadonlyArray<JsonObject.JsonObject>): void => {
        if (ended) return
        const fresh = alignment === undefined ? chunks : alignAll(alignment, chunks)
        if (fresh === undefined) return settle(differs)
        if (!delivery.send(fresh)) waitForCaller()
      }

      // While the caller is slow, the backend's silence is our doing.
      const waitForCaller = (): void => {
        silence.clear()
        answer.rest.pause()
      }

      const finish = (end: StreamEnd): void => {
        const tooShort = end._tag === "Finished" && alignment?.through() === false
        settle(tooShort ? differs : relayEnd(end, answer.scrub))
      }

      const watchSilence = () => silence.set(idle, () => settle(RelayEnd.UpstreamStalled({ after: idle })))

      deadline.set(Duration.millis(answer.deadline - now), () => settle(RelayEnd.UpstreamStalled({ after: total })))
      watchSilence()
      delivery.watch({
        onDrained: () => {
          if (ended) return
          watchSilence()
          answer.rest.resume()
        },
        onGone: settle,
        isFinished: answer.repair.finished
      })
      pass(answer.held)
      if (answer.ended !== undefined) return finish(answer.ended)
      if (ended) return
      answer.rest.listen({
        onChunks: (chunks) => {
          silence.refresh()
          pass(chunks)
        },
        onRepeated: (said) => {
          silence.refresh()
          if (alignment !== undefined) return pass([said.chunk()])
          if (!ended && !delivery.repeat(said)) waitForCaller()
        },
        onEnd: finish
      })
    })
  )

// The chunks that are new to the caller; undefined when one does not fit.
const alignAll = (
  alignment: Alignment.Alignment,
  chunks: ReadonlyArray<JsonObject.JsonObject>
): ReadonlyArray<JsonObject.JsonObject> | undefined => {
  const fresh: Array<JsonObject.JsonObject> = []
  for (const chunk of chunks) {
    const aligned = alignment.push(chunk)
    if (aligned === undefined) return undefined
    fresh.push(...aligned)
  }
  return fresh
}

const relayEnd = (end: StreamEnd, scrub: Answer["scrub"]): RelayEnd => {
  switch (end._tag) {
    case "Finished":
      return RelayEnd.Completed()
    case "Errored":
      return RelayEnd.UpstreamErrored({ status: end.status, error: scrub(end.error) })
    case "Truncated":
      return RelayEnd.UpstreamBroke({ reason: end.reason })
  }
}
