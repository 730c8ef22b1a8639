import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type { Alignment } from "../domain/rescue/Alignment.js"
import type { StreamEnd } from "../domain/chat/answer/ChatStream.js"
import type * as JsonObject from "../domain/json/JsonObject.js"
import { RelayEnd } from "../domain/failure/Outcome.js"
import type { Repetition } from "../domain/wire/RepeatedEvent.js"
import * as Alarm from "../flow/Alarm.js"
import type { ChunkListener } from "../upstream/attempt/AnswerChunks.js"
import type { Answer } from "../upstream/attempt/Attempt.js"
import type { Delivery, Watcher } from "./Delivery.js"
import type { SteadyClock } from "../flow/SteadyClock.js"

/** The end of a second answer that is not the first one's. */
export const differs: RelayEnd = RelayEnd.UpstreamBroke({ reason: "the answer differs from what was sent" })

/** What is moved, and where to. */
export interface Options {
  readonly answer: Answer
  readonly delivery: Delivery
  /** Lets through only what the caller does not have from the answer before. */
  readonly alignment: Alignment | undefined
  readonly clock: SteadyClock
}

/** Moves one backend's part of a stream to the caller. */
export const relay = (options: Options): Effect.Effect<RelayEnd> =>
  Effect.async((resume) => new Leg(options, resume).begin(options.clock.now()))

class Leg implements Watcher, ChunkListener {
  private readonly silence: Alarm.Alarm
  private readonly deadline = Alarm.make()
  private readonly answer: Answer
  private readonly delivery: Delivery
  private readonly alignment: Alignment | undefined
  private ended = false

  constructor(
    { alignment, answer, delivery }: Options,
    private readonly resume: (end: Effect.Effect<RelayEnd>) => void
  ) {
    this.answer = answer
    this.silence = answer.call.alarm
    this.delivery = delivery
    this.alignment = alignment
  }

  begin(now: number): void {
    const { answer } = this
    const { total } = answer.target.backend.timeouts
    this.deadline.set(answer.deadline - now, () => this.settle(RelayEnd.UpstreamStalled({ after: total })))
    this.watchSilence()
    this.delivery.watch(this)
    this.onChunks(answer.held)
    if (answer.ended !== undefined) this.onEnd(answer.ended)
    else if (!this.ended) answer.rest.listen(this)
  }

  onChunks(chunks: ReadonlyArray<JsonObject.JsonObject>): void {
    if (this.ended) return
    this.silence.refresh()
    const fresh = this.alignment === undefined ? chunks : alignAll(this.alignment, chunks)
    if (fresh === undefined) this.settle(differs)
    else if (!this.delivery.send(fresh)) this.waitForCaller()
  }

  onRepeated(said: Repetition): void {
    if (this.alignment !== undefined) return this.onChunks([said.chunk()])
    if (this.ended) return
    this.silence.refresh()
    if (!this.delivery.repeat(said)) this.waitForCaller()
  }

  onEnd(end: StreamEnd): void {
    const tooShort = end._tag === "Finished" && this.alignment?.through() === false
    this.settle(tooShort ? differs : relayEnd(this.answer.told(end)))
  }

  onDrained(): void {
    if (this.ended) return
    this.watchSilence()
    this.answer.rest.resume()
  }

  onGone(end: RelayEnd): void {
    this.settle(end)
  }

  isFinished(): boolean {
    return this.answer.repair.finished()
  }

  // While the caller is slow, the backend's silence is our doing.
  private waitForCaller(): void {
    this.silence.clear()
    this.answer.rest.pause()
  }

  private watchSilence(): void {
    const { idle } = this.answer.target.backend.timeouts
    this.silence.set(Duration.toMillis(idle), () => this.settle(RelayEnd.UpstreamStalled({ after: idle })))
  }

  private settle(end: RelayEnd): void {
    if (this.ended) return
    this.ended = true
    this.silence.clear()
    this.deadline.clear()
    this.resume(Effect.succeed(end))
  }
}

// The chunks that are new to the caller; undefined when one does not fit.
const alignAll = (
  alignment: Alignment,
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

const relayEnd = (end: StreamEnd): RelayEnd => {
  switch (end._tag) {
    case "Finished":
      return RelayEnd.Completed()
    case "Errored":
      return RelayEnd.UpstreamErrored({ status: end.status, error: end.error })
    case "Truncated":
      return RelayEnd.UpstreamBroke({ reason: end.reason })
  }
}
