import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import { UpstreamStalled } from "../domain/failure/AnswerFailure.js"
import { RelayEnd } from "../domain/failure/Outcome.js"
import { encoder } from "../domain/protocol/OpenAiAnswer.js"
import * as Journal from "../domain/record/Journal.js"
import * as SourceRun from "../flow/SourceRun.js"
import type { Held, MediaAnswer, Passed } from "../upstream/attempt/BytesReader.js"
import type { Forwarded } from "../upstream/forward/Forwarded.js"
import * as Departure from "./Departure.js"
import type { Options } from "./Relay.js"
import * as ResponseSink from "./ResponseSink.js"

/**
 * Moves an answer with sound or images to the caller, to its true end. To be run where nothing can interrupt it but the
 * moving of what comes: whoever interrupts that has left, or cuts it.
 */
export const relay = (
  options: Options,
  forwarded: Forwarded<MediaAnswer>,
  sink: ResponseSink.ResponseSink
): Effect.Effect<RelayEnd> => {
  const { answer } = forwarded
  const { content } = answer
  return content._tag === "Held"
    ? relayHeld(options, { ...forwarded, answer: { ...answer, content } }, sink)
    : relayPassed(options, { ...forwarded, answer: { ...answer, content } }, sink)
}

/** An answer for which no other can stand in. */
type Only<A> = Omit<Forwarded<A>, "rescue">

const relayHeld = Effect.fnUntraced(function* (
  { beforeEnd, clock, journal }: Options,
  { answer: { content, deadline, headers }, conclude }: Only<Held>,
  sink: ResponseSink.ResponseSink
) {
  const completed = RelayEnd.Completed()
  yield* conclude(completed)
  journal.answer = content.kept
  journal.usage = content.usage
  journal.status = 200
  if (beforeEnd !== undefined) yield* beforeEnd(completed)
  return yield* ResponseSink.finish(sink, completed, deadline - clock.now(), (onEnded) => {
    const length = String(Buffer.byteLength(content.text))
    sink.start(200, { ...headers, "content-type": content.type, "content-length": length })
    sink.end(content.text, onEnded)
  })
})

const relayPassed = Effect.fnUntraced(function* (
  { beforeEnd, clock, journal }: Options,
  { answer: { content, deadline, headers, target }, conclude }: Only<Passed>,
  sink: ResponseSink.ResponseSink
) {
  const left = () => deadline - clock.now()

  // A caller that does not read may take as long as the whole answer may.
  const waitForCaller = Effect.suspend(() =>
    Effect.timeoutFail(sink.drained, {
      duration: left(),
      onTimeout: () => new UpstreamStalled({ after: target.backend.timeouts.total })
    })
  )

  journal.status = 200
  journal.firstTokenAt = clock.now()
  sink.start(200, { ...headers, ...(content.isEvents ? encoder.headers : {}), "content-type": content.type })
  const run = SourceRun.runForEach(content.pieces, (pieces) => {
    let isTaken = true
    for (const piece of pieces) isTaken = sink.writeBytes(piece)
    return isTaken ? undefined : waitForCaller
  })
  const end = Departure.ofRun(yield* Effect.exit(Effect.interruptible(run)))
  if (Either.isLeft(end)) return yield* Effect.failCause(end.left)
  if (end.right instanceof Error) Journal.noteEnd(journal, end.right._tag)
  yield* conclude(end.right)
  const { kept, usage } = content.noted()
  journal.usage = usage
  journal.answer = kept
  if (beforeEnd !== undefined) yield* beforeEnd(end.right)
  return yield* ResponseSink.finish(sink, end.right, left(), (onEnded) => {
    if (end.right._tag === "Completed") sink.end("", onEnded)
    // Sound that breaks off cannot say so, but that its body has no end.
    else sink.endShort(content.isEvents ? encoder.end(end.right) : "", onEnded)
  })
})
