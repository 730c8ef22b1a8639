import * as ErrorBody from "./ErrorBody.js"
import * as ErrorFields from "./ErrorFields.js"
import * as ErrorKeys from "./ErrorKeys.js"
import * as ErrorStatus from "./ErrorStatus.js"
import * as ErrorLayers from "./ErrorLayers.js"
import * as JsonObject from "../json/JsonObject.js"
import * as WellSaid from "./WellSaid.js"

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
    if (saysSomething(choices[0], hasBegun) || choices.some((each) => saysSomething(each, hasBegun))) return undefined
    // Beside a choice that is there, but says nothing, only a code that no answer has is an error.
    if (choices.some(holdsSomething)) return isRefused(body) ? of(body) : undefined
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

/** Whether an `error` is one: `{}` is none, nor one in which nothing is said, or that all is well. */
export const isError = (error: unknown): boolean => {
  if (JsonObject.is(error)) return isErrors(error)
  return Array.isArray(error)
    ? error.some((each) => (Array.isArray(each) ? each.length > 0 : isError(each)))
    : Boolean(error) && !WellSaid.isNone(error)
}

// A code that says all is well stands for more than the words beside it, unless a name beside it is an error's.
const isErrors = (error: JsonObject.JsonObject): boolean => {
  const isSaid = Object.values(error).some(
    (value) => JsonObject.isPresent(value) && value !== false && !JsonObject.isEmpty(value) && !WellSaid.isWell(value)
  )
  if (!isSaid) return false
  const names = [...ErrorKeys.types, "status"].flatMap((key) => JsonObject.text(error[key]) ?? [])
  return names.some(soundsWrong) || !codesOf(error).some(WellSaid.isWell)
}

const codesOf = (error: JsonObject.JsonObject): ReadonlyArray<unknown> =>
  [...ErrorKeys.answerCodes, ...ErrorKeys.errorCodes].map((key) => error[key]).filter(isTold)

const holdsSomething = (value: unknown): boolean => JsonObject.is(value) && !JsonObject.isEmpty(value)

// A role and an empty text are no more than a place for what is to come, and a finish ends what has begun.
const saysSomething = (choice: unknown, hasBegun: boolean): boolean => {
  const fields = JsonObject.orEmpty(choice)
  for (const key in fields) {
    const value = fields[key]
    if (key === "index" || !JsonObject.isPresent(value) || (key === "finish_reason" && !hasBegun)) continue
    if ((key !== "delta" && key !== "message") || !JsonObject.is(value)) return true
    for (const part in value) if (part !== "role" && JsonObject.isPresent(value[part])) return true
  }
  return false
}

// MiniMax's code, which its answers have as well.
const isRefused = ({ base_resp: base }: JsonObject.JsonObject): boolean =>
  JsonObject.is(base) && isTold(base["status_code"]) && !WellSaid.isNone(base["status_code"])

const isEnvelope = (body: JsonObject.JsonObject, hasBegun: boolean): boolean => {
  const { base_resp: base, errors } = body
  if (JsonObject.is(base)) return base["status_code"] !== undefined && !WellSaid.isNone(base["status_code"])
  if (ErrorLayers.further(body).some((each) => JsonObject.is(each) && isError(each))) return true
  const several = JsonObject.is(errors) ? [errors] : JsonObject.listOf(errors)
  if (several.some((each) => (JsonObject.is(each) || isTold(each)) && isError(each))) return true
  if (body["success"] === false && ErrorKeys.messages.some((key) => JsonObject.isPresent(body[key]))) return true
  return isFlat(body, hasBegun)
}

// An error by its code, its name or its words: nothing in it says that it goes well, or that it is something else.
const isFlat = (body: JsonObject.JsonObject, hasBegun: boolean): boolean => {
  if (body["usage"] !== undefined) return false
  const said = ErrorKeys.words.find((key) => JsonObject.isPresent(body[key]))
  const isWorded = said !== undefined && (typeof body[said] === "string" || said === "detail")
  if (said === undefined ? !ErrorKeys.vagueWords.some((key) => JsonObject.text(body[key])) : !isWorded) return false
  if (said !== undefined && WellSaid.isNone(body[said])) return false
  const names = ErrorKeys.kinds.flatMap((key) => JsonObject.text(body[key]) ?? [])
  if (names.some(isReport)) return false
  const codes = [...ErrorKeys.answerCodes.map((key) => body[key]), numberOf(body["status"])].filter(isTold)
  const errorCodes = ErrorKeys.errorCodes.map((key) => body[key]).filter(isTold)
  if (codes.some(WellSaid.isWell) || errorCodes.some(WellSaid.isNone)) return false
  // A code that is a word is told apart as a name is.
  const words = codes.flatMap((code) => (isNumeric(code) ? [] : (JsonObject.text(code) ?? [])))
  if (codes.length + errorCodes.length > words.length) return true
  const called = [...names, ...words]
  if (called.length > 0) return called.some(soundsWrong) || (words.length > 0 && saysWrong(body))
  return body["choices"] === undefined && isWorded && (!hasBegun || saysWrong(body))
}

// Reports of how it goes and of limits that are near.
const isReport = (name: string): boolean =>
  /(?:info|progress|status)$/i.test(name) && !/err|fail|exception|invalid/i.test(name)

const saysWrong = (body: JsonObject.JsonObject): boolean =>
  ErrorStatus.ofWords(ErrorFields.read(body).message ?? "") !== undefined

const numberOf = (status: unknown): unknown =>
  typeof status === "string" && /^\d{1,6}$/.test(status) ? Number(status) : JsonObject.number(status)

const isNumeric = (code: unknown): boolean => typeof code !== "string" || /^\s*-?[\d.]{1,20}\s*$/.test(code)

const isTold = (value: unknown): boolean =>
  JsonObject.number(value) !== undefined || JsonObject.text(value) !== undefined

const soundsWrong = (name: string): boolean => wrong.test(name) || ErrorStatus.ofNames(name) !== undefined

const wrong =
  /err|fail|exception|invalid|denied|limit|exhaust|exceed|unavail|overload|unauth|forbidden|not_?-?(?:found|support|allow)|time_?d?_?out|abort|throttl|insufficient|illegal|violat|reject|refus|blocked|missing|expired/i
