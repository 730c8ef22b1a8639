import * as Schema from "effect/Schema"

/** How an answer is asked for: streamed and iterated, streamed through the client's own helper, or not streamed. */
export type Mode = "stream" | "helper" | "whole"

/** One answer to ask for. */
export interface Task {
  readonly baseURL: string
  readonly model: string
  readonly kind: "chat" | "completion"
  readonly mode: Mode
  /** Whether to ask for usage in a stream. */
  readonly usage: boolean
  /** What was said before: nothing, or a turn with reasoning and a tool call. */
  readonly history: "none" | "reasoned"
}

const orNone = <A, I>(schema: Schema.Schema<A, I>) =>
  Schema.optionalWith(Schema.Array(schema), { default: (): ReadonlyArray<A> => [] })

const Fields = Schema.Record({ key: Schema.String, value: Schema.Unknown })

/** An error as a client reports it; no status when it came inside a stream. */
export const SeenError = Schema.Struct({
  status: Schema.NullOr(Schema.Number),
  message: Schema.String,
  code: Schema.NullOr(Schema.String),
  /** Whether the backend said so; otherwise the client complains of what it got, or of the connection. */
  said: Schema.optionalWith(Schema.Boolean, { default: () => false }),
  /** What the error says besides message, type, param and code. */
  fields: Schema.optionalWith(Fields, { default: () => ({}) })
})
export interface SeenError extends Schema.Schema.Type<typeof SeenError> {}

/** What any client sees of an answer, in the words of none of them. */
export const Seen = Schema.Struct({
  text: Schema.String,
  reasoning: Schema.String,
  refusal: Schema.String,
  toolCalls: Schema.Array(Schema.Struct({ name: Schema.String, args: Schema.Unknown })),
  finish: Schema.NullOr(Schema.String),
  usage: Schema.NullOr(Schema.Struct({ prompt: Schema.Number, completion: Schema.Number, total: Schema.Number })),
  /** The tokens that log probabilities were given for. */
  logprobs: orNone(Schema.String),
  /** What was spoken, in words. */
  transcript: Schema.optionalWith(Schema.String, { default: () => "" }),
  /** The texts of the choices after the first. */
  others: orNone(Schema.String),
  /** What the first choice, its message, its calls and the answer itself have besides: by path, such as `message.images`. */
  extras: Schema.optionalWith(Fields, { default: () => ({}) }),
  error: Schema.NullOr(SeenError)
})
export interface Seen extends Schema.Schema.Type<typeof Seen> {}

/** A line that a driver answers with. */
export const Reply = Schema.parseJson(
  Schema.Struct({ id: Schema.Number, seen: Schema.optional(Seen), crash: Schema.optional(Schema.String) })
)
