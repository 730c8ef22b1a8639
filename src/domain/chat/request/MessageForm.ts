import type { Backend } from "../../backend/Backend.js"
import * as JsonList from "../../json/JsonList.js"
import * as JsonObject from "../../json/JsonObject.js"
import * as ToolCallIds from "../answer/ToolCallIds.js"
import * as Message from "./Message.js"

/** The messages in the form that a backend takes: its role for instructions, its kind of content, its ids of calls. */
export const fit = (backend: Backend, messages: ReadonlyArray<unknown>): ReadonlyArray<unknown> =>
  ToolCallIds.fit(backend.toolCallIds, withTexts(backend, withRoles(backend, messages)))

const withRoles = ({ systemRole }: Backend, messages: ReadonlyArray<unknown>): ReadonlyArray<unknown> => {
  if (systemRole === "keep") return messages
  const other = systemRole === "system" ? "developer" : "system"
  return JsonList.map(messages, (message) =>
    JsonObject.is(message) && message["role"] === other ? { ...message, role: systemRole } : message
  )
}

const withTexts = ({ textParts }: Backend, messages: ReadonlyArray<unknown>): ReadonlyArray<unknown> =>
  textParts === "keep"
    ? messages
    : JsonList.map(messages, (message) => {
        if (!JsonObject.is(message) || !Array.isArray(message["content"])) return message
        const content = Message.textOf(message["content"])
        return content === undefined ? message : { ...message, content }
      })
