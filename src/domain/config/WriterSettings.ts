import * as Schema from "effect/Schema"
import { Retention } from "./Retention.js"

/** When a row is on the disk. */
export const Durability = Schema.Literal("relaxed", "wal", "sync")

/** How much of the bodies is stored: everything, everything but media, or nothing. */
export const Bodies = Schema.Literal("full", "redacted", "none")
export type Bodies = typeof Bodies.Type

/** What of the configuration's `log` the writer of records obeys, as a message to its thread can hold it. */
export const WriterSettings = Schema.Struct({
  durability: Durability,
  bodies: Bodies,
  archive: Schema.Boolean,
  retention: Schema.NullOr(Retention)
})
export interface WriterSettings extends Schema.Schema.Type<typeof WriterSettings> {}
