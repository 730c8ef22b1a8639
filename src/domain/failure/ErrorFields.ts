import * as ErrorKeys from "./ErrorKeys.js"
import * as ErrorLayers from "./ErrorLayers.js"
import * as ErrorText from "./ErrorText.js"
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

/** What an error says, of any known shape. */
export const read = (value: unknown): ErrorFields => readAt(value, ErrorLayers.deepest)

/** What a text says: the error that it is as JSON, or itself; nothing where it is a page. */
export const ofText = (text: string): ErrorFields => readText(text, ErrorLayers.deepest)

const readAt = (value: unknown, left: number): ErrorFields => {
  if (typeof value === "string") return readText(value, left)
  const outer = ErrorLayers.objectOf(value)
  return outer === undefined || left <= 0 ? nothing : readObject(outer, left)
}

const readObject = (outer: JsonObject.JsonObject, left: number): ErrorFields => {
  const error = ErrorLayers.errorIn(outer)
  const isFlat = error === outer
  const own = ownOf(error, left)
  const around = isFlat ? undefined : ownOf(outer, left)
  const told = own.told.message === undefined ? { ...(around?.told ?? nothing), extras: {} } : own.told
  // What a text of JSON stands for has been read as far as it goes.
  const inside = ErrorLayers.inside(error, isFlat).map((each) => readAt(each, left - 1))
  const inner = [told, ...inside]
  return {
    message: inside.reduce((text, each) => joined(text, each.message), told.message),
    type: [isFlat ? word(own.type) : own.type, first(inner, "type"), word(around?.type)].find(isSaid),
    param: JsonObject.text(error["param"]) ?? first(inner, "param"),
    code: codeAmong([own.code, ...inner.map(({ code }) => code), around?.code]),
    extras: { ...told.extras, ...othersOf(error, own.used, isFlat ? envelope : []) }
  }
}

/** What one object says of itself, whatever is inside of it or around it. */
interface Own {
  readonly told: ErrorFields
  readonly type: string | undefined
  readonly code: string | undefined
  /** The fields in which it says so. */
  readonly used: ReadonlyArray<string>
}

const ownOf = (error: JsonObject.JsonObject, left: number): Own => {
  const [messageKey, told] = ownMessage(error, left)
  const typeKey = ErrorKeys.types.find((key) => JsonObject.text(error[key]) !== undefined)
  const codeKey = ErrorKeys.codes.find((key) => ErrorLayers.plainAt(error, key) !== undefined)
  return {
    told,
    type: typeKey === undefined ? undefined : JsonObject.text(error[typeKey]),
    code: codeKey === undefined ? undefined : ErrorLayers.plainAt(error, codeKey),
    used: [messageKey, typeKey, codeKey, "message", "type", "param", "code"].filter(isSaid)
  }
}

// The first that has a name: a number is the status again, or says something to one provider alone.
const codeAmong = (codes: ReadonlyArray<string | undefined>): string | undefined =>
  codes.find((code) => code !== undefined && !/^[\d.-]+$/.test(code)) ?? codes.find(isSaid)

// "error" says no more than that it is one.
const word = (type: string | undefined): string | undefined => (type === "error" ? undefined : type)

const isSaid = (text: string | undefined): text is string => text !== undefined

const readText = (text: string, left: number): ErrorFields => {
  const quoted = left > 0 ? ErrorLayers.parsed(text) : undefined
  if (quoted !== undefined) {
    const said = readAt(quoted, left - 1)
    if (said.message !== undefined) return said
  }
  return { ...nothing, message: ErrorText.isPage(text) || text.trim() === "" ? undefined : text.trim() }
}

const nothing: ErrorFields = { message: undefined, type: undefined, param: undefined, code: undefined, extras: {} }

/** What stands beside an error that is flat, and is about the answer rather than the error, or about an account. */
const envelope = ["object", "choices", "id", "created", "model", "usage", "success", "data", "user_id", "errors"]

// The first field that says something, and what it says; a text of JSON stands for the error in it.
const ownMessage = (error: JsonObject.JsonObject, left: number): readonly [string | undefined, ErrorFields] => {
  for (const key of ErrorKeys.messages) {
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
  inner.map((each) => each[key]).find(isSaid)

const othersOf = (
  error: JsonObject.JsonObject,
  used: ReadonlyArray<string>,
  beside: ReadonlyArray<string>
): JsonObject.JsonObject =>
  Object.fromEntries(
    Object.entries(error)
      .filter(([key, value]) => saysSomething(value) && !used.includes(key) && !beside.includes(key))
      .map(([key, value]) => [key, key === "metadata" ? withoutHeaders(value) : value])
  )

const saysSomething = (value: unknown): boolean => JsonObject.isPresent(value) && !JsonObject.isEmpty(value)

// What the provider behind the backend sent them: the limits of the operator's account.
const withoutHeaders = (metadata: unknown): unknown => {
  if (!JsonObject.is(metadata)) return metadata
  const { headers: _, ...others } = metadata
  return others
}
