import * as Schema from "effect/Schema"
import { WriterSettings } from "../../domain/config/WriterSettings.js"
import { WriterStats } from "../read/RecordStats.js"

/** What the writer's thread is told first: where to write. */
export const Begin = Schema.Struct({ path: Schema.String, spoolSize: Schema.optional(Schema.Number) })
export type Begin = typeof Begin.Type

/** Records that the writer's thread is to keep. */
export const Append = Schema.TaggedStruct("Append", {
  number: Schema.Number,
  /** Each is looked at by itself, so that one which is none cannot hold up the others. */
  records: Schema.declare((value): value is ReadonlyArray<unknown> => Array.isArray(value)),
  settings: WriterSettings
})
export type Append = typeof Append.Type

/** What is known of exchanges that run, for whoever comes after this process should it be killed. */
export const Note = Schema.TaggedStruct("Note", { records: Append.fields.records })

/** What the writer's thread is told. */
export const Order = Schema.Union(Append, Note, Schema.TaggedStruct("Close", {}))
export type Order = typeof Order.Type

/** What the writer's thread says once it has begun. */
export const News = Schema.Union(
  Schema.TaggedStruct("Appended", {
    number: Schema.Number,
    failure: Schema.NullOr(Schema.String),
    stats: WriterStats
  }),
  Schema.TaggedStruct("Stats", { stats: WriterStats }),
  Schema.TaggedStruct("Line", { level: Schema.Literal("Info", "Warning", "Error"), text: Schema.String })
)
export type News = typeof News.Type

/** What the writer's thread says. */
export const Report = Schema.Union(
  Schema.TaggedStruct("Ready", {}),
  Schema.TaggedStruct("Unavailable", { reason: Schema.String }),
  News
)
export type Report = typeof Report.Type
