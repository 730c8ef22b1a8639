import * as Duration from "effect/Duration"
import type * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { AnswerChunk } from "../domain/chat/answer/AnswerChunk.js"
import type { RelayEnd } from "../domain/failure/Outcome.js"
import type { Encoder } from "../domain/protocol/ClientProtocol.js"
import * as Alarm from "../flow/Alarm.js"
import * as Source from "../flow/Source.js"
import * as ResponseSink from "./ResponseSink.js"

/** How a streamed answer goes to its caller, in frames of one kind. */
export interface Delivery<Frame> {
  /** The answer as it goes out. */
  readonly encode: <E>(answer: Source.SourceStream<AnswerChunk, E>) => Source.SourceStream<Frame, E>
  /** Sends the head, with these headers of the backend's: from now on nothing can be taken back. */
  readonly begin: (headers: Readonly<Record<string, string>>, isFinished: () => boolean) => void
  /** Sends frames; false asks to wait for {@link Delivery.drained}. */
  readonly send: (frames: ReadonlyArray<Frame>) => boolean
  /** Waits until the caller has taken what was sent. */
  readonly drained: Effect.Effect<void>
  /** Sends what comes last and waits, at most so long (ms), for the caller to take everything. */
  readonly finish: (end: RelayEnd, readWithin: number) => Effect.Effect<RelayEnd>
}

/** Into a sink, as the caller's protocol writes it; after a silence of `keepalive` the caller gets a sign of life. */
export const written = (
  encoder: Encoder,
  sink: ResponseSink.ResponseSink,
  keepalive: Option.Option<Duration.Duration>
): Delivery<string> => {
  const beat = Option.isSome(keepalive) ? Alarm.make() : undefined

  // Between events only, and never after the finish: strict clients break on anything else.
  const beatAgain = (after: Duration.Duration, isFinished: () => boolean): void =>
    beat?.set(Duration.toMillis(after), () => {
      if (!isFinished()) sink.write(encoder.keepalive)
      beatAgain(after, isFinished)
    })

  const frames = (chunks: ReadonlyArray<AnswerChunk>): ReadonlyArray<string> => {
    let text = ""
    for (const chunk of chunks) text += encoder.chunk(chunk)
    // What was read from the backend may be no more than a sign of life.
    return text === "" ? [] : [text]
  }

  return {
    encode: (answer) => Source.mapChunks(answer, frames),
    begin: (headers, isFinished) => {
      sink.start(200, Object.assign({}, headers, encoder.headers))
      if (Option.isSome(keepalive)) beatAgain(keepalive.value, isFinished)
    },
    send: ([text = ""]) => {
      beat?.refresh()
      return sink.write(text)
    },
    drained: sink.drained,
    finish: (end, readWithin) =>
      ResponseSink.finish(sink, end, readWithin, (onEnded) => {
        beat?.clear()
        sink.end(encoder.end(end), onEnded)
      })
  }
}
