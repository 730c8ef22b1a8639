import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import type { AnswerChunk } from "../domain/chat/answer/AnswerChunk.js"
import { UpstreamStalled } from "../domain/failure/AnswerFailure.js"
import type { AnswerFailure } from "../domain/failure/AnswerFailure.js"
import { RelayEnd } from "../domain/failure/Outcome.js"
import type { Encoder } from "../domain/protocol/ClientProtocol.js"
import * as Journal from "../domain/record/Journal.js"
import type { Snapshot } from "../config/ConfigRef.js"
import type { ByteLease } from "../admission/ByteBudget.js"
import type * as Source from "../flow/Source.js"
import * as SourceRun from "../flow/SourceRun.js"
import type { SteadyClock } from "../flow/SteadyClock.js"
import type { Streamed, Whole } from "../upstream/attempt/ChatReader.js"
import type { Forwarded } from "../upstream/forward/Forwarded.js"
import type * as Delivery from "./Delivery.js"
import * as Departure from "./Departure.js"
import * as Rescue from "./Rescue.js"
import * as ResponseSink from "./ResponseSink.js"
import * as Transcript from "./Transcript.js"

/** What is known of the exchange whose answer is relayed. */
export interface Options {
  /** Learns what the caller got. */
  readonly journal: Journal.Journal
  readonly clock: SteadyClock
  readonly snapshot: Snapshot
  /** What the exchange holds in memory, what is kept of the answer included. */
  readonly bytes: ByteLease
  /** What is to be done, if anything, before the caller can see that the answer has ended, in this way for all that is known. */
  readonly beforeEnd: ((end: RelayEnd) => Effect.Effect<void>) | undefined
}

/** Moves an answer that is not streamed to the caller, to its true end; to be run where nothing can interrupt it. */
export const relayWhole = Effect.fnUntraced(function* (
  { beforeEnd, clock, journal }: Options,
  { answer, conclude }: Forwarded<Whole>,
  encode: Encoder["whole"],
  sink: ResponseSink.ResponseSink
) {
  const { content, deadline, headers } = answer
  const completed = RelayEnd.Completed()
  yield* conclude(completed)
  Journal.noteSkipped(journal, content.skipped)
  journal.answer = content.kept ?? content.body
  journal.answerText = content.kept === undefined ? content.text : undefined
  journal.usage = content.usage
  journal.status = 200
  if (beforeEnd !== undefined) yield* beforeEnd(completed)
  return yield* ResponseSink.finish(sink, completed, deadline - clock.now(), (onEnded) =>
    ResponseSink.sendJson(sink, 200, headers, encode(content), onEnded)
  )
})

/**
 * Moves a streamed answer to the caller, to its true end: the run of a Stream into the delivery. To be run where nothing
 * can interrupt it but the moving itself: whoever interrupts that has left, or cuts it.
 */
export const relayStream: <Frame>(
  options: Options,
  forwarded: Forwarded<Streamed>,
  delivery: Delivery.Delivery<Frame>
) => Effect.Effect<RelayEnd> = Effect.fnUntraced(function* <Frame>(
  { beforeEnd, bytes, clock, journal, snapshot }: Options,
  forwarded: Forwarded<Streamed>,
  delivery: Delivery.Delivery<Frame>
) {
  const transcript = Transcript.make(forwarded.answer.content.operation, snapshot.config.log.maxBody, bytes)
  const rescued = Rescue.rescued({ forwarded, journal, sent: () => transcript.sent() })
  const answer: Source.SourceStream<AnswerChunk, AnswerFailure> = transcript.of(rescued.chunks)
  const left = () => rescued.current().answer.deadline - clock.now()

  // A caller that does not read may take as long as the whole answer may.
  const waitForCaller = Effect.suspend(() => {
    const { total } = rescued.current().answer.target.backend.timeouts
    return Effect.timeoutFail(delivery.drained, {
      duration: left(),
      onTimeout: () => new UpstreamStalled({ after: total })
    })
  })

  journal.status = 200
  journal.firstTokenAt = clock.now()
  delivery.begin(forwarded.answer.headers)
  const run = SourceRun.runForEach(delivery.encode(answer), (frames) =>
    delivery.send(frames) ? undefined : waitForCaller
  )
  const exit = yield* Effect.exit(Effect.interruptible(run))
  const end = Departure.ofRun(exit)
  if (Either.isLeft(end)) {
    delivery.abandon()
    return yield* Effect.failCause(end.left)
  }
  yield* rescued.conclude(end.right)
  journal.usage = rescued.usage()
  journal.answer = transcript.kept(journal.usage)
  if (beforeEnd !== undefined) yield* beforeEnd(end.right)
  return yield* delivery.finish(end.right, left())
})
