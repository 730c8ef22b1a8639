import * as ErrorBody from "./ErrorBody.js"
import * as ErrorStatus from "./ErrorStatus.js"
import * as JsonObject from "../json/JsonObject.js"

// Errors that stand where an answer was to come: in the body of a 200, or as an event of a stream.

/** An error that a backend reports in the place of an answer, with the status that it would have had. */
export interface ReportedError {
  readonly status: number
  readonly error: ErrorBody.ErrorBody
}

/**
 * The error that a body or an event is, in any envelope that is known; undefined for what belongs to an answer. Of an event
 * with a name of its own only what is called an error is one. Each event that is parsed passes here, so what is good is
 * told by its first choice.
 */
export const inAnswer = (body: JsonObject.JsonObject, isNamed = false): ReportedError | undefined => {
  const { choices, error } = body
  if (error !== undefined && isError(error)) return of(body)
  if (Array.isArray(choices) && choices.length > 0) {
    if (holdsSomething(choices[0]) || choices.some(holdsSomething)) return undefined
  }
  if (body["object"] === "error" || body["type"] === "error") return of(body)
  return !isNamed && isEnvelope(body) ? of(body) : ofBlockedPrompt(body)
}

/** The same of a list that begins with one. */
export const inList = (value: unknown): ReportedError | undefined => {
  const [one] = JsonObject.listOf(value)
  return JsonObject.is(one) ? inAnswer(one) : undefined
}

/** What an error amounts to that is known to be one. */
export const of = (value: unknown): ReportedError => {
  const status = ErrorStatus.of(value)
  return { status, error: ErrorBody.fromValue(value, status) }
}

/** Why there is no choice in an answer that has ended, if its backend says that something was filtered. */
export const ofEmpty = (body: JsonObject.JsonObject): ReportedError | undefined => {
  const filtered = Object.entries(body).filter(
    ([key, value]) => filters.includes(key) && JsonObject.isPresent(value) && !saysNothingWas(value)
  )
  return ofBlockedPrompt(body) ?? (filtered.length === 0 ? undefined : blocked("", Object.fromEntries(filtered)))
}

const filters = ["prompt_filter_results", "content_filter_results", "moderation"]

// Azure lists what it looked for, whatever it found.
const saysNothingWas = (value: unknown): boolean => {
  const found = flagsIn(value, 4)
  return found.length > 0 && found.every((each) => !each)
}

const flagsIn = (value: unknown, levels: number): ReadonlyArray<boolean> => {
  if (levels < 0) return []
  if (Array.isArray(value)) return value.slice(0, 32).flatMap((each: unknown) => flagsIn(each, levels))
  return Object.entries(JsonObject.orEmpty(value)).flatMap(([key, each]) =>
    typeof each === "boolean" && /^(?:filtered|flagged|blocked)$/.test(key) ? [each] : flagsIn(each, levels - 1)
  )
}

const ofBlockedPrompt = (body: JsonObject.JsonObject): ReportedError | undefined => {
  for (const key of ["promptFeedback", "prompt_feedback"]) {
    const feedback = JsonObject.orEmpty(body[key])
    const reason = JsonObject.text(feedback["blockReason"]) ?? JsonObject.text(feedback["block_reason"])
    if (reason !== undefined) return blocked(` (${reason})`, { [key]: feedback })
  }
  return undefined
}

const blocked = (why: string, extras: JsonObject.JsonObject): ReportedError => ({
  status: 400,
  error: {
    message: `The prompt was blocked by the model provider's content filter${why}.`,
    type: "invalid_request_error",
    param: null,
    code: "content_filter",
    extras
  }
})

/** Whether an `error` is one: `{}` is none, nor one in which nothing is said. */
export const isError = (error: unknown): boolean =>
  JsonObject.is(error)
    ? Object.values(error).some((value) => Boolean(value) && !isWell(value))
    : Array.isArray(error)
      ? error.length > 0
      : Boolean(error)

const holdsSomething = (value: unknown): boolean => JsonObject.is(value) && !JsonObject.isEmpty(value)

const isEnvelope = (body: JsonObject.JsonObject): boolean => {
  const { base_resp: base } = body
  if (JsonObject.is(base)) return base["status_code"] !== undefined && !isNone(base["status_code"])
  if (JsonObject.listOf(body["errors"]).some((each) => holdsSomething(each) || isTold(each))) return true
  if (body["success"] === false && JsonObject.isPresent(messageOf(body))) return true
  return isFlat(body)
}

// An error by its words alone: nothing in it says that it goes well, or that it is something else.
const isFlat = (body: JsonObject.JsonObject): boolean => {
  if (body["usage"] !== undefined) return false
  const said = messageOf(body)
  if (typeof said !== "string" && !(said === body["detail"] && JsonObject.isPresent(said))) return false
  const codes = [...codeKeys.map((key) => body[key]), numberOf(body["status"])].filter(isTold)
  const numbers = errorKeys.map((key) => body[key]).filter(isTold)
  if (codes.some(isWell) || numbers.some(isNone)) return false
  const names = nameKeys.map((key) => body[key]).filter((each) => typeof each === "string" && each !== "")
  const isCoded = codes.length + numbers.length > 0
  if (!isCoded && names.length > 0) return names.some((each) => soundsWrong.test(String(each)))
  return isCoded || body["choices"] === undefined
}

const codeKeys = ["code", "status_code", "statusCode"]
const errorKeys = ["error_code", "errorCode"]
const nameKeys = ["type", "error_type", "__type", "status", "event", "object"]

const numberOf = (status: unknown): unknown =>
  typeof status === "string" && /^\d{1,6}$/.test(status) ? Number(status) : JsonObject.number(status)

const messageOf = (body: JsonObject.JsonObject): unknown =>
  ["message", "msg", "error_msg", "error_message", "errorMessage", "Message", "detail"]
    .map((key) => body[key])
    .find((value) => JsonObject.isPresent(value))

const isTold = (value: unknown): boolean =>
  JsonObject.number(value) !== undefined || JsonObject.text(value) !== undefined

const soundsWrong =
  /err|fail|exception|invalid|denied|limit|exhaust|unavail|overload|unauth|forbidden|not_?-?found|time_?d?_?out|abort|throttl/i

// What APIs with an envelope for everything write where nothing is wrong, and the numbers that HTTP has for it.
const isWell = (value: unknown): boolean => {
  const number = JsonObject.number(value) ?? Number(JsonObject.text(value))
  return isNone(value) || (number >= 100 && number < 300)
}

const isNone = (value: unknown): boolean =>
  typeof value === "string"
    ? /^\s*(?:0|success|ok|succeeded|completed)\s*$/i.test(value)
    : JsonObject.number(value) === 0
