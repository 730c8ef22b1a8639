import { createHash } from "node:crypto"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import * as Schedule from "effect/Schedule"
import { AppendFailed } from "../../domain/failure/Failure.js"
import type { Digest } from "../../domain/record/Redaction.js"
import * as Redaction from "../../domain/record/Redaction.js"
import { boundedLogged, mayWeigh, weighAll, withheld } from "../../domain/record/RequestRecord.js"
import type { LoggedRecord } from "../../domain/record/RequestRecord.js"
import type * as Retention from "../../domain/config/Retention.js"
import * as MonthlyRotation from "../store/MonthlyRotation.js"
import * as RecordStats from "../read/RecordStats.js"
import * as RefusedFile from "./RefusedFile.js"
import * as Sift from "./Sift.js"
import * as Spool from "../spool/Spool.js"
import * as SqliteFault from "../store/SqliteFault.js"

/** How a batch is kept; the plain form of the configuration's `log`. */
export interface Settings {
  readonly durability: "relaxed" | "wal" | "sync"
  readonly bodies: Redaction.Bodies
  readonly archive: boolean
  readonly retention: Retention.Retention | null
}

/** Keeps records in a database, and in the spool until the database has them. */
export interface Recorder {
  /** Takes records; when it succeeds they are on the disk, in the database or in the spool. */
  readonly append: (records: ReadonlyArray<LoggedRecord>, settings: Settings) => Effect.Effect<void, AppendFailed>
  /** The same at once, where nothing stands in the way, and without a fiber; false when it is `append` that has to. */
  readonly appendNow: (records: ReadonlyArray<LoggedRecord>, settings: Settings) => boolean
  readonly stats: () => RecordStats.WriterStats
}

/** Where a recorder writes. */
export interface Options {
  /** The database file. */
  readonly path: string
  /** How many bytes may wait in the spool. Default: 1 GiB. */
  readonly spoolSize?: number
}

/** After this long without a record the database is let go of, and the spool tidied. */
const restAfter = "5 seconds"
/** So long the rows that follow on others gather in the spool before they go into the database, and how many at most. */
const gatherFor = "500 millis"
const gathered = { rows: 500, bytes: 2 * 1024 ** 2 }
/** A batch of so many bytes costs less in the database than in the spool first. */
const large = 512 * 1024
const retryInterval = Duration.seconds(1)
/** How soon a database that others write to is asked again, and how often before that is worth a word. */
const turnInterval = Duration.millis(100)
const turns = 3
const housekeepingInterval = "1 minute"

/** A recorder; what is in the spool when it closes and cannot be put into the database stays for the next one. */
export const make = Effect.fnUntraced(function* (options: Options) {
  const stats: { -readonly [K in keyof RecordStats.WriterStats]: number } = { ...RecordStats.none }
  let archive = true
  let retention: Retention.Retention | null = null
  let failing = false
  /** How often in a row the database has refused rows only because others were writing. */
  let waited = 0
  /** Rows that have come into the spool since the database was last given what is there. */
  let gathering = 0
  /** Rows of this process that are in the spool. */
  let waiting = 0

  const spool = yield* Spool.make(
    { database: options.path, ...(options.spoolSize === undefined ? {} : { limit: options.spoolSize }) },
    (lines) => void (stats.damagedLines += lines)
  )
  const database = yield* MonthlyRotation.make({
    path: options.path,
    archive: Effect.sync(() => archive),
    onCorrupt: () => void stats.corruptDatabases++
  })
  const refusedFile = yield* RefusedFile.make(options.path)
  const stirred = yield* Effect.makeLatch(true)
  const crowded = yield* Effect.makeLatch()

  const insert = (records: ReadonlyArray<LoggedRecord>) =>
    database.appendAll(records).pipe(
      Effect.catchAllDefect((cause) => new AppendFailed({ path: options.path, cause })),
      Effect.tap(() => Effect.sync(() => void (stats.stored += records.length))),
      Effect.tapError(() => Effect.sync(() => void stats.storeFailures++))
    )

  // One row that no database takes must not hold up the others.
  const insertEach = (records: ReadonlyArray<LoggedRecord>) =>
    Effect.gen(function* () {
      const { failure, refused } = yield* Sift.sift(records, (part) => Effect.as(insert(part), part.length), blame)
      if (failure !== undefined) return yield* failure
      for (const each of refused) yield* insertWithheld(each)
      const [first] = refused
      if (first === undefined) return
      yield* Effect.logError(`${refused.length} records are stored without their bodies: ${first.failure.message}`)
    })

  const insertWithheld = ({ failure, row }: Sift.Refused<LoggedRecord, AppendFailed>) => {
    const rest = withheld(row, failure)
    return insert([rest]).pipe(
      Effect.tap(() => Effect.sync(() => void stats.withheld++)),
      Effect.catchIf(SqliteFault.isOfRows, () => setAside(rest))
    )
  }

  const setAside = (record: LoggedRecord) =>
    refusedFile.append(record).pipe(
      Effect.tap(() => Effect.sync(() => void stats.setAside++)),
      Effect.zipRight(
        Effect.logError(`The record ${record.id} is in no table: it was set aside in ${refusedFile.path}`)
      )
    )

  const drainOne = Effect.gen(function* () {
    const unsettled = yield* spool.next
    if (unsettled === undefined) return false
    const { adopted, records, settle } = unsettled
    yield* Effect.catchIf(insert(records), SqliteFault.isOfRows, () => insertEach(records))
    if (adopted) stats.replayed += records.length
    else waiting -= records.length
    yield* settle
    return true
  }).pipe(Effect.uninterruptible)

  // Puts into the database what is in the spool; false when the database does not take it.
  const drain = drainOne.pipe(
    Effect.repeat({ while: (more) => more }),
    Effect.zipRight(report(false, Effect.logInfo("Records reach their database again"))),
    Effect.map(() => {
      waited = 0
      return true
    }),
    Effect.catchAllDefect((cause) => new AppendFailed({ path: options.path, cause })),
    Effect.catchAll((failure) => {
      waited = SqliteFault.isBusy(failure) ? waited + 1 : turns
      const line = Effect.logError(`Records wait in the spool: ${failure.message}`)
      return Effect.as(waited < turns ? Effect.void : report(true, line), false)
    })
  )

  function report(fails: boolean, line: Effect.Effect<void>): Effect.Effect<void> {
    return Effect.suspend(() => {
      const changed = failing !== fails
      failing = fails
      return changed ? line : Effect.void
    })
  }

  const rest = Effect.zipRight(spool.tidy, database.release)

  const gather = Effect.asVoid(Effect.timeoutOption(crowded.await, gatherFor))

  const loop = Effect.gen(function* () {
    const woken = yield* Effect.timeoutOption(stirred.await, restAfter)
    if (woken._tag === "None") yield* Effect.zipRight(rest, stirred.await)
    yield* stirred.close
    gathering = 0
    yield* crowded.close
    const before = stats.stored
    // A transaction for every batch would cost many times as much, and an index of a busy day most of all.
    if (yield* drain) return yield* stats.stored > before ? gather : Effect.void
    // Whoever else writes here may need to have the database to itself, and must not come back at the same moment.
    yield* database.release
    const interval = waited < turns ? turnInterval : retryInterval
    yield* Effect.sleep(Duration.times(interval, 0.5 + (yield* Random.next)))
    yield* stirred.open
  })

  const retain = Effect.suspend(() =>
    retention === null
      ? Effect.void
      : database.retain(retention).pipe(
          Effect.tap((count) => Effect.sync(() => void (stats.archivesDeleted += count))),
          Effect.catchAll((failure) => Effect.logWarning(`log.retention: ${failure.message}`))
        )
  )

  const housekeeping = Effect.gen(function* () {
    yield* retain
    if ((yield* spool.adopt) > 0) yield* stirred.open
  })

  const orphans = yield* spool.adopt
  if (orphans > 0) yield* Effect.logInfo(`Replaying ${orphans} files of records that were left behind`)

  // Registered before the loops are forked, so that it runs after they have stopped.
  yield* Effect.addFinalizer(() =>
    Effect.gen(function* () {
      yield* Effect.repeat(drain, {
        until: (done) => done || waited >= turns,
        schedule: Schedule.spaced(turnInterval)
      })
      if (spool.pending() > 0) yield* Effect.logWarning(`${spool.pending()} bytes of records stay in the spool`)
      yield* spool.tidy
    })
  )
  yield* Effect.forkScoped(Effect.forever(loop))
  yield* Effect.forkScoped(Effect.forever(Effect.zipRight(Effect.sleep(housekeepingInterval), housekeeping)))

  const keptOf = (records: ReadonlyArray<LoggedRecord>, settings: Settings) => {
    archive = settings.archive
    retention = settings.retention
    return records.map((record) => keptOne(boundedLogged(record), settings.bodies))
  }

  const keptOne = (record: LoggedRecord, bodies: Redaction.Bodies) => {
    const kept = Redaction.apply(record, bodies, digest)
    if (bodies === "redacted" && kept.Request === null && record.Request !== null) stats.withheld++
    return kept
  }

  const append: Recorder["append"] = (records, settings) =>
    Effect.suspend(() => {
      const bounded = bounds(settings)
      const kept = keptOf(records, settings)
      const put = isDirect(kept, settings) ? intoDatabase(kept) : intoSpool(kept)
      return bounded ? Effect.zipRight(retain, put) : put
    })

  const appendNow: Recorder["appendNow"] = (records, settings) => {
    if (isDirect(records, settings) || bounds(settings)) return false
    try {
      if (!spool.appendNow(keptOf(records, settings))) return false
    } catch {
      // Whatever it is, `append` can say it.
      return false
    }
    spooled(records.length)
    return true
  }

  // Archives may have to go as soon as it is known how many may stay.
  const bounds = (settings: Settings) => retention === null && settings.retention !== null

  const isDirect = (records: ReadonlyArray<LoggedRecord>, { durability }: Settings) =>
    mayWeigh(records, large) && weighAll(records) >= large
      ? waited === 0
      : durability === "relaxed" && spool.pending() === 0

  const intoDatabase = (records: ReadonlyArray<LoggedRecord>) =>
    Effect.catchAll(insert(records), () => toSpool(records))

  // A full or unwritable spool is no reason not to ask the database itself.
  const intoSpool = (records: ReadonlyArray<LoggedRecord>) =>
    Effect.catchAll(toSpool(records), (failure) => Effect.mapError(insert(records), () => failure))

  const toSpool = (records: ReadonlyArray<LoggedRecord>) =>
    Effect.map(spool.append(records), () => spooled(records.length))

  const spooled = (rows: number) => {
    stats.spooled += rows
    gathering += rows
    waiting += rows
    if (gathering >= gathered.rows || spool.pending() >= gathered.bytes) crowded.unsafeOpen()
    stirred.unsafeOpen()
  }

  const recorder: Recorder = {
    append,
    appendNow,
    // What others have left is not counted, but waits all the same.
    stats: () => ({ ...stats, spoolBytes: spool.pending(), waiting: failing ? Math.max(1, waiting) : 0 })
  }
  return recorder
})

const blame = (failure: AppendFailed): Sift.Blame => (SqliteFault.isOfRows(failure) ? "row" : "passing")

const digest: Digest = (text, encoding) => {
  const bytes = Buffer.from(text, encoding)
  return { bytes: bytes.length, sha256: createHash("sha256").update(bytes).digest("hex") }
}
