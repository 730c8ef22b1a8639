import * as Option from "effect/Option"
import * as JsonObject from "../json/JsonObject.js"
import * as JsonText from "../json/JsonText.js"

// The body of an error response as a text: what is around the error in it, and what is left of it where it was cut off.

/** Without capitals and quotation marks, for whoever looks for words in it. */
export const plain = (text: string): string => text.toLowerCase().replace(/[`'"‘’“”*]/g, "")

/** Whether a body is a page for people, as proxies answer in a backend's stead. */
export const isPage = (body: string): boolean => /^\s*</.test(body)

/** The data of the first event, where a body is an event stream. */
export const withoutFraming = (body: string): string => {
  if (!/^(?:event|data):/.test(body)) return body
  const line = body.split(/\r\n?|\n/, 64).find((each) => each.startsWith("data:"))
  return line === undefined ? body : line.slice("data:".length)
}

/** Of JSON that was cut off the first message in it; any other text as it is. */
export const firstMessage = (text: string): string => {
  const begun = /^\s*[[{]/.test(text) ? /"(?:message|msg|detail|error)"\s{0,8}:\s{0,8}"/.exec(text) : null
  if (begun === null) return text
  const from = begun.index + begun[0].length
  const end = JsonText.end(text, from)
  const inside = end === -1 ? text.slice(from).replace(/\\(?:u[0-9a-f]{0,3})?$/i, "") : text.slice(from, end)
  const said = Option.getOrUndefined(JsonObject.parseValue(`"${inside}"`))
  return typeof said === "string" && said.trim() !== "" ? said : text
}
