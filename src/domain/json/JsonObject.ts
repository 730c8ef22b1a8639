import * as Either from "effect/Either"
import * as Option from "effect/Option"
import { JsonNumber } from "./JsonNumber.js"
import * as JsonText from "./JsonText.js"

/** An open JSON object: what is not known of it passes through untouched. */
export type JsonObject = Readonly<Record<string, unknown>>

/** Whether a value is a JSON object, not a list and not null. */
export const is = (value: unknown): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof JsonNumber)

/** The JSON value that a text holds, or none when it is not JSON or holds too much. */
export const parseValue = (text: string): Option.Option<unknown> => Either.getRight(JsonText.read(text))

/** The JSON object that a text holds, or none when it is not JSON, not an object or holds too much. */
export const parse = (text: string): Option.Option<JsonObject> => Option.filter(parseValue(text), is)

/** The value as an object; an empty one where it is none. */
export const orEmpty = (value: unknown): JsonObject => (is(value) ? value : {})

/** The value as a list; an empty one where it is none. */
export const listOf = (value: unknown): ReadonlyArray<unknown> => (Array.isArray(value) ? value : [])

/** The value if it is a non-empty string. */
export const text = (value: unknown): string | undefined =>
  typeof value === "string" && value !== "" ? value : undefined

/** The value as a number; undefined where it is none. */
export const number = (value: unknown): number | undefined => {
  if (typeof value === "number") return value
  return value instanceof JsonNumber ? value.valueOf() : undefined
}

/** A number as text: the digits that it came with, where they were kept; undefined for what is no number. */
export const digits = (value: unknown): string | undefined => {
  if (typeof value === "number") return String(value)
  return value instanceof JsonNumber ? value.text : undefined
}

/** Whether a value is an object with nothing in it. */
export const isEmpty = (value: unknown): boolean => {
  if (!is(value)) return false
  for (const _ in value) return false
  return true
}

/** Whether a value holds something: neither null nor missing, nor an empty text or list. */
export const isPresent = (value: unknown): boolean =>
  value !== null && value !== undefined && value !== "" && !(Array.isArray(value) && value.length === 0)

/** The object without the keys that hold nothing. */
export const withoutNulls = (object: JsonObject): JsonObject =>
  Object.fromEntries(Object.entries(object).filter(([, value]) => value !== null && value !== undefined))

/** An object with nothing in it. */
export const empty = (): JsonObject => ({})
