import * as JsonObject from "../../json/JsonObject.js"

// What stands in the place of a choice, and can be read as one. What holds something and cannot is never left out: without
// it the rest of the answer would say something else.

/** The choices of a chunk or a body, whatever they are wrapped in; undefined where they cannot be read. */
export const listOf = (choices: unknown): ReadonlyArray<JsonObject.JsonObject> | undefined => {
  if (Array.isArray(choices)) return objectsIn(choices)
  if (!JsonObject.is(choices)) return JsonObject.isPresent(choices) ? undefined : none
  if (saying.some((key) => choices[key] !== undefined)) return [choices]
  return objectsIn(Object.values(choices))
}

/** A choice whose delta and message are objects where it has any; undefined where they cannot be read. */
export const read = (choice: JsonObject.JsonObject): JsonObject.JsonObject | undefined => {
  const { delta, message } = choice
  if (isFields(delta) && isFields(message)) return choice
  const [said, whole] = [delta, message].map(asFields)
  return said === undefined || whole === undefined ? undefined : { ...choice, delta: said, message: whole }
}

/** The choices of a whole answer with the number that each has there: its own where these are 0 to n-1, else its place. */
export const numbered = (list: ReadonlyArray<JsonObject.JsonObject>): ReadonlyArray<JsonObject.JsonObject> => {
  const numbers = new Set(list.map(({ index }) => JsonObject.number(index)))
  const isNumbered = list.every((_, position) => numbers.has(position))
  return isNumbered ? list : list.map((choice, index) => ({ ...choice, index }))
}

const none: ReadonlyArray<JsonObject.JsonObject> = []

const saying = ["delta", "message", "text", "finish_reason"]

const objectsIn = (list: ReadonlyArray<unknown>): ReadonlyArray<JsonObject.JsonObject> | undefined => {
  const objects = list.filter(JsonObject.is)
  return objects.length === list.length || list.every(isNothingOrObject) ? objects : undefined
}

const isNothingOrObject = (value: unknown): boolean => JsonObject.is(value) || !JsonObject.isPresent(value)

const isFields = (value: unknown): boolean => value === undefined || value === null || JsonObject.is(value)

// Some say it in a text, or in a list of one.
const asFields = (value: unknown): JsonObject.JsonObject | undefined => {
  if (!JsonObject.isPresent(value)) return {}
  if (typeof value === "string") return { content: value }
  const [only, ...others] = Array.isArray(value) ? JsonObject.listOf(value) : [value]
  return others.length === 0 && JsonObject.is(only) ? only : undefined
}
