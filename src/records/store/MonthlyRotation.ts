import * as FileSystem from "@effect/platform/FileSystem"
import type * as Path from "@effect/platform/Path"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Retention from "../../domain/config/Retention.js"
import { AppendFailed } from "../../domain/failure/Failure.js"
import type { LogUnavailable } from "../../domain/failure/Failure.js"
import { monthOf } from "../../domain/record/RequestRecord.js"
import type { LoggedRecord } from "../../domain/record/RequestRecord.js"
import * as Archives from "./Archives.js"
import * as PresentFile from "./PresentFile.js"
import { RecordStore } from "./RecordStore.js"
import type { Keeping } from "./RecordStore.js"
import * as SqliteFault from "./SqliteFault.js"
import * as SqliteStore from "./SqliteStore.js"

/** Where records go. */
export interface Options {
  readonly path: string
}

/**
 * A {@link RecordStore} of SQLite files that hold one month each: when a record of a later month comes, the file is moved
 * to `record_YYYYMM.db` beside it, named by the month of its data, and a new one begun. A file that vanished is begun
 * anew; one that is no database any more is set aside as `record.corrupt-<unix seconds>.db`.
 */
export const make = Effect.fnUntraced(function* ({ path }: Options) {
  const disk = yield* Effect.context<PresentFile.Disk>()
  const alone = (yield* Effect.makeSemaphore(1)).withPermits(1)
  const present = PresentFile.make(path)
  const append = (records: ReadonlyArray<LoggedRecord>, keeping = archiving) =>
    appendLeading(present, records, keeping).pipe(Effect.provide(disk), alone, Effect.uninterruptible)

  yield* Effect.addFinalizer(() => PresentFile.close(present))
  // Locked by another process, or on a full disk, it may be usable in a moment: the first append opens it.
  present.opened = yield* Effect.catchIf(PresentFile.open(present), SqliteFault.isPassing, () =>
    Effect.succeed(undefined)
  )

  return {
    append,
    appendAll: (records: ReadonlyArray<LoggedRecord>, keeping = archiving): Effect.Effect<void, AppendFailed> =>
      Effect.gen(function* () {
        let rest = records
        while (rest.length > 0) rest = rest.slice(yield* append(rest, keeping))
      }),
    release: alone(PresentFile.close(present)),
    retain: (retention: Retention.Retention) => retain(present, retention).pipe(Effect.provide(disk), alone),
    corrupted: () => present.corrupted
  }
})

/** The store of a database file, which it lets go of when the layer closes. */
export const layer = (options: Options): Layer.Layer<RecordStore, LogUnavailable, FileSystem.FileSystem | Path.Path> =>
  Layer.scoped(RecordStore, make(options))

const archiving: Keeping = { archive: true }

const appendLeading = (present: PresentFile.PresentFile, records: ReadonlyArray<LoggedRecord>, keeping: Keeping) =>
  appendRun(present, records, keeping).pipe(
    Effect.catchIf(SqliteFault.isCorrupt, () =>
      Effect.zipRight(PresentFile.setAside(present), appendRun(present, records, keeping))
    ),
    Effect.mapError((cause) => SqliteFault.appendFailed(present.path, cause)),
    Effect.catchAllDefect((cause) => SqliteFault.appendFailed(present.path, cause))
  )

const appendRun = Effect.fnUntraced(function* (
  present: PresentFile.PresentFile,
  records: ReadonlyArray<LoggedRecord>,
  { archive }: Keeping
) {
  let opened = yield* PresentFile.ensureOpen(present)
  const month = monthOf(records[0] ?? { Time: "" })
  if (opened.month !== "" && month > opened.month && archive) {
    yield* PresentFile.archive(present, opened)
    opened = yield* PresentFile.ensureOpen(present)
  }
  const newest = month > opened.month ? month : opened.month
  const later = records.findIndex((record) => monthOf(record) > newest)
  const run = later === -1 ? records : records.slice(0, later)
  const { archived } = opened
  const known = yield* inArchives(
    present,
    run.filter((record) => monthOf(record) <= archived)
  )
  yield* opened.store.insert(run.filter(({ id }) => !known.has(id)))
  opened.month = newest
  return run.length
})

// A row of a past month may already be in an archive: it was replayed, or it amends a row there. A late one went into
// the file of a later month.
const inArchives = Effect.fnUntraced(function* ({ path }: PresentFile.PresentFile, late: ReadonlyArray<LoggedRecord>) {
  const found = new Set<string>()
  const candidates = late.length === 0 ? [] : yield* Archives.beside(path)
  for (const { month, path: file } of candidates) {
    const rows = late.filter((record) => monthOf(record) <= month && !found.has(record.id))
    if (rows.length > 0) yield* inArchive(file, rows, found).pipe(Effect.scoped, Effect.ignore)
  }
  return found
})

// Adds the ids that the archive has to `found`, where what amends or ends them is put in.
const inArchive = Effect.fnUntraced(function* (file: string, records: ReadonlyArray<LoggedRecord>, found: Set<string>) {
  const store = yield* SqliteStore.open(file)
  const known = yield* store.known(records.map(({ id }) => id))
  const again = records.filter(({ id }) => known.has(id))
  if (again.length > 0) yield* store.insert(again)
  for (const id of known) found.add(id)
  yield* store.consolidate
})

const retain = (present: PresentFile.PresentFile, retention: Retention.Retention) =>
  Effect.gen(function* () {
    const files = yield* FileSystem.FileSystem
    const { opened, path } = present
    const archives = yield* Archives.beside(path)
    const size = Option.match(yield* Effect.option(files.stat(path)), {
      onNone: () => 0,
      onSome: (info) => Number(info.size)
    })
    const now = monthOf({ Time: new Date(yield* Effect.clockWith((c) => c.currentTimeMillis)).toISOString() })
    const month = opened === undefined || opened.month === "" ? now : opened.month
    const old = Retention.expired(archives, retention, month, size)
    for (const { path: file } of old) {
      // Another process may be at it, too.
      yield* files.remove(file, { force: true })
      yield* Effect.logInfo(`Records deleted by log.retention: ${file}`)
    }
    return old.length
  }).pipe(Effect.mapError((cause) => new AppendFailed({ path: present.path, cause })))
