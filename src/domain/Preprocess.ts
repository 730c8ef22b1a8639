import * as JsonObject from "./JsonObject.js"

/**
 * Cleans the messages of a chat: trims texts, removes `<tag>…</tag>` blocks from what the assistant said, drops empty
 * messages and keeps the last of consecutive user messages. Tool calls and results, reasoning, images, sound and files
 * are never lost, nothing is reordered, and cleaning twice changes nothing more.
 */
export const clean = (messages: ReadonlyArray<unknown>, stripTags: ReadonlyArray<string>): ReadonlyArray<unknown> => {
  const blocks = stripTags.map((tag) => [`<${tag}>`, `</${tag}>`] as const)
  return keepLastUser(messages.map((message) => cleanMessage(message, blocks)).filter((message) => !isEmpty(message)))
}

const cleanMessage = (message: unknown, blocks: ReadonlyArray<readonly [open: string, close: string]>): unknown => {
  if (!JsonObject.is(message)) return message
  const { content } = message
  const cleanText = (text: string) => (message["role"] === "assistant" ? strip(text.trim(), blocks) : text.trim())
  if (typeof content === "string") {
    const text = cleanText(content)
    return text === content ? message : { ...message, content: text }
  }
  if (!Array.isArray(content)) return message
  const parts = content.map((part: unknown) => (isText(part) ? { ...part, text: cleanText(part.text) } : part))
  return { ...message, content: parts.filter((part: unknown) => !isEmptyText(part)) }
}

// Removing a block can join the halves of another one.
const strip = (text: string, blocks: ReadonlyArray<readonly [open: string, close: string]>): string => {
  let rest = text
  for (let before: string | undefined; before !== rest;) {
    before = rest
    rest = blocks.reduce((each, [open, close]) => without(each, open, close), rest)
  }
  return rest.trim()
}

// In one pass: what stands before a block may begin another one with what stands after it.
const without = (text: string, open: string, close: string): string => {
  let kept = ""
  let at = 0
  while (true) {
    const seam = Math.max(0, kept.length - open.length + 1)
    const tail = kept.slice(seam)
    const found = (tail + text.slice(at, at + open.length - 1)).indexOf(open)
    const start = found === -1 ? text.indexOf(open, at) : at
    if (start === -1) return kept + text.slice(at)
    const head = found === -1 ? start + open.length : at + found + open.length - tail.length
    const end = text.indexOf(close, head)
    if (end === -1) return kept + text.slice(at)
    kept = found === -1 ? kept + text.slice(at, start) : kept.slice(0, seam + found)
    at = end + close.length
  }
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
