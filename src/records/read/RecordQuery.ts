import * as Context from "effect/Context"
import * as Data from "effect/Data"
import type * as Effect from "effect/Effect"
import type * as Stream from "effect/Stream"
import { reasonOf } from "../../domain/failure/Failure.js"
import type { Filter } from "./RecordFilter.js"
import type { RecordRow } from "./RecordRow.js"
import type * as RecordSums from "./RecordSums.js"

/** The records could not be read. */
export class RecordsUnreadable extends Data.TaggedError("RecordsUnreadable")<{
  readonly path: string
  readonly cause: unknown
}> {
  override get message() {
    return `${this.path}: records cannot be read: ${reasonOf(this.cause)}`
  }
}

/** How much of the rows of a list is read: no headers and bodies, and of each text perhaps no more than its beginning. */
export type Extent = "slim" | "brief"

/** Reads the records that were written, wherever they are by now; whoever writes is not held up. */
export class RecordQuery extends Context.Tag("causeway/records/RecordQuery")<
  RecordQuery,
  {
    /** The newest rows, oldest first. */
    readonly find: (
      filter: Filter,
      limit: number,
      extent: Extent
    ) => Effect.Effect<ReadonlyArray<RecordRow>, RecordsUnreadable>
    /** Rows whose id begins so, whole: two at least, if there are as many. */
    readonly get: (prefix: string) => Effect.Effect<ReadonlyArray<RecordRow>, RecordsUnreadable>
    /** Sums for each outcome and whatever else they are asked by; those of one kind may come in parts. */
    readonly stats: (
      filter: Filter,
      by: ReadonlyArray<RecordSums.Dimension>
    ) => Effect.Effect<ReadonlyArray<RecordSums.Sum>, RecordsUnreadable>
    /** All rows, whole, in the order in which they were written, a page at a time. */
    readonly all: (filter: Filter) => Stream.Stream<ReadonlyArray<RecordRow>, RecordsUnreadable>
  }
>() {}
