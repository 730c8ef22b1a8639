import type * as Cleaning from "../../backend/Cleaning.js"
import * as JsonObject from "../../json/JsonObject.js"
import * as Message from "./Message.js"

/** The messages of which some user messages were dropped, and how many. */
export interface Merged {
  readonly messages: ReadonlyArray<unknown>
  readonly dropped: number
}

/**
 * What is left of messages of which several of the user's follow each other. Only plain ones are dropped or joined, and
 * those of one name only among themselves.
 */
export const merge = (
  body: JsonObject.JsonObject,
  messages: ReadonlyArray<unknown>,
  turns: Cleaning.UserTurns
): Merged => {
  if (turns === "keep" || (turns === "auto" && isRich(body, messages))) return { messages, dropped: 0 }
  return turns === "join" ? joined(messages) : lastOf(messages)
}

/** Whether a request shows an agent, or a client that knows more than texts: it means what it sends. */
export const isRich = (body: JsonObject.JsonObject, messages: ReadonlyArray<unknown>): boolean =>
  Array.isArray(body["tools"]) || Array.isArray(body["functions"]) || messages.some(showsAgent)

const showsAgent = (message: unknown): boolean => {
  if (!JsonObject.is(message)) return false
  switch (message["role"]) {
    case "tool":
    case "function":
      return true
    case "user":
      return !Message.isPlain(message)
    default:
      return JsonObject.isPresent(message["tool_calls"]) || JsonObject.isPresent(message["function_call"])
  }
}

const lastOf = (messages: ReadonlyArray<unknown>): Merged => {
  const kept: Array<unknown> = []
  for (const message of messages) {
    // White space, where it is not trimmed, takes nobody's place.
    if (Message.isUser(message) && Message.textOf(message["content"])?.trim() !== "") {
      while (isReplaced(kept.at(-1), message)) kept.pop()
    }
    kept.push(message)
  }
  const dropped = messages.length - kept.length
  return { messages: dropped === 0 ? messages : kept, dropped }
}

const joined = (messages: ReadonlyArray<unknown>): Merged => {
  const kept: Array<unknown> = []
  let end = 0
  for (let at = 0; at < messages.length; at = end) {
    const first = messages[at]
    end = at + 1
    if (isPlainUser(first)) while (isJoined(messages[end], first)) end++
    kept.push(end === at + 1 ? first : { ...JsonObject.orEmpty(first), content: textOf(messages.slice(at, end)) })
  }
  return { messages: kept.length === messages.length ? messages : kept, dropped: 0 }
}

const textOf = (messages: ReadonlyArray<unknown>): string =>
  messages
    .map((message) => Message.textOf(JsonObject.orEmpty(message)["content"]) ?? "")
    .filter((text) => text !== "")
    .join("\n\n")

const isReplaced = (before: unknown, by: JsonObject.JsonObject): boolean => isPlainUser(before) && isOfOne(before, by)

const isJoined = (message: unknown, first: JsonObject.JsonObject): boolean =>
  isPlainUser(message) && isOfOne(message, first)

const isPlainUser = (message: unknown): message is JsonObject.JsonObject =>
  Message.isUser(message) && Message.isPlain(message)

// Names are speakers: what one says is no other version of what another one said.
const isOfOne = (one: JsonObject.JsonObject, other: JsonObject.JsonObject): boolean =>
  (one["name"] ?? "") === (other["name"] ?? "")
