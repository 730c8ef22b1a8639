import * as Effect from "effect/Effect"
import { AppendFailed } from "../../domain/failure/Failure.js"
import { withheld } from "../../domain/record/RequestRecord.js"
import type { LoggedRecord } from "../../domain/record/RequestRecord.js"
import type { WriterStats } from "../read/RecordStats.js"
import type { Keeping, RecordStore } from "../store/RecordStore.js"
import type { RefusedFile } from "./RefusedFile.js"
import * as Sift from "./Sift.js"

/** Puts rows into their store, and where one is at fault into the file of those that are refused. */
export interface Insertion {
  /** The database file, as it is named where something fails. */
  readonly path: string
  readonly store: RecordStore["Type"]
  readonly refused: RefusedFile
  /** What has been done; counted on. */
  readonly counts: Counts
  /** As the last settings say. */
  keeping: Keeping
}

/** What the writer has done, as it is counted. */
export type Counts = { -readonly [K in keyof WriterStats]: number }

/** Puts rows into the store, all or, when it fails, perhaps leading ones of them. */
export const insert = ({ counts, keeping, path, store }: Insertion, records: ReadonlyArray<LoggedRecord>) =>
  store.appendAll(records, keeping).pipe(
    Effect.catchAllDefect((cause) => new AppendFailed({ path, cause })),
    Effect.tap(() => Effect.sync(() => void (counts.stored += records.length))),
    Effect.tapError(() => Effect.sync(() => void counts.storeFailures++))
  )

/** The same, so that one row which no store takes does not hold up the others; fails for all other reasons. */
export const insertAround = (into: Insertion, records: ReadonlyArray<LoggedRecord>) =>
  Effect.catchIf(insert(into, records), isOfRows, () => insertEach(into, records))

const insertEach = Effect.fnUntraced(function* (into: Insertion, records: ReadonlyArray<LoggedRecord>) {
  const offer = (part: ReadonlyArray<LoggedRecord>) => Effect.as(insert(into, part), part.length)
  const { failure, refused } = yield* Sift.sift(records, offer, blame)
  if (failure !== undefined) return yield* failure
  for (const each of refused) yield* insertWithheld(into, each)
  const [first] = refused
  if (first === undefined) return
  yield* Effect.logError(`${refused.length} records are stored without their bodies: ${first.failure.message}`)
})

const insertWithheld = (into: Insertion, { failure, row }: Sift.Refused<LoggedRecord, AppendFailed>) => {
  const rest = withheld(row, failure)
  return insert(into, [rest]).pipe(
    Effect.tap(() => Effect.sync(() => void into.counts.withheld++)),
    Effect.catchIf(isOfRows, () => setAside(into, rest))
  )
}

const setAside = ({ counts, refused }: Insertion, record: LoggedRecord) =>
  refused.append(record).pipe(
    Effect.tap(() => Effect.sync(() => void counts.setAside++)),
    Effect.zipRight(Effect.logError(`The record ${record.id} is in no table: it was set aside in ${refused.path}`))
  )

const isOfRows = ({ fault }: AppendFailed): boolean => fault === "rows"

const blame = (failure: AppendFailed): Sift.Blame => (isOfRows(failure) ? "row" : "passing")
