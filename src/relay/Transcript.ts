import * as Accumulator from "../domain/chat/answer/Accumulator.js"
import type { AnswerChunk } from "../domain/chat/answer/AnswerChunk.js"
import type * as JsonObject from "../domain/json/JsonObject.js"
import type { Operation } from "../domain/operation/Operation.js"
import * as SentAnswer from "../domain/wire/SentAnswer.js"
import * as Source from "../flow/Source.js"
import type { ByteLease } from "../admission/ByteBudget.js"

/** What a caller has been sent of a streamed answer. */
export interface Transcript {
  /** The same answer, taken down as it passes. */
  readonly of: <E>(answer: Source.SourceStream<AnswerChunk, E>) => Source.SourceStream<AnswerChunk, E>
  /** It as what another answer could go on with; undefined where none could. */
  readonly sent: () => SentAnswer.SentAnswer | undefined
  /** What is kept of it for the record. */
  readonly kept: (usage: JsonObject.JsonObject | undefined) => JsonObject.JsonObject | undefined
}

/** So much of what is kept is counted at a time, in characters; the first of it is not worth it. */
const step = 16 * 1024

/** A transcript of at most so many characters, which are counted in what the exchange holds: where there is no room, it ends. */
export const make = (operation: Operation, most: number, bytes: ByteLease): Transcript => {
  const accumulator = Accumulator.make(operation, most)
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

  const takeDown = (chunks: ReadonlyArray<AnswerChunk>): ReadonlyArray<AnswerChunk> => {
    for (const chunk of chunks) accumulator.push(chunk)
    count()
    return chunks
  }

  return {
    of: (answer) => Source.mapChunks(answer, takeDown),
    sent: () => (accumulator.truncated() ? undefined : SentAnswer.read(accumulator.result(undefined) ?? {})),
    kept: (usage) => accumulator.result(usage)
  }
}
