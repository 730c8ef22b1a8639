import * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Scope from "effect/Scope"
import { AppendFailed } from "../domain/Failure.js"
import { monthOf } from "../domain/RequestRecord.js"
import type { RequestRecord } from "../domain/RequestRecord.js"
import * as SqliteStore from "./SqliteStore.js"

/** Where records go and whether past months are moved aside. */
export interface Options {
  readonly path: string
  readonly archive?: Effect.Effect<boolean>
}

interface Opened {
  readonly store: SqliteStore.SqliteStore
  readonly scope: Scope.CloseableScope
  readonly file: string
  /** The newest month in the database; "" while it is empty. */
  month: string
}

/**
 * Appends records to a database that holds one month: when a record of a later month comes, the file is moved to
 * `record_YYYYMM.db` beside it, named by the month of its data, and a new one begun. A file that vanished is begun anew.
 */
export const make = Effect.fnUntraced(function* (options: Options) {
  const files = yield* FileSystem.FileSystem
  const paths = yield* Path.Path
  const { path } = options
  const archive = options.archive ?? Effect.succeed(true)

  const identity = files.stat(path).pipe(
    Effect.map(({ ino }) => String(Option.getOrElse(ino, () => 0))),
    Effect.orElseSucceed(() => "missing")
  )

  const open = Effect.gen(function* () {
    const scope = yield* Scope.make()
    const store = yield* SqliteStore.open(path).pipe(
      Scope.extend(scope),
      Effect.tapErrorCause(() => Scope.close(scope, Exit.void))
    )
    const newest = yield* Effect.orElseSucceed(store.newest, () => null)
    const opened: Opened = { store, scope, file: yield* identity, month: monthOf({ Time: newest ?? "" }) }
    return opened
  }).pipe(Effect.provideService(FileSystem.FileSystem, files), Effect.uninterruptible)

  let current: Opened | undefined = yield* open

  const close = Effect.suspend(() => {
    const closing = current
    current = undefined
    return closing === undefined ? Effect.void : Scope.close(closing.scope, Exit.void)
  })

  yield* Effect.addFinalizer(() => close)

  const ensureOpen = Effect.gen(function* () {
    if (current !== undefined && current.file === (yield* identity)) return current
    // The driver does not do this for a moved file, whose log would then be taken for the new file's.
    if (current !== undefined) yield* Effect.ignore(current.store.checkpoint)
    yield* close
    return (current = yield* open)
  })

  const archiveName = Effect.fnUntraced(function* (month: string) {
    const base = paths.join(paths.dirname(path), `record_${month}`)
    if (!(yield* files.exists(`${base}.db`))) return `${base}.db`
    const seconds = Math.floor((yield* Effect.clockWith((clock) => clock.currentTimeMillis)) / 1000)
    let free = seconds
    while (yield* files.exists(`${base}_${free}.db`)) free++
    return `${base}_${free}.db`
  })

  const rotate = Effect.fnUntraced(function* (opened: Opened) {
    yield* opened.store.consolidate
    yield* close
    const target = yield* archiveName(opened.month)
    yield* files.rename(path, target)
    yield* Effect.logInfo(`Records of ${opened.month} archived as ${target}`)
    return yield* ensureOpen
  })

  const appendRun = Effect.fnUntraced(function* (records: ReadonlyArray<RequestRecord>) {
    let opened = yield* ensureOpen
    const month = monthOf(records[0] ?? { Time: "" })
    if (opened.month !== "" && month > opened.month && (yield* archive)) opened = yield* rotate(opened)
    const newest = month > opened.month ? month : opened.month
    const later = records.findIndex((record) => monthOf(record) > newest)
    const run = later === -1 ? records : records.slice(0, later)
    yield* opened.store.insert(run)
    opened.month = newest
    return run.length
  })

  return {
    /** Appends the leading records that belong into one file, and says how many those were. */
    append: (records: ReadonlyArray<RequestRecord>): Effect.Effect<number, AppendFailed> =>
      appendRun(records).pipe(
        Effect.mapError((cause) => new AppendFailed({ path, cause })),
        Effect.uninterruptible
      )
  }
})
