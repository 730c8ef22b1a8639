import * as Predicate from "effect/Predicate"
import * as Schema from "effect/Schema"
import * as Struct from "effect/Struct"
import * as Column from "./Column.js"
import { cut } from "../text/CutText.js"
import * as Outcome from "../failure/Outcome.js"
import { reasonOf } from "../failure/Reason.js"
import * as Operation from "../operation/Operation.js"

/**
 * One row of the table `records`: one exchange, whatever its outcome. What a column is, is said here alone.
 *
 * @example
 * ```ts
 * import { RequestRecord } from "causeway"
 *
 * const tokens = ({ TotalTokens }: RequestRecord.RequestRecord): number => TotalTokens ?? 0
 *
 * export const sum = (records: ReadonlyArray<RequestRecord.RequestRecord>): number =>
 *   records.reduce((total, record) => total + tokens(record), 0)
 *
 * console.log(RequestRecord.columns.join(", "))
 * ```
 *
 * @category models
 * @since 0.1.0
 */
export const RequestRecord = Schema.Struct({
  /** The request id, also sent as `x-request-id`. */
  id: Column.text(),
  /** When the request arrived: ISO 8601, UTC. */
  Time: Column.text(),
  IP: Column.text(),
  /** The model that the last backend was asked for. */
  Model: Column.textOrNull(),
  RequestedModel: Column.textOrNull(),
  /** `chat` or `completion`. */
  Type: Column.word(Object.values(Operation.recorded)),
  Backend: Column.textOrNull(),
  /** 1 when the caller asked for a stream. */
  Stream: Column.integer(),
  /** The status that the caller was sent; null when it left before. */
  Status: Column.integerOrNull({ amended: true }),
  /** The tag of the outcome; `Interrupted` where the process was killed before there was one. */
  Outcome: Column.word(Outcome.recorded, { amended: true }),
  FinishReason: Column.textOrNull(),
  /** JSON: a list of {@link AttemptTrace}. */
  Attempts: Column.text({ json: true, longest: 64 * 1024, instead: "[]" }),
  CompletionTokens: Column.integerOrNull({ amended: true }),
  PromptTokens: Column.integerOrNull({ amended: true }),
  TotalTokens: Column.integerOrNull({ amended: true }),
  /** 1 when the request brought tools. */
  Tool: Column.integer(),
  /** 1 when a message carried anything but text. */
  Multimodal: Column.integer(),
  /** From arrival to the true end, in ms. */
  LatencyMs: Column.real({ amended: true }),
  /** From arrival to the first content for the caller, in ms. */
  TtftMs: Column.realOrNull(),
  /** JSON: the caller's headers, credentials redacted. */
  Headers: Column.text({ json: true, large: true, longest: 64 * 1024, instead: "{}" }),
  /** JSON: the body as it was sent upstream. */
  Request: Column.textOrNull({ json: true, large: true, longest: Infinity }),
  /** JSON: the answer that the caller got, assembled when it was streamed. */
  Response: Column.textOrNull({ json: true, large: true, longest: Infinity }),
  Error: Column.textOrNull({ amended: true, longest: 4_000 }),
  /** The fingerprint of the caller's credential; null when it brought none. */
  Caller: Column.textOrNull(),
  /** 1 when the backend did not come to tell its counts, so that they are estimated. */
  TokensEstimated: Column.integerOrNull({ amended: true }),
  /** What cleaning took away of the messages, such as `user_turns=1`; null when that was nothing. */
  Cleaned: Column.textOrNull()
})
export interface RequestRecord extends Schema.Schema.Type<typeof RequestRecord> {}

/**
 * What a log is given: a record, which replaces the row that was written before its exchange ended where it `amends` it.
 *
 * @category models
 * @since 0.1.0
 */
export interface GivenRecord extends RequestRecord {
  readonly amends?: true | undefined
}

/**
 * A record on its way into the table, whose words may be those of another version of the gateway.
 *
 * @category models
 * @since 0.1.0
 */
export const LoggedRecord = Schema.Struct({
  ...RequestRecord.fields,
  Type: Column.text(),
  Outcome: Column.text({ amended: true }),
  amends: Schema.optional(Schema.Literal(true))
})
export interface LoggedRecord extends Schema.Schema.Type<typeof LoggedRecord> {}

/** A record as the table holds it. */
type Row = Omit<LoggedRecord, "amends">

/**
 * The names of the columns, in the order of the table.
 *
 * @category functions
 * @since 0.1.0
 */
export const columns = Struct.keys(RequestRecord.fields)

const described = columns.map((name) => ({ name, column: Column.of(RequestRecord.fields[name]) }))

/**
 * The columns of which something is true.
 *
 * @category functions
 * @since 0.1.0
 */
export const columnsThat = (is: (column: Column.Column) => boolean): ReadonlyArray<keyof RequestRecord> =>
  described.filter(({ column }) => is(column)).map(({ name }) => name)

const checks = described.map(({ column, name }) => ({ name, isRight: Column.checkOf(column) }))

/**
 * Whether this is a record: what `Schema.is(LoggedRecord)` says, at a quarter of the price.
 *
 * @category functions
 * @since 0.1.0
 */
export const isLogged = (value: unknown): value is LoggedRecord => {
  if (!Predicate.isRecord(value)) return false
  if (value["amends"] !== undefined && value["amends"] !== true) return false
  for (const { isRight, name } of checks) if (!isRight(value[name])) return false
  return true
}

/** What a record holds besides its texts, roughly, in bytes. */
const ofItself = 1024

/**
 * Roughly how much memory a record holds, in bytes: every text of it with as much as it takes.
 *
 * @category functions
 * @since 0.1.0
 */
export const weigh = (record: Row): number => {
  let weight = ofItself
  for (const name of texts) weight += held(record[name])
  return weight
}

const texts = columns.filter(isTextColumn)

function isTextColumn(name: keyof RequestRecord): name is TextColumn {
  return Column.of(RequestRecord.fields[name]).type === "TEXT"
}

type TextColumn = {
  [K in keyof Row]: string extends Row[K] ? K : never
}[keyof Row]

// V8 holds a text with two bytes a character as soon as one of them needs both. One that needs none is known without a
// look at its characters.
const held = (text: string | null): number => {
  if (text === null) return 0
  return text.length <= 64 || beyondLatin1.test(text) ? 2 * text.length : text.length
}

const beyondLatin1 = /[\u0100-\uffff]/

/**
 * Whether these records may hold more than so many bytes together: none of their characters is looked at.
 *
 * @category functions
 * @since 0.1.0
 */
export const mayWeigh = (records: ReadonlyArray<Row>, bytes: number): boolean => {
  let most = 0
  for (const record of records) {
    most += ofItself
    for (const name of texts) most += 2 * (record[name]?.length ?? 0)
  }
  return most >= bytes
}

/**
 * What these records hold together.
 *
 * @category functions
 * @since 0.1.0
 */
export const weighAll = (records: ReadonlyArray<Row>): number => records.reduce((sum, record) => sum + weigh(record), 0)

/**
 * One attempt as the record shows it; `failure` is null for one that answered and kept answering, and `rescue` says how
 * an attempt was to go on with an answer that had broken off; `skipped` counts the events of an answer that are no JSON,
 * and `location` is where a redirect would have led.
 *
 * @category models
 * @since 0.1.0
 */
export const AttemptTrace = Schema.Struct({
  backend: Schema.String,
  model: Schema.String,
  failure: Schema.NullOr(Schema.String),
  status: Schema.NullOr(Schema.Number),
  ms: Schema.Number,
  location: Schema.optionalWith(Schema.String, { exact: true }),
  rescue: Schema.optionalWith(Schema.Literal("restart", "continue"), { exact: true }),
  skipped: Schema.optionalWith(Schema.Number, { exact: true })
})
export interface AttemptTrace extends Schema.Schema.Type<typeof AttemptTrace> {}

/**
 * The column `Attempts`, as the list of attempts that is written in it.
 *
 * @category models
 * @since 0.1.0
 */
export const Attempts = Schema.parseJson(Schema.Array(AttemptTrace))

/**
 * The month a record belongs to, such as `202611`; "" when its time is none.
 *
 * @category functions
 * @since 0.1.0
 */
export const monthOf = ({ Time }: Pick<RequestRecord, "Time">): string =>
  isTime.test(Time) ? Time.slice(0, 4) + Time.slice(5, 7) : ""

const isTime = /^\d{4}-\d{2}(?:-|$)/

/** How large a count may be: whoever sums up the rows of years must not come to the end of the numbers. */
const mostCount = 1e12

/**
 * The record as any table can hold it: names and errors of bounded length, numbers that are some, a time that is one.
 *
 * @category functions
 * @since 0.1.0
 */
export const bounded = (record: RequestRecord): RequestRecord =>
  fits(record) ? record : { ...fitted(record), Type: record.Type, Outcome: record.Outcome }

// Nearly all do, and each is asked twice: copies would cost more than the look.
const fits = (record: Row): boolean => {
  for (const { longest, name } of bounds) if ((record[name]?.length ?? 0) > longest) return false
  for (const name of countables) if (!(Math.abs(record[name] ?? 0) <= mostCount)) return false
  return isTime.test(record.Time)
}

const fitted = (record: Row): Row => {
  const kept: { -readonly [K in keyof Row]: Row[K] } = Struct.pick(record, ...columns)
  for (const { instead, longest, name } of bounds) {
    const text = record[name]
    if (text !== null && text.length > longest) kept[name] = instead ?? cut(text, longest)
  }
  for (const name of numbers) if (!isCountable(record[name])) kept[name] = 0
  for (const name of counts) if (!isCountable(record[name])) kept[name] = null
  if (!isTime.test(record.Time)) kept.Time = epoch
  return kept
}

/**
 * {@link bounded} for a record on its way.
 *
 * @category functions
 * @since 0.1.0
 */
export const boundedLogged = (record: LoggedRecord): LoggedRecord =>
  fits(record) ? record : record.amends === undefined ? fitted(record) : { ...fitted(record), amends: record.amends }

/**
 * The record without its bodies, and the word why, unless it ended with an error of its own.
 *
 * @category functions
 * @since 0.1.0
 */
export const withheld = (record: LoggedRecord, cause: unknown): LoggedRecord =>
  boundedLogged({
    ...record,
    Request: null,
    Response: null,
    Error: record.Error ?? `The bodies are not stored: ${reasonOf(cause)}`
  })

/** How long each text may be that is bounded; the bodies are not. */
const bounds = texts
  .map((name) => ({ ...Column.of(RequestRecord.fields[name]), name }))
  .filter(({ longest }) => longest < Infinity)

const numbers = columns.filter(isNumberColumn)
const counts = columns.filter(isCountColumn)
const countables = [...numbers, ...counts]

function isNumberColumn(name: keyof RequestRecord): name is NumberColumn {
  return !isTextColumn(name) && !Column.of(RequestRecord.fields[name]).nullable
}

function isCountColumn(name: keyof RequestRecord): name is CountColumn {
  return !isTextColumn(name) && !isNumberColumn(name)
}

type NumberColumn = { [K in keyof Row]: Row[K] extends number ? K : never }[keyof Row]
type CountColumn = Exclude<keyof Row, TextColumn | NumberColumn>

const isCountable = (value: number | null): boolean => Math.abs(value ?? 0) <= mostCount

const epoch = "1970-01-01T00:00:00.000Z"
