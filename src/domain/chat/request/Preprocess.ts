import * as Cleaning from "../../backend/Cleaning.js"
import * as JsonList from "../../json/JsonList.js"
import * as JsonObject from "../../json/JsonObject.js"
import * as Message from "./Message.js"
import type { Removed } from "./Removed.js"
import * as TagBlocks from "./TagBlocks.js"
import * as Trimming from "./Trimming.js"
import * as UserTurns from "./UserTurns.js"

/** The messages that a backend gets, and what cleaning took away. */
export interface Cleaned extends Removed {
  readonly messages: ReadonlyArray<unknown>
}

/**
 * Cleans the messages of a chat as the target's `clean` says. Tool and function results are never touched, a message
 * that carries anything but its words is never left out, nothing is reordered, cleaning twice changes nothing more, and
 * what is not changed is the very same object as before.
 */
export const clean = (body: JsonObject.JsonObject, cleaning: Cleaning.Cleaning): Cleaned => {
  const messages = JsonObject.listOf(body["messages"])
  if (Cleaning.isNone(cleaning)) return { messages, empty: 0, userTurns: 0 }
  const cleaned = cleanAll(body, messages, cleaning)
  // A chat of nothing but blocks has words in it all the same.
  return cleaned.messages.length === 0 && cleaning.stripTags.length > 0
    ? cleanAll(body, messages, { ...cleaning, stripTags: none })
    : cleaned
}

const cleanAll = (
  body: JsonObject.JsonObject,
  messages: ReadonlyArray<unknown>,
  cleaning: Cleaning.Cleaning
): Cleaned => {
  const kept: Array<unknown> = []
  let isChanged = false
  let hasTurns = false
  let before: unknown
  for (const [at, message] of messages.entries()) {
    const role = JsonObject.is(message) ? message["role"] : undefined
    const isOpen = at === messages.length - 1 ? role === "assistant" || goesOn(body) : isPrefix(message)
    const left = isResult(role) ? message : cleanMessage(message, role, cleaning, isOpen)
    if (left !== message) isChanged = true
    if (left === undefined) continue
    if (role === "user" && before === "user") hasTurns = true
    before = role
    kept.push(left)
  }
  const empty = messages.length - kept.length
  const cleaned = isChanged ? kept : messages
  if (!hasTurns) return { messages: cleaned, empty, userTurns: 0 }
  const merged = UserTurns.merge(body, cleaned, cleaning.userTurns)
  return { messages: merged.messages, empty, userTurns: merged.dropped }
}

// What edits are matched on, and what says that a call was answered at all.
const isResult = (role: unknown): boolean => role === "tool" || role === "function"

// The words of vLLM and SGLang for an answer that has been begun already, whoever has.
const goesOn = (body: JsonObject.JsonObject): boolean =>
  body["continue_final_message"] === true || body["add_generation_prompt"] === false

// Mistral's and DeepSeek's.
const isPrefix = (message: unknown): boolean =>
  JsonObject.is(message) && message["role"] === "assistant" && message["prefix"] === true

// Undefined where nothing is left of it. One that is open is gone on with, right where it ends.
const cleanMessage = (message: unknown, role: unknown, cleaning: Cleaning.Cleaning, isOpen: boolean): unknown => {
  if (!JsonObject.is(message)) return message
  const { content } = message
  const texts =
    isOpen && !Trimming.isBlank(content)
      ? content
      : cleanContent(content, role === "assistant" ? cleaning.stripTags : none, trimmingOf(role, cleaning))
  const calls = message["tool_calls"]
  const hasNoCalls = Array.isArray(calls) && calls.length === 0
  if (!JsonObject.isPresent(texts)) {
    if (!Message.carriesMore(message)) return undefined
    if (Array.isArray(texts)) return replaced(message, role === "assistant" ? null : "", hasNoCalls)
  }
  return texts === content && !hasNoCalls ? message : replaced(message, texts, hasNoCalls)
}

// Several backends refuse empty lists, of calls and of parts.
const replaced = (message: JsonObject.JsonObject, content: unknown, hasNoCalls: boolean): JsonObject.JsonObject => {
  const other = "content" in message ? { ...message, content } : message
  if (!hasNoCalls) return other
  const { tool_calls: _, ...rest } = other
  return rest
}

const none: ReadonlyArray<string> = []

// What is said to a model may begin with a line of code.
const trimmingOf = (role: unknown, { trim }: Cleaning.Cleaning): Trimming.Kind =>
  trim ? (role === "assistant" ? "all" : "around lines") : "none"

const cleanContent = (content: unknown, stripTags: ReadonlyArray<string>, trim: Trimming.Kind): unknown => {
  if (typeof content === "string") return Trimming.ofText(TagBlocks.remove(content, stripTags), trim)
  if (!Array.isArray(content)) return content
  const untagged = JsonList.map(content, (part) =>
    Message.isText(part) ? Message.withText(part, TagBlocks.remove(part.text, stripTags)) : part
  )
  const parts = Trimming.ofParts(untagged, trim)
  return parts.some(isEmptyText) ? parts.filter((part) => !isEmptyText(part)) : parts
}

const isEmptyText = (part: unknown): boolean => Message.isPlainText(part) && part.text === ""
