import * as ErrorBody from "./ErrorBody.js"
import * as ErrorFields from "./ErrorFields.js"
import * as ErrorKeys from "./ErrorKeys.js"
import * as ErrorStatus from "./ErrorStatus.js"
import * as JsonObject from "../json/JsonObject.js"

// Errors that stand where an answer was to come: in the body of a 200, or as an event of a stream.

/** An error that a backend reports in the place of an answer, with the status that it would have had. */
export interface ReportedError {
  readonly status: number
  readonly error: ErrorBody.ErrorBody
}

/** Whether the name of an event says that the event is an error. */
export const isCalledError = (event: string | undefined): boolean =>
  event !== undefined && /(?:^|[._-])(?:error|failed)$/i.test(event)

/**
 * The error that a body or an event is, in any envelope that is known; undefined for what belongs to an answer. Of an
 * event with a name of its own only what is called an error is one. Once an answer `hasBegun`, words alone are an error
 * only where they are such as errors have. Each event that is parsed passes here, so what is good is told by its first
 * choice.
 */
export const inAnswer = (body: JsonObject.JsonObject, isNamed = false, hasBegun = false): ReportedError | undefined => {
  const { choices, error } = body
  if (error !== undefined && isError(error)) return of(body)
  if (Array.isArray(choices) && choices.length > 0) {
    if (holdsSomething(choices[0]) || choices.some(holdsSomething)) return undefined
  }
  if (body["object"] === "error" || body["type"] === "error") return of(body)
  return !isNamed && isEnvelope(body, hasBegun) ? of(body) : ofBlockedPrompt(body)
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

const isEnvelope = (body: JsonObject.JsonObject, hasBegun: boolean): boolean => {
  const { base_resp: base } = body
  if (JsonObject.is(base)) return base["status_code"] !== undefined && !isNone(base["status_code"])
  if (JsonObject.listOf(body["errors"]).some((each) => holdsSomething(each) || isTold(each))) return true
  if (body["success"] === false && ErrorKeys.messages.some((key) => JsonObject.isPresent(body[key]))) return true
  return isFlat(body, hasBegun)
}

// An error by its code, its name or its words: nothing in it says that it goes well, or that it is something else.
const isFlat = (body: JsonObject.JsonObject, hasBegun: boolean): boolean => {
  if (body["usage"] !== undefined) return false
  const said = ErrorKeys.words.find((key) => JsonObject.isPresent(body[key]))
  const isWorded = said !== undefined && (typeof body[said] === "string" || said === "detail")
  if (said === undefined ? !ErrorKeys.vagueWords.some((key) => JsonObject.text(body[key])) : !isWorded) return false
  const codes = [...ErrorKeys.answerCodes.map((key) => body[key]), numberOf(body["status"])].filter(isTold)
  const errorCodes = ErrorKeys.errorCodes.map((key) => body[key]).filter(isTold)
  if (codes.some(isWell) || errorCodes.some(isNone)) return false
  if (codes.length + errorCodes.length > 0) return true
  const names = ErrorKeys.kinds.flatMap((key) => JsonObject.text(body[key]) ?? [])
  if (names.length > 0) return names.some((name) => soundsWrong.test(name))
  return body["choices"] === undefined && isWorded && (!hasBegun || saysWrong(body))
}

const saysWrong = (body: JsonObject.JsonObject): boolean =>
  ErrorStatus.ofWords(ErrorFields.read(body).message ?? "") !== undefined

const numberOf = (status: unknown): unknown =>
  typeof status === "string" && /^\d{1,6}$/.test(status) ? Number(status) : JsonObject.number(status)

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
