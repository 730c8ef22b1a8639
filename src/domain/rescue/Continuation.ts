import type { Backend } from "../backend/Backend.js"
import type * as JsonObject from "../json/JsonObject.js"

const goOn =
  "Your answer was cut off. Go on exactly where it stopped, with the very next character. Repeat nothing, explain nothing."

/** The fields of a body that asks to go on with an answer: `partial` as its beginning, or as something said before. */
export const of = (
  backend: Backend,
  messages: ReadonlyArray<unknown>,
  prompt: unknown,
  partial: string
): JsonObject.JsonObject => {
  if (typeof prompt === "string") return { prompt: prompt + partial }
  // Several providers refuse a last message that ends in white space.
  const begun = { role: "assistant", content: partial.trimEnd() }
  return { messages: [...messages, begun, ...(backend.prefill ? [] : [{ role: "user", content: goOn }])] }
}

/** Whether a request can be asked to be gone on with. */
export const isPossible = (body: JsonObject.JsonObject): boolean =>
  Array.isArray(body["messages"]) || typeof body["prompt"] === "string"
