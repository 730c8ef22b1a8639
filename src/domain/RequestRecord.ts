import * as Predicate from "effect/Predicate"
import * as Schema from "effect/Schema"
import * as Struct from "effect/Struct"

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

/** Roughly how much memory a record holds, in bytes. */
export const weigh = ({ Headers, Request, Response }: RequestRecord): number =>
  1024 + Headers.length + (Request?.length ?? 0) + (Response?.length ?? 0)

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

/** The month a record belongs to, such as `202611`. */
export const monthOf = (record: Pick<RequestRecord, "Time">): string => record.Time.slice(0, 7).replace("-", "")
