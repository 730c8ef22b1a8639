import * as Predicate from "effect/Predicate"
import * as Schema from "effect/Schema"
import * as Struct from "effect/Struct"
import { cut } from "../text/CutText.js"
import { reasonOf } from "../failure/Failure.js"

const Text = Schema.NullOr(Schema.String)
const Count = Schema.NullOr(Schema.Number)

/** One row of the table `records`: one exchange, whatever its outcome. */
export const RequestRecord = Schema.Struct({
  /** The request id, also sent as `x-request-id`. */
  id: Schema.String,
  /** When the request arrived: ISO 8601, UTC. */
  Time: Schema.String,
  IP: Schema.String,
  /** The model that the last backend was asked for. */
  Model: Text,
  RequestedModel: Text,
  /** `chat` or `completion`. */
  Type: Schema.String,
  Backend: Text,
  /** 1 when the caller asked for a stream. */
  Stream: Schema.Number,
  /** The status that the caller was sent; null when it left before. */
  Status: Count,
  /** The tag of the outcome. */
  Outcome: Schema.String,
  FinishReason: Text,
  /** JSON: a list of {@link AttemptTrace}. */
  Attempts: Schema.String,
  CompletionTokens: Count,
  PromptTokens: Count,
  TotalTokens: Count,
  /** 1 when the request brought tools. */
  Tool: Schema.Number,
  /** 1 when a message carried anything but text. */
  Multimodal: Schema.Number,
  /** From arrival to the true end, in ms. */
  LatencyMs: Schema.Number,
  /** From arrival to the first content for the caller, in ms. */
  TtftMs: Count,
  /** JSON: the caller's headers, credentials redacted. */
  Headers: Schema.String,
  /** JSON: the body as it was sent upstream. */
  Request: Text,
  /** JSON: the answer that the caller got, assembled when it was streamed. */
  Response: Text,
  Error: Text,
  /** The fingerprint of the caller's credential; null when it brought none. */
  Caller: Text
})
export interface RequestRecord extends Schema.Schema.Type<typeof RequestRecord> {}

/** A record on its way into the table; one that `amends` replaces the row that was written before the exchange ended. */
export const LoggedRecord = Schema.Struct({ ...RequestRecord.fields, amends: Schema.optional(Schema.Literal(true)) })
export interface LoggedRecord extends Schema.Schema.Type<typeof LoggedRecord> {}

const isText = (value: unknown) => typeof value === "string"
const isCount = (value: unknown) => typeof value === "number"

const checkOf = (field: (typeof RequestRecord.fields)[keyof RequestRecord]): ((value: unknown) => boolean) => {
  if (field === Schema.String) return isText
  if (field === Schema.Number) return isCount
  if (field === Text) return (value) => value === null || isText(value)
  if (field === Count) return (value) => value === null || isCount(value)
  return Schema.is(Schema.make(field.ast))
}

const checks = Struct.entries(RequestRecord.fields).map(([name, field]) => ({ name, isRight: checkOf(field) }))

/** Whether this is a record: what `Schema.is(LoggedRecord)` says, at a quarter of the price. */
export const isLogged = (value: unknown): value is LoggedRecord => {
  if (!Predicate.isRecord(value)) return false
  if (value["amends"] !== undefined && value["amends"] !== true) return false
  for (const { isRight, name } of checks) if (!isRight(value[name])) return false
  return true
}

/** The names of the columns. */
export const columns = Struct.keys(RequestRecord.fields)

/** What a record holds besides its texts, roughly, in bytes. */
const ofItself = 1024

/** Roughly how much memory a record holds, in bytes: every text of it with as much as it takes. */
export const weigh = (record: RequestRecord): number => {
  let weight = ofItself
  for (const name of texts) weight += held(record[name])
  return weight
}

const texts = Struct.keys(RequestRecord.fields).filter(isTextColumn)

function isTextColumn(name: keyof RequestRecord): name is TextColumn {
  const field = RequestRecord.fields[name]
  return field === Schema.String || field === Text
}

type TextColumn = {
  [K in keyof RequestRecord]: string extends RequestRecord[K] ? K : never
}[keyof RequestRecord]

// V8 holds a text with two bytes a character as soon as one of them needs both. One that needs none is known without a
// look at its characters.
const held = (text: string | null): number => {
  if (text === null) return 0
  return text.length <= 64 || beyondLatin1.test(text) ? 2 * text.length : text.length
}

const beyondLatin1 = /[\u0100-\uffff]/

/** Whether these records may hold more than so many bytes together: none of their characters is looked at. */
export const mayWeigh = (records: ReadonlyArray<RequestRecord>, bytes: number): boolean => {
  let most = 0
  for (const record of records) {
    most += ofItself
    for (const name of texts) most += 2 * (record[name]?.length ?? 0)
  }
  return most >= bytes
}

/** What these records hold together. */
export const weighAll = (records: ReadonlyArray<RequestRecord>): number =>
  records.reduce((sum, record) => sum + weigh(record), 0)

/**
 * One attempt as the record shows it; `failure` is null for one that answered and kept answering, and `rescue` says how
 * an attempt was to go on with an answer that had broken off.
 */
export interface AttemptTrace {
  readonly backend: string
  readonly model: string
  readonly failure: string | null
  readonly status: number | null
  readonly ms: number
  readonly rescue?: "restart" | "continue"
}

/** The month a record belongs to, such as `202611`; "" when its time is none. */
export const monthOf = ({ Time }: Pick<RequestRecord, "Time">): string =>
  isTime.test(Time) ? Time.slice(0, 4) + Time.slice(5, 7) : ""

const isTime = /^\d{4}-\d{2}(?:-|$)/

/** How long names and errors may be in a row, and what is JSON in it besides the bodies, in characters. */
export const most = { name: 512, error: 4_000, json: 64 * 1024 }

/** How large a count may be: whoever sums up the rows of years must not come to the end of the numbers. */
const mostCount = 1e12

/** The record as any table can hold it: names and errors of bounded length, numbers that are some, a time that is one. */
export const bounded = (record: RequestRecord): RequestRecord => (fits(record) ? record : fitted(record))

// Nearly all do, and each is asked twice: copies would cost more than the look.
const fits = (record: RequestRecord): boolean => {
  for (const { longest, name } of textsOf) if ((record[name]?.length ?? 0) > longest) return false
  for (const name of numbers) if (!(Math.abs(record[name] ?? 0) <= mostCount)) return false
  return isTime.test(record.Time)
}

const fitted = (record: RequestRecord): RequestRecord => ({
  id: cut(record.id, most.name),
  Time: monthOf(record) === "" ? epoch : cut(record.Time, most.name),
  IP: cut(record.IP, most.name),
  Model: name(record.Model),
  RequestedModel: name(record.RequestedModel),
  Type: cut(record.Type, most.name),
  Backend: name(record.Backend),
  Stream: number(record.Stream),
  Status: count(record.Status),
  Outcome: cut(record.Outcome, most.name),
  FinishReason: name(record.FinishReason),
  Attempts: record.Attempts.length > most.json ? "[]" : record.Attempts,
  CompletionTokens: count(record.CompletionTokens),
  PromptTokens: count(record.PromptTokens),
  TotalTokens: count(record.TotalTokens),
  Tool: number(record.Tool),
  Multimodal: number(record.Multimodal),
  LatencyMs: number(record.LatencyMs),
  TtftMs: count(record.TtftMs),
  Headers: record.Headers.length > most.json ? "{}" : record.Headers,
  Request: record.Request,
  Response: record.Response,
  Error: record.Error === null ? null : cut(record.Error, most.error),
  Caller: name(record.Caller)
})

/** {@link bounded} for a record on its way. */
export const boundedLogged = (record: LoggedRecord): LoggedRecord =>
  record.amends === undefined ? bounded(record) : { ...bounded(record), amends: record.amends }

/** The record without its bodies, and the word why, unless it ended with an error of its own. */
export const withheld = (record: LoggedRecord, cause: unknown): LoggedRecord =>
  boundedLogged({
    ...record,
    Request: null,
    Response: null,
    Error: record.Error ?? `The bodies are not stored: ${reasonOf(cause)}`
  })

/** How long each text may be that is bounded; the bodies are not. */
const textsOf = texts
  .filter((name) => name !== "Request" && name !== "Response")
  .map((name) => ({
    name,
    longest: name === "Error" ? most.error : name === "Attempts" || name === "Headers" ? most.json : most.name
  }))

const numbers = Struct.keys(RequestRecord.fields).filter(isNumberColumn)

function isNumberColumn(name: keyof RequestRecord): name is Exclude<keyof RequestRecord, TextColumn> {
  return !isTextColumn(name)
}

const epoch = "1970-01-01T00:00:00.000Z"

const name = (text: string | null): string | null => (text === null ? null : cut(text, most.name))

const number = (value: number): number => (Math.abs(value) <= mostCount ? value : 0)

const count = (value: number | null): number | null => (value === null || Math.abs(value) <= mostCount ? value : null)
