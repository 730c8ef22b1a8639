import * as JsonObject from "../../json/JsonObject.js"

/** Whether a message says anything besides its words: calls, thoughts, a signature, whatever it may be. */
export const carriesMore = (message: JsonObject.JsonObject): boolean => holdsMore(message, wording)

/** Whether a message is one of the user's. */
export const isUser = (message: unknown): message is JsonObject.JsonObject =>
  JsonObject.is(message) && message["role"] === "user"

/** Whether a message is nothing but text. */
export const isPlain = (message: JsonObject.JsonObject): boolean => {
  const { content } = message
  return (
    (typeof content === "string" || (Array.isArray(content) && content.every(isPlainText))) && !carriesMore(message)
  )
}

/** A part of a message's content that is a text. */
export interface TextPart extends JsonObject.JsonObject {
  readonly text: string
}

/** Whether a part is a text. */
export const isText = (part: unknown): part is TextPart =>
  JsonObject.is(part) && part["type"] === "text" && typeof part["text"] === "string"

/** The part with another text; the very same where it is none. */
export const withText = (part: TextPart, text: string): TextPart => (text === part.text ? part : { ...part, text })

/** Whether a part is a text and nothing else: no mark of a cache, no annotation. */
export const isPlainText = (part: unknown): part is TextPart => isText(part) && !holdsMore(part, texting)

/** The text of a content of nothing but texts, those of parts one to a line; undefined of any other. */
export const textOf = (content: unknown): string | undefined => {
  if (typeof content === "string") return content
  return Array.isArray(content) && content.every(isText) ? content.map(({ text }) => text).join("\n") : undefined
}

const wording: ReadonlySet<string> = new Set(["role", "content", "name"])
const texting: ReadonlySet<string> = new Set(["type", "text"])

const holdsMore = (object: JsonObject.JsonObject, besides: ReadonlySet<string>): boolean => {
  for (const key in object) if (!besides.has(key) && JsonObject.isPresent(object[key])) return true
  return false
}
