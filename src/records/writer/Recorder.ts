import { createHash } from "node:crypto"
import * as Effect from "effect/Effect"
import type { WriterSettings } from "../../domain/config/WriterSettings.js"
import type { AppendFailed } from "../../domain/failure/Failure.js"
import type { Digest } from "../../domain/record/Redaction.js"
import * as Redaction from "../../domain/record/Redaction.js"
import { boundedLogged, mayWeigh, weighAll } from "../../domain/record/RequestRecord.js"
import type { LoggedRecord } from "../../domain/record/RequestRecord.js"
import type * as Retention from "../../domain/config/Retention.js"
import { RecordStore } from "../store/RecordStore.js"
import * as RecordStats from "../read/RecordStats.js"
import * as Insertion from "./Insertion.js"
import * as RefusedFile from "./RefusedFile.js"
import * as Spool from "../spool/Spool.js"
import * as Transfer from "./Transfer.js"

/** Keeps records in a {@link RecordStore}, and in the spool until the store has them. */
export interface Recorder {
  /** Takes records; when it succeeds they are on the disk, in the store or in the spool. */
  readonly append: (records: ReadonlyArray<LoggedRecord>, settings: WriterSettings) => Effect.Effect<void, AppendFailed>
  /** The same at once, where nothing stands in the way, and without a fiber; false when it is `append` that has to. */
  readonly appendNow: (records: ReadonlyArray<LoggedRecord>, settings: WriterSettings) => boolean
  /**
   * Takes note of exchanges that run, at once, and writes it down when it is run: these are the rows that they get should
   * the process be killed before it is given others with their ids.
   */
  readonly note: (records: ReadonlyArray<LoggedRecord>) => Effect.Effect<void>
  readonly stats: () => RecordStats.WriterStats
}

/** Where a recorder writes. */
export interface Options {
  /** The database file, beside which the spool stands. */
  readonly path: string
  /** How many bytes may wait in the spool. Default: 1 GiB. */
  readonly spoolSize?: number
}

/** A batch of so many bytes costs less in the database than in the spool first. */
const large = 512 * 1024
const housekeepingInterval = "1 minute"
/** How often it is left behind that the process lives, while exchanges run of which there are notes. */
const signOfLife = "1 second"

/** A recorder; what is in the spool when it closes and cannot be put into the store stays for the next one. */
export const make = Effect.fnUntraced(function* ({ path, spoolSize }: Options) {
  const counts: Insertion.Counts = { ...RecordStats.none }
  const spool = yield* Spool.make(
    { database: path, ...(spoolSize === undefined ? {} : { limit: spoolSize }) },
    (lines) => void (counts.damagedLines += lines)
  )
  const store = yield* RecordStore
  const refused = yield* RefusedFile.make(path)
  const into: Insertion.Insertion = { path, store, refused, counts, keeping: { archive: true } }
  const transfer = yield* Transfer.make(spool, into)
  const state: State = { spool, into, transfer, retention: null }

  const orphans = yield* spool.adopt
  if (orphans > 0) yield* Effect.logInfo(`Replaying ${orphans} files of records that were left behind`)

  // Registered before the loops are forked, so that it runs after they have stopped.
  yield* Effect.addFinalizer(() => transfer.finish)
  yield* Effect.forkScoped(transfer.run)
  yield* Effect.forkScoped(Effect.forever(Effect.zipRight(Effect.sleep(housekeepingInterval), housekeeping(state))))
  yield* Effect.forkScoped(Effect.forever(Effect.zipRight(Effect.sleep(signOfLife), Effect.sync(spool.touch))))

  const recorder: Recorder = {
    append: (records, settings) => append(state, records, settings),
    appendNow: (records, settings) => appendNow(state, records, settings),
    note: (records) => spool.note(records),
    stats: () => ({
      ...counts,
      corruptDatabases: store.corrupted(),
      spoolBytes: spool.pending(),
      waiting: transfer.waiting()
    })
  }
  return recorder
})

interface State {
  readonly spool: Spool.Spool
  readonly into: Insertion.Insertion
  readonly transfer: Transfer.Transfer
  retention: Retention.Retention | null
}

const append = (state: State, records: ReadonlyArray<LoggedRecord>, settings: WriterSettings) =>
  Effect.suspend(() => {
    const bounded = bounds(state, settings)
    const kept = keptOf(state, records, settings)
    const put = Effect.map(isDirect(state, kept, settings) ? intoStore(state, kept) : intoSpool(state, kept), () =>
      state.spool.ended(kept)
    )
    return bounded ? Effect.zipRight(retain(state), put) : put
  })

const appendNow = (state: State, records: ReadonlyArray<LoggedRecord>, settings: WriterSettings): boolean => {
  if (isDirect(state, records, settings) || bounds(state, settings)) return false
  try {
    if (!state.spool.appendNow(keptOf(state, records, settings))) return false
  } catch {
    // Whatever it is, `append` can say it.
    return false
  }
  state.transfer.spooled(records.length)
  state.spool.ended(records)
  return true
}

// Archives may have to go as soon as it is known how many may stay.
const bounds = (state: State, settings: WriterSettings): boolean =>
  state.retention === null && settings.retention !== null

const isDirect = (state: State, records: ReadonlyArray<LoggedRecord>, { durability }: WriterSettings): boolean =>
  mayWeigh(records, large) && weighAll(records) >= large
    ? state.transfer.isFlowing()
    : durability === "relaxed" && state.spool.pending() === 0

const intoStore = (state: State, records: ReadonlyArray<LoggedRecord>) =>
  Effect.catchAll(Insertion.insert(state.into, records), () => toSpool(state, records))

// A full or unwritable spool is no reason not to ask the store itself.
const intoSpool = (state: State, records: ReadonlyArray<LoggedRecord>) =>
  Effect.catchAll(toSpool(state, records), (failure) =>
    Effect.mapError(Insertion.insert(state.into, records), () => failure)
  )

const toSpool = ({ spool, transfer }: State, records: ReadonlyArray<LoggedRecord>) =>
  Effect.map(spool.append(records), () => transfer.spooled(records.length))

const keptOf = (state: State, records: ReadonlyArray<LoggedRecord>, { archive, bodies, retention }: WriterSettings) => {
  state.into.keeping = { archive }
  state.retention = retention
  return records.map((record) => keptOne(state, boundedLogged(record), bodies))
}

const keptOne = ({ into }: State, record: LoggedRecord, bodies: WriterSettings["bodies"]): LoggedRecord => {
  const kept = Redaction.apply(record, bodies, digest)
  if (bodies === "redacted" && kept.Request === null && record.Request !== null) into.counts.withheld++
  return kept
}

const digest: Digest = (text, encoding) => {
  const bytes = Buffer.from(text, encoding)
  return { bytes: bytes.length, sha256: createHash("sha256").update(bytes).digest("hex") }
}

const housekeeping = Effect.fnUntraced(function* (state: State) {
  yield* retain(state)
  if ((yield* state.spool.adopt) > 0) yield* state.transfer.stir
})

const retain = ({ into, retention }: State) =>
  retention === null
    ? Effect.void
    : into.store.retain(retention).pipe(
        Effect.tap((count) => Effect.sync(() => void (into.counts.archivesDeleted += count))),
        Effect.catchAll((failure) => Effect.logWarning(`log.retention: ${failure.message}`))
      )
