import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as JsonList from "../json/JsonList.js"
import * as JsonObject from "../json/JsonObject.js"

/** A text that a host may have as a `Redacted` one. */
export type SecretText = string | Redacted.Redacted

/** A text as an operator writes it, or a `Redacted` one of a host's. */
export const of = (text: Schema.Schema<string>) => Schema.Union(text, Schema.RedactedFromSelf(text))

/** The text itself. */
export const reveal = (text: SecretText): string => (typeof text === "string" ? text : Redacted.value(text))

/** A value with each `Redacted` in its lists and objects in plain; the very same where there is none. */
export const revealAll = (value: unknown): unknown => {
  if (Redacted.isRedacted(value)) return Redacted.value(value)
  if (Array.isArray(value)) return JsonList.map(value, revealAll)
  return JsonObject.is(value) ? revealFields(value) : value
}

/** The same for an object. */
export const revealFields = (object: JsonObject.JsonObject): JsonObject.JsonObject => {
  const entries = Object.entries(object)
  const revealed = entries.map(([key, each]) => [key, revealAll(each)] as const)
  return revealed.some(([, each], at) => each !== entries[at]?.[1]) ? Object.fromEntries(revealed) : object
}
