import * as Duration from "effect/Duration"
import type * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { AnswerChunk } from "../domain/chat/answer/AnswerChunk.js"
import type { RelayEnd } from "../domain/failure/Outcome.js"
import type { WireError } from "../domain/failure/WireError.js"
import type { Encoder } from "../domain/protocol/ClientProtocol.js"
import * as Alarm from "../flow/Alarm.js"
import * as Source from "../flow/Source.js"
import * as ResponseSink from "./ResponseSink.js"

/** How a streamed answer goes to its caller, in frames of one kind. */
export interface Delivery<Frame> {
  /** The answer as it goes out. */
  encode<E>(answer: Source.SourceStream<AnswerChunk, E>): Source.SourceStream<Frame, E>
  /** Sends the head, with these headers of the backend's: from now on nothing can be taken back. */
  begin(headers: Readonly<Record<string, string>>): void
  /** Sends frames; false asks to wait for {@link Delivery.drained}. */
  send(frames: ReadonlyArray<Frame>): boolean
  /** Waits until the caller has taken what was sent. */
  readonly drained: Effect.Effect<void>
  /** Sends nothing more of its own accord: the answer ended by a defect. */
  abandon(): void
  /** Sends what comes last and waits, at most so long (ms), for the caller to take everything. */
  finish(end: RelayEnd, readWithin: number): Effect.Effect<RelayEnd>
}

/** A delivery that may begin before there is an answer: proxies give up on a caller's behalf where nothing comes for a minute. */
export interface Expecting extends Delivery<string> {
  /** The request is being answered: from now on a silence is broken by a sign of life, with the head before it. */
  expect(): void
  /**
   * Is over where there is no answer: how to end what has begun, with the error if there is one; undefined where nothing
   * has, or an answer.
   */
  endEarly(error: WireError | undefined): ((onEnded: (delivered: boolean) => void) => void) | undefined
}

/** Into a sink, as the caller's protocol writes it; after a silence of `keepalive` the caller gets a sign of life. */
export const written = (
  encoder: Encoder,
  sink: ResponseSink.ResponseSink,
  keepalive: Option.Option<Duration.Duration>
): Expecting => new Written(encoder, sink, Option.map(keepalive, Duration.toMillis))

class Written implements Expecting {
  private hasBegun = false
  private hasAnswer = false
  readonly drained: Effect.Effect<void>
  private readonly beat: Alarm.Alarm | undefined

  constructor(
    private readonly encoder: Encoder,
    private readonly sink: ResponseSink.ResponseSink,
    private readonly keepalive: Option.Option<number>
  ) {
    this.drained = sink.drained
    this.beat = Option.isSome(keepalive) ? Alarm.make() : undefined
  }

  encode<E>(answer: Source.SourceStream<AnswerChunk, E>): Source.SourceStream<string, E> {
    return Source.mapChunks(answer, (chunks) => this.frames(chunks))
  }

  expect(): void {
    if (Option.isSome(this.keepalive)) this.beatAgain(this.keepalive.value)
  }

  begin(headers: Readonly<Record<string, string>>): void {
    this.start(headers)
    this.hasAnswer = true
    if (Option.isSome(this.keepalive)) this.beatAgain(this.keepalive.value)
  }

  endEarly(error: WireError | undefined): ((onEnded: (delivered: boolean) => void) => void) | undefined {
    this.beat?.clear()
    if (!this.hasBegun || this.hasAnswer) return undefined
    const last = error === undefined ? "" : this.encoder.failed(error)
    return (onEnded) => this.sink.endShort(last, onEnded)
  }

  send([text = ""]: ReadonlyArray<string>): boolean {
    this.beat?.refresh()
    return this.sink.write(text)
  }

  abandon(): void {
    this.beat?.clear()
  }

  finish(end: RelayEnd, readWithin: number): Effect.Effect<RelayEnd> {
    return ResponseSink.finish(this.sink, end, readWithin, (onEnded) => {
      this.beat?.clear()
      const last = this.encoder.end(end)
      if (end._tag === "Completed") this.sink.end(last, onEnded)
      else this.sink.endShort(last, onEnded)
    })
  }

  private frames(chunks: ReadonlyArray<AnswerChunk>): ReadonlyArray<string> {
    let text = ""
    for (const chunk of chunks) text += this.encoder.chunk(chunk)
    // What was read from the backend may be no more than a sign of life.
    return text === "" ? [] : [text]
  }

  // What came of it before there was an answer has no headers of a backend's.
  private start(headers: Readonly<Record<string, string>>): void {
    if (this.hasBegun) return
    this.hasBegun = true
    this.sink.start(200, Object.assign({}, headers, this.encoder.headers))
  }

  // Between events only, and never after the finish: strict clients break on anything else.
  private beatAgain(after: number): void {
    this.beat?.set(after, () => {
      this.start({})
      this.sink.write(this.encoder.keepalive)
      this.beatAgain(after)
    })
  }
}
