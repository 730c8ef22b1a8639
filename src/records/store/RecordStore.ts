import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type * as Retention from "../../domain/config/Retention.js"
import type { AppendFailed } from "../../domain/failure/Failure.js"
import type { LoggedRecord } from "../../domain/record/RequestRecord.js"

/** How past months are kept. */
export interface Keeping {
  /** Whether a month is moved aside when the first record of a later one comes. */
  readonly archive: boolean
}

/**
 * A database of records, as the writer needs it. A record whose id is there is left as it is, unless the record amends
 * it. What it fails with says whose fault that is, where it is known: `fault`.
 */
export class RecordStore extends Context.Tag("causeway/records/RecordStore")<
  RecordStore,
  {
    /** Appends all records, wherever they belong; when it fails, leading ones may be there. */
    readonly appendAll: (records: ReadonlyArray<LoggedRecord>, keeping: Keeping) => Effect.Effect<void, AppendFailed>
    /** Lets go of the database until the next append, so that another process may have it to itself. */
    readonly release: Effect.Effect<void>
    /** Deletes what is older or larger than may be kept, and says how many archives those were. */
    readonly retain: (retention: Retention.Retention) => Effect.Effect<number, AppendFailed>
    /** How often the database was corrupt and another one begun. */
    readonly corrupted: () => number
  }
>() {}
