import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as JsonObject from "../json/JsonObject.js"
import * as JsonText from "../json/JsonText.js"

// What an error says, whatever envelope it came in and however many errors it is told in.

/** What was found of an error; undefined where nothing was said. */
export interface ErrorFields {
  /** What the outermost one says, then what those inside of it say; never empty. */
  readonly message: string | undefined
  readonly type: string | undefined
  readonly param: string | undefined
  readonly code: string | undefined
  /** The other fields of the error. */
  readonly extras: JsonObject.JsonObject
}

/** So many errors are read inside of one another. */
const deepest = 6

/** A text is only looked into up to this length, in characters: a longer one is no error's. */
const longestQuote = 256 * 1024

/** What an error says, of any known shape. */
export const read = (value: unknown): ErrorFields => readAt(value, deepest)

/** What a text says: the error that it is as JSON, or itself; nothing where it is a page. */
export const ofText = (text: string): ErrorFields => readText(text, deepest)

/** The same of a text that is no JSON: of JSON that was cut off the first message in it. */
export const ofUnreadable = (text: string): ErrorFields => {
  const begun = /^\s*[[{]/.test(text) ? /"(?:message|msg|detail|error)"\s{0,8}:\s{0,8}"/.exec(text) : null
  if (begun === null) return ofText(text)
  const from = begun.index + begun[0].length
  const end = JsonText.end(text, from)
  const inside = end === -1 ? text.slice(from).replace(/\\(?:u[0-9a-f]{0,3})?$/i, "") : text.slice(from, end)
  const said = Option.getOrUndefined(JsonObject.parseValue(`"${inside}"`))
  return ofText(typeof said === "string" && said.trim() !== "" ? said : text)
}

/** Whether a body is a page for people, as proxies answer in a backend's stead. */
export const isPage = (body: string): boolean => /^\s*</.test(body)

/** The data of the first event, where a body is an event stream. */
export const withoutFraming = (body: string): string => {
  if (!/^(?:event|data):/.test(body)) return body
  const line = body.split(/\r\n?|\n/, 64).find((each) => each.startsWith("data:"))
  return line === undefined ? body : line.slice("data:".length)
}

/**
 * The errors that a value holds, from its envelope inwards, at most a few: those who look for a status look at each of
 * them.
 */
export const layers = (value: unknown): ReadonlyArray<JsonObject.JsonObject> => {
  const found: Array<JsonObject.JsonObject> = []
  let next = value
  for (let left = deepest; left > 0; left--) {
    const outer = objectOf(next)
    if (outer === undefined) break
    const error = errorIn(outer)
    found.push(error)
    if (error !== outer) found.push(outer)
    next = quotedIn(error) ?? insideOf(error, error === outer).at(0)
  }
  return found
}

const readAt = (value: unknown, left: number): ErrorFields => {
  if (typeof value === "string") return readText(value, left)
  const outer = objectOf(value)
  if (outer === undefined || left <= 0) return nothing
  const error = errorIn(outer)
  const isFlat = error === outer
  const [messageKey, own] = ownMessage(error, left)
  const [, around] = isFlat ? [undefined, nothing] : ownMessage(outer, left)
  const told = own.message === undefined ? { ...around, extras: {} } : own
  // What a text of JSON stands for has been read as far as it goes.
  const inside = insideOf(error, isFlat).map((each) => readAt(each, left - 1))
  const [typeKey, type] = textAt(error, typeKeys)
  const [codeKey, code] = codeAt(error)
  const [, outerType] = isFlat ? [undefined, undefined] : textAt(outer, typeKeys)
  const [, outerCode] = isFlat ? [undefined, undefined] : codeAt(outer)
  const inner = [told, ...inside]
  const used = new Set<string | undefined>([messageKey, typeKey, codeKey, "message", "type", "param", "code"])
  return {
    message: inside.reduce((text, each) => joined(text, each.message), told.message),
    type:
      (isFlat && type === "error" ? undefined : type) ??
      first(inner, "type") ??
      (isWord(outerType) ? outerType : undefined),
    param: JsonObject.text(error["param"]) ?? first(inner, "param"),
    code:
      [code, ...inner.map((each) => each.code), outerCode].find(isName) ?? code ?? first(inner, "code") ?? outerCode,
    extras: { ...told.extras, ...othersOf(error, used, isFlat ? envelope : []) }
  }
}

const readText = (text: string, left: number): ErrorFields => {
  const quoted = left > 0 ? parsed(text) : undefined
  if (quoted !== undefined) {
    const said = readAt(quoted, left - 1)
    if (said.message !== undefined) return said
  }
  return { ...nothing, message: isPage(text) || text.trim() === "" ? undefined : text.trim() }
}

const nothing: ErrorFields = { message: undefined, type: undefined, param: undefined, code: undefined, extras: {} }

// Of a list its first.
const objectOf = (value: unknown): JsonObject.JsonObject | undefined => {
  let single = value
  for (let left = deepest; left > 0 && Array.isArray(single); left--) single = single[0]
  if (JsonObject.is(single)) return single
  return JsonObject.text(single) === undefined ? undefined : { message: single }
}

// The object that says what is wrong.
const errorIn = (outer: JsonObject.JsonObject): JsonObject.JsonObject => {
  for (const key of ["error", "base_resp"]) {
    const inner = outer[key]
    const error = typeof inner === "string" ? undefined : objectOf(inner)
    if (error !== undefined && !JsonObject.isEmpty(error)) return error
  }
  const [one, ...more] = JsonObject.listOf(outer["errors"])
  if (one === undefined) return outer
  const error = objectOf(one)
  if (error === undefined) return outer
  return more.length === 0 ? error : { ...error, errors: outer["errors"] }
}

// The errors that an error tells of: those that it passes on, and what brought it about.
const insideOf = (error: JsonObject.JsonObject, isFlat: boolean): ReadonlyArray<unknown> =>
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
  const text = messageKeys.map((key) => error[key]).find((value) => JsonObject.text(value) !== undefined)
  return typeof text === "string" ? parsed(text) : undefined
}

const parsed = (text: string): unknown => {
  if (text.length > longestQuote || !/^\s*[[{]/.test(text)) return undefined
  return Either.getOrUndefined(JsonText.readLoosely(text))
}

const messageKeys = [
  "message",
  "msg",
  "status_msg",
  "error_msg",
  "error_message",
  "errorMessage",
  "Message",
  "detail",
  "error_description",
  "error",
  "description",
  "title"
]
const typeKeys = ["type", "error_type", "errorType", "__type"]
const codeKeys = ["code", "error_code", "errorCode", "status_code", "statusCode"]

/** What stands beside an error that is flat, and is about the answer rather than the error, or about an account. */
const envelope = ["object", "choices", "id", "created", "model", "usage", "success", "data", "user_id", "errors"]

// The first field that says something, and what it says; a text of JSON stands for the error in it.
const ownMessage = (error: JsonObject.JsonObject, left: number): readonly [string | undefined, ErrorFields] => {
  for (const key of messageKeys) {
    const value = error[key]
    if (!JsonObject.isPresent(value) || typeof value === "boolean" || JsonObject.number(value) !== undefined) continue
    if (typeof value === "string") {
      const said = readText(value, left)
      if (said.message !== undefined) return [key, said]
    } else if (key !== "error") return [key, ofDetail(value, left)]
  }
  return [undefined, nothing]
}

// FastAPI's `detail`: a list of {loc, msg}; Mistral nests it once more. Others put an error there.
const ofDetail = (value: unknown, left: number): ErrorFields => {
  const detail = JsonObject.is(value) && "detail" in value ? value["detail"] : value
  const list = JsonObject.listOf(detail)
  const texts = list.map((each) => JsonObject.text(each) ?? JsonObject.text(JsonObject.orEmpty(each)["msg"]))
  if (texts.length > 0 && texts.every((each) => each !== undefined)) {
    const saysMore = list.some((each) => Object.keys(JsonObject.orEmpty(each)).length > 1)
    return { ...nothing, message: texts.join("; "), extras: saysMore ? { detail } : {} }
  }
  const said = Array.isArray(detail) ? nothing : readAt(detail, left - 1)
  return said.message === undefined ? { ...nothing, message: JsonText.write(detail) } : said
}

/** A text is looked for in another one up to this length, in characters, for the sake of time. */
const longestSought = 500

const joined = (outer: string | undefined, inner: string | undefined): string | undefined => {
  if (outer === undefined || inner === undefined) return outer ?? inner
  if (inner.length <= longestSought ? outer.includes(inner) : outer === inner) return outer
  return `${outer.replace(/[.:]$/, "")}: ${inner}`
}

const first = (inner: ReadonlyArray<ErrorFields>, key: "type" | "param" | "code"): string | undefined =>
  inner.map((each) => each[key]).find((each) => each !== undefined)

const textAt = (
  error: JsonObject.JsonObject,
  keys: ReadonlyArray<string>
): readonly [string | undefined, string | undefined] => {
  const key = keys.find((each) => JsonObject.text(error[each]) !== undefined)
  return [key, key === undefined ? undefined : JsonObject.text(error[key])]
}

/** A field of an error that holds a text, or a number as it was written. */
export const plainAt = (error: JsonObject.JsonObject, key: string): string | undefined =>
  JsonObject.digits(error[key]) ?? JsonObject.text(error[key])

const codeAt = (error: JsonObject.JsonObject): readonly [string | undefined, string | undefined] => {
  const key = codeKeys.find((each) => plainAt(error, each) !== undefined)
  return [key, key === undefined ? undefined : plainAt(error, key)]
}

// A number is the status again, or says something to one provider alone.
const isName = (code: string | undefined): boolean => code !== undefined && !/^[\d.-]+$/.test(code)

const isWord = (type: string | undefined): boolean => type !== undefined && type !== "error"

const othersOf = (
  error: JsonObject.JsonObject,
  used: ReadonlySet<string | undefined>,
  beside: ReadonlyArray<string>
): JsonObject.JsonObject =>
  Object.fromEntries(
    Object.entries(error)
      .filter(([key, value]) => saysSomething(value) && !used.has(key) && !beside.includes(key))
      .map(([key, value]) => [key, key === "metadata" ? withoutHeaders(value) : value])
  )

const saysSomething = (value: unknown): boolean => JsonObject.isPresent(value) && !JsonObject.isEmpty(value)

// What the provider behind the backend sent them: the limits of the operator's account.
const withoutHeaders = (metadata: unknown): unknown => {
  if (!JsonObject.is(metadata)) return metadata
  const { headers: _, ...others } = metadata
  return others
}
