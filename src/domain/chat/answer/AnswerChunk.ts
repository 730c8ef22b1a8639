import type * as JsonObject from "../../json/JsonObject.js"
import * as SseEvents from "../../wire/SseEvents.js"

/** One piece of an answer, true to the contract: one chunk, or several in a row that differ in nothing but their text. */
export interface AnswerChunk {
  /** Whether it carries something of the answer, so that it is time to commit. */
  readonly content: boolean
  /** What it adds to the chunk before it, where that is all that it does. */
  readonly repeats: RepeatedText | undefined
  /** It as events on the wire. */
  wire(): string
  /** It as one chunk. */
  value(): JsonObject.JsonObject
}

/** A text that goes on with the last one of the same choice and field. */
export interface RepeatedText {
  readonly index: number
  /** The field of the choice's delta. */
  readonly field: string
  readonly text: string
}

/** The chunk of this value. */
export const make = (value: JsonObject.JsonObject, content: boolean): AnswerChunk => ({
  content,
  repeats: undefined,
  wire: () => SseEvents.frame(value),
  value: () => value
})
