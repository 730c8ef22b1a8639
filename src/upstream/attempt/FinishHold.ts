import type * as Effect from "effect/Effect"
import type { AnswerChunk } from "../../domain/chat/answer/AnswerChunk.js"
import * as Alarm from "../../flow/Alarm.js"
import * as Source from "../../flow/Source.js"
import type { BodyFailure } from "../UpstreamHead.js"
import type * as ChunkStage from "./ChunkStage.js"

/** So long the finish of a choice is held back for what may still come before it, in ms. */
const patience = 250

/**
 * The chunks that a stage makes of a body. Clients take a finish for the last of its choice, so what comes late goes out
 * before it; but they are not kept waiting by a backend that has nothing more to say and does not say so.
 */
export const of = (
  body: Source.Source<Uint8Array, BodyFailure>,
  stage: ChunkStage.ChunkStage
): Source.Source<AnswerChunk, ChunkStage.Failure> => new FinishHold(Source.staged(body, stage), stage)

// A class, as the sources are that live as long as a stream.
class FinishHold implements Source.Source<AnswerChunk, ChunkStage.Failure> {
  private alarm: Alarm.Alarm | undefined = undefined
  private isDue = false
  private wake = () => {}

  constructor(
    private readonly chunks: Source.Source<AnswerChunk, ChunkStage.Failure>,
    private readonly stage: ChunkStage.ChunkStage
  ) {}

  poll(): Source.Step<AnswerChunk, ChunkStage.Failure> | undefined {
    const step = this.chunks.poll()
    if (this.alarm === undefined) return step
    if (step?.end !== undefined) {
      this.alarm.clear()
      return step
    }
    return this.isDue ? this.release(step) : step
  }

  wait(wake: () => void): Effect.Effect<void> | undefined {
    this.wake = wake
    if (this.alarm === undefined && this.stage.holdsFinish()) this.hold()
    return this.chunks.wait(wake)
  }

  private hold(): void {
    this.alarm = Alarm.make()
    this.alarm.set(patience, () => {
      this.isDue = true
      this.wake()
    })
  }

  private release(step: Source.More<AnswerChunk> | undefined): Source.More<AnswerChunk> | undefined {
    this.isDue = false
    this.alarm = undefined
    const released = this.stage.release()
    return released.length === 0 ? step : { values: [...(step?.values ?? []), ...released], end: undefined }
  }
}
