import * as JsonObject from "../json/JsonObject.js"

/** What of an answer is with the caller when its stream breaks off; only an answer that can be gone on with has one. */
export interface SentAnswer {
  /** The names that every further chunk must carry. */
  readonly envelope: JsonObject.JsonObject
  readonly choices: ReadonlyMap<number, SentChoice>
}

/** One choice of it. */
export interface SentChoice {
  readonly finished: boolean
  /** The text that was on its way, by its field; nothing that came before it will be sent again. */
  readonly texts: ReadonlyMap<string, string>
}

/**
 * Reads an accumulated answer; undefined when nobody could go on with it: calls, sound, pictures and other lists cannot
 * be stitched together, and token probabilities not cut at a character.
 */
export const read = (answer: JsonObject.JsonObject): SentAnswer | undefined => {
  const choices = JsonObject.listOf(answer["choices"]).map(JsonObject.orEmpty)
  if (choices.length === 0 || choices.some((choice) => !isFinished(choice) && isInseparable(choice))) return undefined
  const { created, id, model } = answer
  return { envelope: { id, created, model }, choices: new Map(choices.map(readChoice)) }
}

/** The text of the only choice, if that is all the caller has of the answer. */
export const onlyText = ({ choices }: SentAnswer): string | undefined => {
  const [only, ...others] = choices.values()
  if (only === undefined || others.length > 0 || only.texts.size !== 1) return undefined
  return only.texts.get("content") ?? only.texts.get("text")
}

const isFinished = (choice: JsonObject.JsonObject): boolean => JsonObject.isPresent(choice["finish_reason"])

const isInseparable = (choice: JsonObject.JsonObject): boolean => {
  const message = JsonObject.orEmpty(choice["message"])
  if ([choice["logprobs"], message["function_call"], message["audio"]].some(JsonObject.isPresent)) return true
  return Object.entries(message).some(([field, value]) => JsonObject.listOf(value).length > 0 && !isThought(field))
}

// No two backends think alike, and what was thought is no part of the answer.
const isThought = (field: string): boolean => /reason|think|thought/.test(field)

const readChoice = (choice: JsonObject.JsonObject): readonly [number, SentChoice] => {
  const source = { ...JsonObject.orEmpty(choice["message"]), text: choice["text"] }
  const answers = textsOf(source, ["content", "refusal", "text"])
  const texts = answers.size > 0 ? answers : textsOf(source, ["reasoning_content", "reasoning"])
  return [Number(choice["index"]), { finished: isFinished(choice), texts }]
}

const textsOf = (source: JsonObject.JsonObject, fields: ReadonlyArray<string>): ReadonlyMap<string, string> =>
  new Map(
    fields.flatMap((field) => {
      const text = JsonObject.text(source[field])
      return text === undefined ? [] : [[field, text]]
    })
  )
