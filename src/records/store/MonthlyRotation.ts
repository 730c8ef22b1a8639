import * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Scope from "effect/Scope"
import { AppendFailed, LogUnavailable } from "../../domain/failure/Failure.js"
import { monthOf } from "../../domain/record/RequestRecord.js"
import type { LoggedRecord } from "../../domain/record/RequestRecord.js"
import * as Retention from "../../domain/config/Retention.js"
import * as Archives from "./Archives.js"
import * as FileLock from "./FileLock.js"
import * as SqliteFault from "./SqliteFault.js"
import * as SqliteStore from "./SqliteStore.js"

/** Where records go and whether past months are moved aside. */
export interface Options {
  readonly path: string
  readonly archive?: Effect.Effect<boolean>
  /** Told when a corrupt database was set aside. */
  readonly onCorrupt?: () => void
}

interface Opened {
  readonly store: SqliteStore.SqliteStore
  readonly scope: Scope.CloseableScope
  readonly file: string
  /** The newest month in the database; "" while it is empty. */
  month: string
  /** The newest month that has an archive; "" while there is none. */
  readonly archived: string
}

/**
 * Appends records to a database that holds one month: when a record of a later month comes, the file is moved to
 * `record_YYYYMM.db` beside it, named by the month of its data, and a new one begun. A file that vanished is begun anew;
 * one that is no database any more is set aside as `record.corrupt-<unix seconds>.db`.
 */
export const make = Effect.fnUntraced(function* (options: Options) {
  const files = yield* FileSystem.FileSystem
  const paths = yield* Path.Path
  const { path } = options
  const archive = options.archive ?? Effect.succeed(true)
  const onDisk = Effect.provide(Context.make(FileSystem.FileSystem, files).pipe(Context.add(Path.Path, paths)))
  const alone = (yield* Effect.makeSemaphore(1)).withPermits(1)
  const { dir, name } = paths.parse(path)
  let current: Opened | undefined

  // Who opens a file by its name, and who takes the name away, do so one after the other, in whatever process.
  const exclusively = <A, E>(effect: Effect.Effect<A, E>) =>
    FileLock.hold(paths.join(dir, `${name}.lock`), SqliteStore.patience).pipe(
      Effect.mapError((cause) => new LogUnavailable({ path, cause })),
      Effect.zipRight(effect),
      Effect.scoped
    )

  const identity = files.stat(path).pipe(
    Effect.map(({ ino }) => String(Option.getOrElse(ino, () => 0))),
    Effect.orElseSucceed(() => "missing")
  )

  const openOnce = Effect.gen(function* () {
    const scope = yield* Scope.make()
    return yield* Effect.gen(function* () {
      const store = yield* Scope.extend(SqliteStore.open(path), scope)
      const newest = yield* store.newest
      const archives = yield* Effect.orElseSucceed(Archives.beside(path), () => [])
      const opened: Opened = {
        store,
        scope,
        file: yield* identity,
        month: monthOf({ Time: newest ?? "" }),
        archived: archives.map(({ month }) => month).reduce((a, b) => (a > b ? a : b), "")
      }
      return opened
    }).pipe(
      Effect.mapError((cause) => (cause._tag === "LogUnavailable" ? cause : new LogUnavailable({ path, cause }))),
      Effect.tapErrorCause(() => Scope.close(scope, Exit.void))
    )
  }).pipe(onDisk, Effect.uninterruptible)

  const open = openOnce.pipe(
    Effect.catchIf(SqliteFault.isCorrupt, () => Effect.zipRight(setAside, openOnce)),
    Effect.tap((opened) => finishMove(opened)),
    exclusively
  )

  const close = Effect.suspend(() => {
    const closing = current
    current = undefined
    return closing === undefined ? Effect.void : Scope.close(closing.scope, Exit.void)
  })

  const setAside = Effect.gen(function* () {
    const replaced = current !== undefined && current.file !== (yield* identity)
    yield* close
    if (replaced) return
    const target = yield* Archives.freeName(paths.join(dir, name), ".corrupt-")
    yield* files.rename(path, target)
    for (const tail of ["-wal", "-shm"]) yield* Effect.ignore(files.rename(path + tail, target + tail))
    options.onCorrupt?.()
    yield* Effect.logError(`${path} is corrupt: it was set aside as ${target}, and a new database begun`)
  }).pipe(
    onDisk,
    Effect.mapError((cause) => new LogUnavailable({ path, cause }))
  )

  // A move that a dying process began is ended before anything is written.
  const finishMove = (opened: Opened) =>
    Effect.gen(function* () {
      const { nlink } = yield* files.stat(path)
      if (Option.getOrElse(nlink, () => 1) < 2) return
      const inodes = (yield* Archives.beside(path)).map(({ inode }) => String(inode))
      if (inodes.includes(opened.file)) yield* moveAside(opened)
    }).pipe(onDisk, Effect.ignore)

  const ensureOpen: Effect.Effect<Opened, LogUnavailable> = Effect.gen(function* () {
    if (current !== undefined && current.file === (yield* identity)) return current
    // The driver does not do this for a moved file, whose log would then be taken for the new file's.
    if (current !== undefined) yield* Effect.ignore(current.store.checkpoint)
    yield* close
    const opened = yield* open
    current = opened
    return opened.file === (yield* identity) ? opened : yield* ensureOpen
  })

  // Whoever has the file open already still writes into it, so its name stays until they have closed it.
  const moveAside = (opened: Opened) =>
    Effect.gen(function* () {
      yield* opened.store.consolidate
      yield* opened.store.seize
      if (opened.file !== (yield* identity)) return
      // Others may have written later months into it than this process knows of.
      const newest = yield* opened.store.newest
      const month = newest === null ? opened.month : monthOf({ Time: newest })
      const target = yield* Archives.moveAside(path, month)
      yield* Effect.logInfo(`Records of ${month} archived as ${target}`)
    }).pipe(onDisk, Effect.ensuring(Effect.zipRight(Scope.close(opened.scope, Exit.void), close)))

  // A row of a past month may already be in an archive: it was replayed, or it amends a row there. A late one went into
  // the file of a later month.
  const archived = Effect.fnUntraced(function* (late: ReadonlyArray<LoggedRecord>) {
    const found = new Set<string>()
    const candidates = late.length === 0 ? [] : yield* onDisk(Archives.beside(path))
    for (const { month, path: file } of candidates) {
      const rows = late.filter((record) => monthOf(record) <= month && !found.has(record.id))
      if (rows.length > 0) yield* inArchive(file, rows, found).pipe(Effect.scoped, onDisk, Effect.ignore)
    }
    return found
  })

  const appendRun = Effect.fnUntraced(function* (records: ReadonlyArray<LoggedRecord>) {
    let opened = yield* ensureOpen
    const month = monthOf(records[0] ?? { Time: "" })
    if (opened.month !== "" && month > opened.month && (yield* archive)) {
      yield* exclusively(moveAside(opened))
      opened = yield* ensureOpen
    }
    const newest = month > opened.month ? month : opened.month
    const later = records.findIndex((record) => monthOf(record) > newest)
    const run = later === -1 ? records : records.slice(0, later)
    const known = yield* archived(run.filter((record) => monthOf(record) <= opened.archived))
    yield* opened.store.insert(run.filter(({ id }) => !known.has(id)))
    opened.month = newest
    return run.length
  })

  const append = (records: ReadonlyArray<LoggedRecord>) =>
    appendRun(records).pipe(
      Effect.catchIf(SqliteFault.isCorrupt, () => Effect.zipRight(exclusively(setAside), appendRun(records))),
      Effect.mapError((cause) => new AppendFailed({ path, cause })),
      alone,
      Effect.uninterruptible
    )

  yield* Effect.addFinalizer(() => close)
  // Locked by another process, or on a full disk, it may be usable in a moment: the first append opens it.
  current = yield* Effect.catchIf(open, SqliteFault.isPassing, () => Effect.succeed(undefined))

  return {
    /** Appends the leading records that belong into one file, and says how many those were. */
    append,
    /** Appends all records, to as many files as they belong into. */
    appendAll: (records: ReadonlyArray<LoggedRecord>): Effect.Effect<void, AppendFailed> =>
      Effect.gen(function* () {
        let rest = records
        while (rest.length > 0) rest = rest.slice(yield* append(rest))
      }),
    /** Lets go of the database until the next append, so that another process may archive it. */
    release: alone(close),
    /** Deletes the oldest archives that are to go, and says how many those were. */
    retain: (retention: Retention.Retention): Effect.Effect<number, AppendFailed> =>
      Effect.gen(function* () {
        const archives = yield* Archives.beside(path)
        const present = yield* Effect.option(files.stat(path))
        const size = Option.match(present, { onNone: () => 0, onSome: (info) => Number(info.size) })
        const now = monthOf({ Time: new Date(yield* Effect.clockWith((c) => c.currentTimeMillis)).toISOString() })
        const month = current === undefined || current.month === "" ? now : current.month
        const old = Retention.expired(archives, retention, month, size)
        for (const { path: file } of old) {
          // Another process may be at it, too.
          yield* files.remove(file, { force: true })
          yield* Effect.logInfo(`Records deleted by log.retention: ${file}`)
        }
        return old.length
      }).pipe(
        onDisk,
        Effect.mapError((cause) => new AppendFailed({ path, cause })),
        alone
      )
  }
})

// Adds the ids that the archive has to `found`, and amends them there.
const inArchive = Effect.fnUntraced(function* (file: string, records: ReadonlyArray<LoggedRecord>, found: Set<string>) {
  const store = yield* SqliteStore.open(file)
  const known = yield* store.known(records.map(({ id }) => id))
  const amendments = records.filter(({ amends, id }) => amends === true && known.has(id))
  if (amendments.length > 0) yield* store.insert(amendments)
  for (const id of known) found.add(id)
  yield* store.consolidate
})
