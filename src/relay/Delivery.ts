import * as Duration from "effect/Duration"
import type * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Accumulator from "../domain/chat/answer/Accumulator.js"
import type { AnswerChunk } from "../domain/chat/answer/AnswerChunk.js"
import type { Kind } from "../domain/chat/ChatRequest.js"
import type * as JsonObject from "../domain/json/JsonObject.js"
import type { RelayEnd } from "../domain/failure/Outcome.js"
import * as SentAnswer from "../domain/wire/SentAnswer.js"
import * as SseEvents from "../domain/wire/SseEvents.js"
import * as WireError from "../domain/failure/WireError.js"
import * as Alarm from "../flow/Alarm.js"
import type { ByteLease } from "../admission/ByteBudget.js"
import * as ResponseSink from "./ResponseSink.js"

/** The caller's side of a stream, whichever backend's answers it is made of. */
export interface Delivery {
  /** Sends chunks; false asks to wait for the sink to drain. */
  send(chunks: ReadonlyArray<AnswerChunk>): boolean
  /** What the caller has been sent, if another answer could go on with it. */
  sent(): SentAnswer.SentAnswer | undefined
  /** Sends the last piece and waits, at most so long (ms), for the caller to take everything. */
  finish(end: RelayEnd, readWithin: number): Effect.Effect<RelayEnd>
  /** What is kept of the answer for the record. */
  kept(usage: JsonObject.JsonObject | undefined): JsonObject.JsonObject | undefined
}

/** What a delivery is made with. */
export interface Options {
  readonly kind: Kind
  readonly sink: ResponseSink.ResponseSink
  /** The backend's headers that the caller may see. */
  readonly headers: Readonly<Record<string, string>>
  /** After how long a silence the caller gets a sign of life, if at all. */
  readonly keepalive: Option.Option<Duration.Duration>
  /** Whether the answer has finished, so that only the end of the stream may follow. */
  readonly isFinished: () => boolean
  /** So much of the answer is kept, in characters. */
  readonly keep: number
  /** What the exchange holds in memory, what is kept included: where there is no room, no more is kept. */
  readonly bytes: ByteLease
}

/** So much of what is kept is counted at a time, in characters; the first of it is not worth it. */
const step = 16 * 1024

const streamHeaders = {
  "content-type": "text/event-stream; charset=utf-8",
  "cache-control": "no-cache",
  "x-accel-buffering": "no"
}

/** Sends the head of a stream: from now on nothing can be taken back. */
export const begin = (options: Options): Delivery => {
  const { bytes, headers, keep, kind, sink } = options
  const accumulator = Accumulator.make(kind, keep)
  const beat = keepAlive(options)
  let counted = step

  const count = () => {
    const more = accumulator.size() - counted
    if (more <= 0) return
    const counts = Math.max(step, more)
    if (bytes.take(counts)) counted += counts
    else {
      accumulator.close()
      counted = Infinity
    }
  }

  sink.start(200, Object.assign({}, headers, streamHeaders))
  return {
    send: (chunks) => {
      let text = ""
      for (const chunk of chunks) {
        accumulator.push(chunk)
        text += chunk.wire()
      }
      // What was read from the backend may be no more than a sign of life.
      if (text === "") return true
      count()
      beat?.refresh()
      return sink.write(text)
    },
    sent: () => (accumulator.truncated() ? undefined : SentAnswer.read(accumulator.result(undefined) ?? {})),
    finish: (end, readWithin) =>
      ResponseSink.finish(sink, end, readWithin, (onEnded) => {
        beat?.clear()
        sink.end(end._tag === "Completed" ? SseEvents.done : (WireError.frame(end) ?? ""), onEnded)
      }),
    kept: (usage) => accumulator.result(usage)
  }
}

// Between events only, and never after the finish: strict clients break on anything else.
const keepAlive = ({ isFinished, keepalive, sink }: Options): Alarm.Alarm | undefined => {
  if (Option.isNone(keepalive)) return undefined
  const beat = Alarm.make()
  const again = () =>
    beat.set(Duration.toMillis(keepalive.value), () => {
      if (!isFinished()) sink.write(SseEvents.keepalive)
      again()
    })
  again()
  return beat
}
