import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Accumulator from "../domain/Accumulator.js"
import type { Kind } from "../domain/ChatRequest.js"
import type * as JsonObject from "../domain/JsonObject.js"
import { RelayEnd } from "../domain/Outcome.js"
import type { Repetition } from "../domain/RepeatedEvent.js"
import * as SentAnswer from "../domain/SentAnswer.js"
import * as SseEvents from "../domain/SseEvents.js"
import * as WireError from "../domain/WireError.js"
import * as Alarm from "./Alarm.js"
import * as ResponseSink from "./ResponseSink.js"

/** The caller's side of a stream, whichever backend's answers it is made of. */
export interface Delivery {
  /** Sends chunks; false asks to wait for {@link Watcher.onDrained}. */
  readonly send: (chunks: ReadonlyArray<JsonObject.JsonObject>) => boolean
  /** The same for what only repeats the chunk that was sent last with another text. */
  readonly repeat: (said: Repetition) => boolean
  /** Tells of the caller from now on; a departure that has already happened is told at once. */
  readonly watch: (watcher: Watcher) => void
  /** What the caller has been sent, if another answer could go on with it. */
  readonly sent: () => SentAnswer.SentAnswer | undefined
  /** The effect's result, unless the caller goes first: then how. */
  readonly unlessGone: <A>(effect: Effect.Effect<A>) => Effect.Effect<A | RelayEnd>
  /** Sends the last piece and waits, at most until `readBy` (ms), for the caller to take everything. */
  readonly finish: (end: RelayEnd, readBy: Duration.Duration) => Effect.Effect<RelayEnd>
  /** What is kept of the answer for the record. */
  readonly kept: (usage: JsonObject.JsonObject | undefined) => JsonObject.JsonObject | undefined
}

/** Hears of the caller. */
export interface Watcher {
  readonly onDrained: () => void
  /** The caller left, or is cut off by the drain; told once. */
  readonly onGone: (end: RelayEnd) => void
  /** Whether the answer has finished, so that only the end of the stream may follow. */
  readonly isFinished: () => boolean
}

/** What a delivery is made with. */
export interface Options {
  readonly kind: Kind
  readonly sink: ResponseSink.ResponseSink
  /** The backend's headers that the caller may see. */
  readonly headers: Readonly<Record<string, string>>
  /** After how long a silence the caller gets a sign of life, if at all. */
  readonly keepalive: Option.Option<Duration.Duration>
  /** So much of the answer is kept, in characters. */
  readonly keep: number
}

const streamHeaders = {
  "content-type": "text/event-stream; charset=utf-8",
  "cache-control": "no-cache",
  "x-accel-buffering": "no"
}

const nobody: Watcher = { onDrained: () => {}, onGone: () => {}, isFinished: () => false }

/** Sends the head of a stream: from now on nothing can be taken back. */
export const begin = ({ headers, keep, keepalive, kind, sink }: Options): Delivery => {
  const accumulator = Accumulator.make(kind, keep)
  const beat = Alarm.make()
  const patience = Alarm.make()
  let watcher = nobody
  let gone: RelayEnd | undefined
  let finishing = false

  const leave = (end: RelayEnd) => {
    if (gone !== undefined) return
    gone = end
    watcher.onGone(end)
  }

  // Between events only, and never after the finish: strict clients break on anything else.
  const keepAlive = (after: Duration.Duration): void =>
    beat.set(after, () => {
      if (!watcher.isFinished()) sink.write(SseEvents.keepalive)
      keepAlive(after)
    })

  sink.listen({
    onDrained: () => {
      if (!finishing) watcher.onDrained()
    },
    onLeft: () => leave(RelayEnd.CallerLeft()),
    onCut: () => {
      if (finishing) patience.set(ResponseSink.lastRead, sink.abandon)
      leave(RelayEnd.CutByDrain())
    }
  })
  sink.start(200, Object.assign({}, headers, streamHeaders))
  if (Option.isSome(keepalive)) keepAlive(keepalive.value)

  return {
    send: (chunks) => {
      if (chunks.length === 0) return true
      chunks.forEach(accumulator.push)
      beat.refresh()
      return sink.write(chunks.map(SseEvents.frame).join(""))
    },
    repeat: (said) => {
      accumulator.repeat(said)
      beat.refresh()
      return sink.write(said.wire)
    },
    watch: (next) => {
      watcher = next
      if (gone !== undefined) next.onGone(gone)
    },
    sent: () => (accumulator.truncated() ? undefined : SentAnswer.read(accumulator.result(undefined) ?? {})),
    unlessGone: (effect) => {
      const departure = Effect.async<RelayEnd>((resume) => {
        const onGone = (end: RelayEnd) => resume(Effect.succeed(end))
        watcher = { ...nobody, onGone }
        if (gone !== undefined) onGone(gone)
      })
      // The exchange is past interruption; only what is asked for on its behalf can still be given up.
      return Effect.raceFirst(Effect.interruptible(effect), Effect.interruptible(departure))
    },
    finish: (end, readBy) =>
      Effect.async((resume) => {
        finishing = true
        watcher = nobody
        beat.clear()
        patience.set(end._tag === "Completed" ? readBy : ResponseSink.lastRead, sink.abandon)
        const last = end._tag === "Completed" ? SseEvents.done : (WireError.frame(end) ?? "")
        sink.end(last, (delivered) => {
          patience.clear()
          resume(Effect.succeed(ResponseSink.whenEnded(end, delivered, gone)))
        })
      }),
    kept: accumulator.result
  }
}
