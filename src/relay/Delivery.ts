import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Accumulator from "../domain/chat/answer/Accumulator.js"
import type { Kind } from "../domain/chat/ChatRequest.js"
import type * as JsonObject from "../domain/json/JsonObject.js"
import { RelayEnd } from "../domain/failure/Outcome.js"
import type { Repetition } from "../domain/wire/RepeatedEvent.js"
import * as SentAnswer from "../domain/wire/SentAnswer.js"
import * as SseEvents from "../domain/wire/SseEvents.js"
import * as WireError from "../domain/failure/WireError.js"
import * as Alarm from "../flow/Alarm.js"
import type { ByteLease } from "../admission/ByteBudget.js"
import * as ResponseSink from "./ResponseSink.js"

/** The caller's side of a stream, whichever backend's answers it is made of. */
export interface Delivery {
  /** Sends chunks; false asks to wait for {@link Watcher.onDrained}. */
  send(chunks: ReadonlyArray<JsonObject.JsonObject>): boolean
  /** The same for what only repeats the chunk that was sent last with another text. */
  repeat(said: Repetition): boolean
  /** Tells of the caller from now on; a departure that has already happened is told at once. */
  watch(watcher: Watcher): void
  /** What the caller has been sent, if another answer could go on with it. */
  sent(): SentAnswer.SentAnswer | undefined
  /** The effect's result, unless the caller goes first: then how. */
  unlessGone<A>(effect: Effect.Effect<A>): Effect.Effect<A | RelayEnd>
  /** Sends the last piece and waits, at most so long (ms), for the caller to take everything. */
  finish(end: RelayEnd, readWithin: number): Effect.Effect<RelayEnd>
  /** What is kept of the answer for the record. */
  kept(usage: JsonObject.JsonObject | undefined): JsonObject.JsonObject | undefined
}

/** Hears of the caller. */
export interface Watcher {
  onDrained(): void
  /** The caller left, or is cut off by the drain; told once. */
  onGone(end: RelayEnd): void
  /** Whether the answer has finished, so that only the end of the stream may follow. */
  isFinished(): boolean
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

const nobody: Watcher = { onDrained: () => {}, onGone: () => {}, isFinished: () => false }

/** Sends the head of a stream: from now on nothing can be taken back. */
export const begin = (options: Options): Delivery => {
  const delivery = new StreamDelivery(options)
  delivery.begin()
  return delivery
}

class StreamDelivery implements Delivery, ResponseSink.SinkListener {
  private readonly sink: ResponseSink.ResponseSink
  private readonly accumulator: Accumulator.Accumulator
  private readonly beat: Alarm.Alarm | undefined
  private readonly patience = Alarm.make()
  private watcher = nobody
  private gone: RelayEnd | undefined = undefined
  private counted = step
  private finishing = false

  constructor(private readonly options: Options) {
    this.sink = options.sink
    this.accumulator = Accumulator.make(options.kind, options.keep)
    this.beat = Option.isSome(options.keepalive) ? Alarm.make() : undefined
  }

  begin(): void {
    this.sink.listen(this)
    this.sink.start(200, Object.assign({}, this.options.headers, streamHeaders))
    this.keepAlive()
  }

  send(chunks: ReadonlyArray<JsonObject.JsonObject>): boolean {
    if (chunks.length === 0) return true
    let text = ""
    for (const chunk of chunks) {
      this.accumulator.push(chunk)
      text += SseEvents.frame(chunk)
    }
    this.count()
    this.beat?.refresh()
    return this.sink.write(text)
  }

  repeat(said: Repetition): boolean {
    this.accumulator.repeat(said)
    this.count()
    this.beat?.refresh()
    return this.sink.write(said.wire)
  }

  watch(watcher: Watcher): void {
    this.watcher = watcher
    if (this.gone !== undefined) watcher.onGone(this.gone)
  }

  sent(): SentAnswer.SentAnswer | undefined {
    return this.accumulator.truncated() ? undefined : SentAnswer.read(this.accumulator.result(undefined) ?? {})
  }

  unlessGone<A>(effect: Effect.Effect<A>): Effect.Effect<A | RelayEnd> {
    const departure = Effect.async<RelayEnd>((resume) =>
      this.watch({ ...nobody, onGone: (end) => resume(Effect.succeed(end)) })
    )
    // The exchange is past interruption; only what is asked for on its behalf can still be given up.
    return Effect.raceFirst(Effect.interruptible(effect), Effect.interruptible(departure))
  }

  finish(end: RelayEnd, readWithin: number): Effect.Effect<RelayEnd> {
    return Effect.async((resume) => {
      this.finishing = true
      this.watcher = nobody
      this.beat?.clear()
      this.giveUpIn(end._tag === "Completed" ? readWithin : ResponseSink.lastRead)
      const last = end._tag === "Completed" ? SseEvents.done : (WireError.frame(end) ?? "")
      this.sink.end(last, (delivered) => {
        this.patience.clear()
        resume(Effect.succeed(ResponseSink.whenEnded(end, delivered, this.gone)))
      })
    })
  }

  kept(usage: JsonObject.JsonObject | undefined): JsonObject.JsonObject | undefined {
    return this.accumulator.result(usage)
  }

  onDrained(): void {
    if (!this.finishing) this.watcher.onDrained()
  }

  onLeft(): void {
    this.leave(RelayEnd.CallerLeft())
  }

  onCut(): void {
    if (this.finishing) this.giveUpIn(ResponseSink.lastRead)
    this.leave(RelayEnd.CutByDrain())
  }

  private count(): void {
    const more = this.accumulator.size() - this.counted
    if (more <= 0) return
    const bytes = Math.max(step, more)
    if (this.options.bytes.take(bytes)) this.counted += bytes
    else {
      this.accumulator.close()
      this.counted = Infinity
    }
  }

  private leave(end: RelayEnd): void {
    if (this.gone !== undefined) return
    this.gone = end
    this.watcher.onGone(end)
  }

  private giveUpIn(millis: number): void {
    this.patience.set(millis, () => this.sink.abandon())
  }

  // Between events only, and never after the finish: strict clients break on anything else.
  private keepAlive(): void {
    const { keepalive } = this.options
    if (Option.isNone(keepalive)) return
    this.beat?.set(Duration.toMillis(keepalive.value), () => {
      if (!this.watcher.isFinished()) this.sink.write(SseEvents.keepalive)
      this.keepAlive()
    })
  }
}
