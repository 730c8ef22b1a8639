import * as Accumulator from "../domain/chat/answer/Accumulator.js"
import type { AnswerChunk } from "../domain/chat/answer/AnswerChunk.js"
import type * as JsonObject from "../domain/json/JsonObject.js"
import type { Conversation } from "../domain/operation/Operation.js"
import * as SentAnswer from "../domain/wire/SentAnswer.js"
import * as Source from "../flow/Source.js"
import type { ByteLease } from "../admission/ByteBudget.js"

/** What a caller has been sent of a streamed answer. */
export interface Transcript {
  /** The same answer, taken down as it passes. */
  of<E>(answer: Source.SourceStream<AnswerChunk, E>): Source.SourceStream<AnswerChunk, E>
  /** It as what another answer could go on with; undefined where none could. */
  sent(): SentAnswer.SentAnswer | undefined
  /** What is kept of it for the record. */
  kept(usage: JsonObject.JsonObject | undefined): JsonObject.JsonObject | undefined
}

/** So much of what is kept is counted at a time, in characters; the first of it is not worth it. */
const step = 16 * 1024

/** A transcript of at most so many characters, which are counted in what the exchange holds: where there is no room, it ends. */
export const make = (operation: Conversation, most: number, bytes: ByteLease): Transcript =>
  new Taken(Accumulator.make(operation, most), bytes)

class Taken implements Transcript {
  private counted = step

  constructor(
    private readonly accumulator: Accumulator.Accumulator,
    private readonly bytes: ByteLease
  ) {}

  of<E>(answer: Source.SourceStream<AnswerChunk, E>): Source.SourceStream<AnswerChunk, E> {
    return Source.mapChunks(answer, (chunks) => this.takeDown(chunks))
  }

  sent(): SentAnswer.SentAnswer | undefined {
    const { accumulator } = this
    return accumulator.truncated() ? undefined : SentAnswer.read(accumulator.result(undefined) ?? {})
  }

  kept(usage: JsonObject.JsonObject | undefined): JsonObject.JsonObject | undefined {
    return this.accumulator.result(usage)
  }

  private takeDown(chunks: ReadonlyArray<AnswerChunk>): ReadonlyArray<AnswerChunk> {
    for (const chunk of chunks) this.accumulator.push(chunk)
    const more = this.accumulator.size() - this.counted
    if (more > 0) this.count(Math.max(step, more))
    return chunks
  }

  private count(more: number): void {
    if (this.bytes.take(more)) this.counted += more
    else {
      this.accumulator.close()
      this.counted = Infinity
    }
  }
}
