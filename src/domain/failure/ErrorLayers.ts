import * as Either from "effect/Either"
import * as ErrorKeys from "./ErrorKeys.js"
import * as WellSaid from "./WellSaid.js"
import * as JsonObject from "../json/JsonObject.js"
import * as JsonText from "../json/JsonText.js"
import { cut } from "../text/CutText.js"

// Where errors are in what came: in which envelope, and which error inside of which.

/** So many errors are read inside of one another. */
export const deepest = 6

/** A text is only looked into up to this length, in characters: a longer one is no error's. */
const longestQuote = 256 * 1024

/**
 * The errors that a value holds, from its envelope inwards, at most a few: those who look for a status look at each of
 * them.
 */
export const of = (value: unknown): ReadonlyArray<JsonObject.JsonObject> => {
  const found: Array<JsonObject.JsonObject> = []
  let next = value
  for (let left = deepest; left > 0; left--) {
    const outer = objectOf(next)
    if (outer === undefined) break
    const error = errorIn(outer)
    found.push(error)
    if (error !== outer) found.push(outer)
    next = quotedIn(error) ?? inside(error, error === outer).at(0)
  }
  return found
}

/** What is to be read as one object: of a list its first, and a text as its message. */
export const objectOf = (value: unknown): JsonObject.JsonObject | undefined => {
  let single = value
  for (let left = deepest; left > 0 && Array.isArray(single); left--) single = single[0]
  if (JsonObject.is(single)) return single
  return JsonObject.text(single) === undefined ? undefined : { message: single }
}

/** The object that says what is wrong: the very same where nothing stands around it. */
export const errorIn = (outer: JsonObject.JsonObject): JsonObject.JsonObject => {
  for (const inner of enclosed(outer)) {
    const error = typeof inner === "string" ? undefined : objectOf(inner)
    if (error !== undefined && !JsonObject.isEmpty(error)) return error
  }
  return ofSeveral(outer)
}

/** What stands for the error of a body, by who writes it so; `error` and `base_resp` are the best known. */
export const enclosed = (outer: JsonObject.JsonObject): ReadonlyArray<unknown> => [
  outer["error"],
  outer["base_resp"],
  ...further(outer)
]

/** The same without those two: Tencent's, Apigee's and what others abbreviate, and Spark's header if it is an error's. */
export const further = (outer: JsonObject.JsonObject): ReadonlyArray<unknown> => {
  const header = JsonObject.orEmpty(outer["header"])
  const isErrors = plainAt(header, "code") !== undefined && !WellSaid.isNone(header["code"])
  return [
    JsonObject.orEmpty(outer["Response"])["Error"],
    outer["Error"],
    outer["err"],
    outer["fault"],
    isErrors ? header : undefined
  ]
}

const ofSeveral = (outer: JsonObject.JsonObject): JsonObject.JsonObject => {
  const { errors } = outer
  if (JsonObject.is(errors)) {
    const isOne = ErrorKeys.messages.some((key) => JsonObject.text(errors[key]) !== undefined)
    return isOne ? errors : (ofParameters(errors) ?? outer)
  }
  const [one, ...more] = JsonObject.listOf(errors)
  if (one === undefined) return outer
  const texts = JsonObject.listOf(errors).slice(0, mostTold)
  if (more.length > 0 && texts.every((each) => JsonObject.text(each) !== undefined)) return { message: told(texts) }
  const error = objectOf(one)
  if (error === undefined) return outer
  return more.length === 0 ? error : { ...error, errors: outer["errors"] }
}

// `{temperature: ["must be at most 2"]}`: what is wrong with each.
const ofParameters = (errors: JsonObject.JsonObject): JsonObject.JsonObject | undefined => {
  const wrong = Object.entries(errors).flatMap(([param, value]) => {
    const texts = (Array.isArray(value) ? value : [value]).filter((each) => JsonObject.text(each) !== undefined)
    return texts.length === 0 ? [] : [{ param, text: `${param}: ${told(texts)}` }]
  })
  const [first, ...more] = wrong
  if (first === undefined) return undefined
  return { message: told(wrong.map(({ text }) => text)), ...(more.length === 0 ? { param: first.param } : {}) }
}

/** So many errors of a list are told. */
const mostTold = 16

/** They are told up to this length, in characters. */
const longestTold = 4_000

const told = (texts: ReadonlyArray<unknown>): string => cut(texts.slice(0, mostTold).join("; "), longestTold)

/** The errors that an error tells of: those that it passes on, and what brought it about. */
export const inside = (error: JsonObject.JsonObject, isFlat: boolean): ReadonlyArray<unknown> =>
  [
    // Beside a message, as a text, it is the name of the status.
    isFlat && typeof error["error"] === "string" ? undefined : error["error"],
    isFlat ? undefined : error["errors"],
    JsonObject.orEmpty(error["metadata"])["raw"],
    error["cause"],
    error["inner_error"],
    error["innererror"],
    typeof error["details"] === "string" ? error["details"] : undefined
  ].filter((each) => objectOf(each) !== undefined)

const quotedIn = (error: JsonObject.JsonObject): unknown => {
  const text = ErrorKeys.messages.map((key) => error[key]).find((value) => JsonObject.text(value) !== undefined)
  return typeof text === "string" ? parsed(text) : undefined
}

/** The JSON that a text is, if it is short enough for an error. */
export const parsed = (text: string): unknown => {
  if (text.length > longestQuote || !/^\s*[[{]/.test(text)) return undefined
  return Either.getOrUndefined(JsonText.readLoosely(text))
}

/** A field of an error that holds a text, or a number as it was written. */
export const plainAt = (error: JsonObject.JsonObject, key: string): string | undefined =>
  JsonObject.digits(error[key]) ?? JsonObject.text(error[key])
