import * as Either from "effect/Either"
import * as Schema from "effect/Schema"
import * as ErrorFields from "./ErrorFields.js"
import * as ErrorText from "./ErrorText.js"
import * as JsonObject from "../json/JsonObject.js"
import * as JsonText from "../json/JsonText.js"

/** The `error` of an OpenAI error response: every field present, `message` and `type` never empty. */
export interface ErrorBody {
  readonly message: string
  readonly type: string
  readonly param: string | null
  readonly code: string | null
  /** What else the backend said, under its own names; none of them is one of the four above. */
  readonly extras?: JsonObject.JsonObject
}

/** The same as a Schema, for failures that go into a host's API. */
export const ErrorBody: Schema.Schema<ErrorBody> = Schema.Struct({
  message: Schema.String,
  type: Schema.String,
  param: Schema.NullOr(Schema.String),
  code: Schema.NullOr(Schema.String),
  extras: Schema.optionalWith(Schema.Record({ key: Schema.String, value: Schema.Unknown }), { exact: true })
})

/** The code of a backend that has no room for a request. */
export const noCapacity = "upstream_overloaded"

/** An error that was read, and whether it was in JSON. */
export interface Read {
  readonly error: ErrorBody
  readonly isJson: boolean
}

/** Reads an error of any known shape: nested, flat, a string, a list, the envelopes of other APIs, or text that is no JSON. */
export const read = (body: string, status: number): Read => {
  const text = ErrorText.withoutFraming(body)
  return Either.match(JsonText.readLoosely(text), {
    onLeft: () => {
      const message = ErrorText.firstMessage(text)
      return { error: complete(ErrorFields.ofText(message), status), isJson: message !== text }
    },
    onRight: (value) => ({ error: fromValue(value, status), isJson: true })
  })
}

/** The error of a value that has been parsed. */
export const fromValue = (value: unknown, status: number): ErrorBody => complete(ErrorFields.read(value), status)

/** The error as it is written: with all that the backend said beside the four fields. */
export const written = ({ code, extras, message, param, type }: ErrorBody): JsonObject.JsonObject => ({
  message,
  type,
  param,
  code,
  ...extras
})

/** The error with every text in it replaced by what `change` makes of it, names of fields and digits of numbers too. */
export const mapTexts = (error: ErrorBody, change: (text: string) => string): ErrorBody => ({
  message: change(error.message),
  type: change(error.type),
  param: error.param === null ? null : change(error.param),
  code: error.code === null ? null : change(error.code),
  ...withExtras(error.extras === undefined ? {} : changed(error.extras, change))
})

/** The error without those of its further fields that make them longer than `most` characters of JSON. */
export const bounded = (error: ErrorBody, most: number): ErrorBody => {
  const { extras, ...rest } = error
  if (extras === undefined) return error
  let left = most
  const kept = Object.entries(extras).filter(([key, value]) => {
    const size = JsonText.write([key, value]).length
    if (size > left) return false
    left -= size
    return true
  })
  return { ...rest, ...withExtras(Object.fromEntries(kept)) }
}

/** The error type that OpenAI uses for a status. */
export const typeFor = (status: number): string => {
  if (status === 401) return "authentication_error"
  if (status === 403) return "permission_error"
  if (status === 404) return "not_found_error"
  if (status === 429) return "rate_limit_error"
  return status >= 500 ? "api_error" : "invalid_request_error"
}

/** An error that is the gateway's own to tell. */
export const ofServer = (message: string, code: string): ErrorBody => ({
  message,
  type: "server_error",
  param: null,
  code
})

const complete = (said: ErrorFields.ErrorFields, status: number): ErrorBody => ({
  message: said.message ?? `The model provider answered with status ${status}.`,
  type: said.type ?? typeFor(status),
  param: said.param ?? null,
  code: said.code ?? null,
  ...withExtras(said.extras)
})

const withExtras = (extras: JsonObject.JsonObject): Pick<ErrorBody, "extras"> => {
  const { code: _, message: __, param: ___, type: ____, ...others } = extras
  return JsonObject.isEmpty(others) ? {} : { extras: others }
}

const changed = (extras: JsonObject.JsonObject, change: (text: string) => string): JsonObject.JsonObject =>
  Object.fromEntries(Object.entries(extras).map(([key, value]) => [change(key), changedValue(value, change)]))

const changedValue = (value: unknown, change: (text: string) => string): unknown => {
  if (typeof value === "string") return change(value)
  const digits = JsonObject.digits(value)
  if (digits !== undefined) {
    const after = change(digits)
    return after === digits ? value : after
  }
  if (Array.isArray(value)) return value.map((each: unknown) => changedValue(each, change))
  return JsonObject.is(value) ? changed(value, change) : value
}
