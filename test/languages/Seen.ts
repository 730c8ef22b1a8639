import * as Schema from "effect/Schema"

/** One choice of an answer as a program has read it; what its client never shows is left out. */
const Choice = Schema.Struct({
  text: Schema.String,
  finish: Schema.optional(Schema.NullOr(Schema.String)),
  /** Each a name and its arguments, as text. */
  calls: Schema.optional(Schema.Array(Schema.Tuple(Schema.String, Schema.String)))
})

/** What a program in another language has read of one answer, up to its end or its failure. */
export const Seen = Schema.Struct({
  choices: Schema.Array(Choice),
  /** Prompt, completion and total; null where they were to be read and there were none. */
  usage: Schema.optional(Schema.NullOr(Schema.Tuple(Schema.Number, Schema.Number, Schema.Number))),
  /** What the client raised: its class, the status that it shows, and its words. */
  error: Schema.NullOr(
    Schema.Struct({ class: Schema.String, status: Schema.NullOr(Schema.Number), message: Schema.String })
  )
})

export type Seen = typeof Seen.Type

/** What a program is asked to do. */
export interface Task {
  readonly baseURL: string
  readonly model: string
  readonly stream: boolean
  readonly tools: boolean
  readonly n: number
  /** Whether the counts of a stream are asked for. */
  readonly usage: boolean
}

/** A line that a program writes: what it saw, or how it broke itself. */
export const Reply = Schema.parseJson(
  Schema.Struct({ id: Schema.Number, seen: Schema.optional(Seen), crash: Schema.optional(Schema.String) })
)
