import * as Option from "effect/Option"
import * as JsonObject from "../json/JsonObject.js"

/** The `error` of an OpenAI error response: every field present, `message` and `type` never empty. */
export interface ErrorBody {
  readonly message: string
  readonly type: string
  readonly param: string | null
  readonly code: string | null
  readonly innererror?: unknown
}

/** The code of a backend that has no room for a request. */
export const noCapacity = "upstream_overloaded"

/** Reads an error of any known shape: nested, flat, a string, a list of one, `detail`, or text that is no JSON. */
export const decode = (body: string, status: number): ErrorBody =>
  Option.match(JsonObject.parseValue(body), {
    onNone: () => fallback(isPage(body) ? "" : body, status),
    onSome: (value) => fromValue(value, status)
  })

/** The same for a value that has been parsed. */
export const fromValue = (value: unknown, status: number): ErrorBody => {
  if (Array.isArray(value)) return fromValue(value[0], status)
  if (typeof value === "string") return fallback(value, status)
  const outer = JsonObject.orEmpty(value)
  const inner = outer["error"]
  if (typeof inner === "string") return fallback(inner, status)
  const error = JsonObject.is(inner) ? inner : outer
  return {
    ...fallback(messageOf(error) ?? messageOf(outer) ?? "", status),
    ...(JsonObject.text(error["type"]) === undefined ? {} : { type: String(error["type"]) }),
    param: JsonObject.text(error["param"]) ?? null,
    code: codeOf(error["code"]),
    ...(error["innererror"] === undefined ? {} : { innererror: error["innererror"] })
  }
}

/** The error with every text in it replaced by what `change` makes of it, those of an inner error too. */
export const mapTexts = (error: ErrorBody, change: (text: string) => string): ErrorBody => ({
  message: change(error.message),
  type: change(error.type),
  param: error.param === null ? null : change(error.param),
  code: error.code === null ? null : change(error.code),
  ...(error.innererror === undefined ? {} : { innererror: JsonObject.mapTexts(error.innererror, change) })
})

/** Whether an error says that the prompt is longer than the model's context. */
export const isContextLength = (error: ErrorBody): boolean =>
  error.code === "context_length_exceeded" ||
  /context_length_exceeded|maximum context length|exceeds? the (?:model's )?(?:maximum )?context|context (?:size|window)|too many (?:input )?tokens|prompt is too long/i.test(
    error.message
  )

/** The status of an error that came without one: several providers put it into `code` or `status`. */
export const statusIn = (value: unknown): number => {
  const outer = JsonObject.orEmpty(value)
  const error = JsonObject.is(outer["error"]) ? outer["error"] : outer
  const said = [error["status"], error["status_code"], error["code"]].filter(isPlain)
  const status = said.map(Number).find((n) => Number.isInteger(n) && n >= 400 && n < 600)
  if (status !== undefined) return status
  const names = [error["type"], error["code"]].filter(isPlain).join(" ")
  return /rate_limit|resource_exhausted|too_many/i.test(names) ? 429 : 502
}

const isPlain = (value: unknown): value is string | number => typeof value === "string" || typeof value === "number"

/** The error type that OpenAI uses for a status. */
export const typeFor = (status: number): string => {
  if (status === 401) return "authentication_error"
  if (status === 403) return "permission_error"
  if (status === 404) return "not_found_error"
  if (status === 429) return "rate_limit_error"
  return status >= 500 ? "api_error" : "invalid_request_error"
}

const fallback = (message: string, status: number): ErrorBody => ({
  message: message.trim() === "" ? `The model provider answered with status ${status}.` : message.trim(),
  type: typeFor(status),
  param: null,
  code: null
})

const messageOf = (error: JsonObject.JsonObject): string | undefined => {
  for (const key of ["message", "detail", "msg", "error_description"]) {
    const value = error[key]
    if (value === undefined || value === null || value === "") continue
    return typeof value === "string" ? value : detailOf(value)
  }
  return undefined
}

// FastAPI's `detail`: a list of {loc, msg}; Mistral nests it once more.
const detailOf = (value: unknown): string => {
  const detail = JsonObject.is(value) && "detail" in value ? value["detail"] : value
  const texts = JsonObject.listOf(detail).map((each) => JsonObject.text(JsonObject.orEmpty(each)["msg"]))
  return texts.length > 0 && texts.every((each) => each !== undefined) ? texts.join("; ") : JSON.stringify(detail)
}

const codeOf = (code: unknown): string | null =>
  typeof code === "number" ? String(code) : (JsonObject.text(code) ?? null)

/** Whether a body is a page for people, as proxies answer in a backend's stead. */
export const isPage = (body: string): boolean => /^\s*</.test(body)
