import * as JsonObject from "../../json/JsonObject.js"
import * as TagBlocks from "./TagBlocks.js"

/**
 * Cleans the messages of a chat: trims texts, removes `<tag>…</tag>` blocks from what the assistant said, drops empty
 * messages and keeps the last of consecutive user messages. Tool calls and results, reasoning, images, sound and files
 * are never lost, nothing is reordered, and cleaning twice changes nothing more.
 */
export const clean = (messages: ReadonlyArray<unknown>, stripTags: ReadonlyArray<string>): ReadonlyArray<unknown> => {
  const cleaned = messages.map((message) => cleanMessage(message, stripTags))
  return keepLastUser(cleaned.filter((message) => !isEmpty(message)))
}

const cleanMessage = (message: unknown, stripTags: ReadonlyArray<string>): unknown => {
  if (!JsonObject.is(message)) return message
  const { content } = message
  const cleanText = (text: string) =>
    message["role"] === "assistant" ? TagBlocks.remove(text, stripTags).trim() : text.trim()
  if (typeof content === "string") {
    const text = cleanText(content)
    return text === content ? message : { ...message, content: text }
  }
  if (!Array.isArray(content)) return message
  const parts = content.map((part: unknown) => (isText(part) ? { ...part, text: cleanText(part.text) } : part))
  return { ...message, content: parts.filter((part: unknown) => !isEmptyText(part)) }
}

const keepLastUser = (messages: ReadonlyArray<unknown>): ReadonlyArray<unknown> =>
  messages.filter((message, index) => !(isPlainUser(message) && isUser(messages[index + 1])))

const isUser = (message: unknown): boolean => JsonObject.orEmpty(message)["role"] === "user"

// A picture or a file in an earlier message may be what the last one talks about.
const isPlainUser = (message: unknown): boolean => {
  const { content } = JsonObject.orEmpty(message)
  return isUser(message) && (!Array.isArray(content) || content.every(isText))
}

const isEmpty = (message: unknown): boolean => {
  if (!JsonObject.is(message) || message["role"] === "tool") return false
  return !["content", ...precious].some((key) => JsonObject.isPresent(message[key]))
}

// What a message may carry beside its content.
const precious = [
  "tool_calls",
  "function_call",
  "tool_call_id",
  "reasoning",
  "reasoning_content",
  "reasoning_details",
  "thinking",
  "audio",
  "refusal"
]

const isText = (part: unknown): part is JsonObject.JsonObject & { readonly text: string } =>
  JsonObject.is(part) && part["type"] === "text" && typeof part["text"] === "string"

const isEmptyText = (part: unknown): boolean => isText(part) && part.text === ""
