import * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Scope from "effect/Scope"
import { LogUnavailable } from "../../domain/failure/Failure.js"
import { monthOf } from "../../domain/record/RequestRecord.js"
import * as Archives from "./Archives.js"
import * as FileLock from "./FileLock.js"
import * as SqliteFault from "./SqliteFault.js"
import * as SqliteStore from "./SqliteStore.js"

/** The database that rows go into now, by its name, and what this process has open of it. */
export interface PresentFile {
  readonly path: string
  opened: Opened | undefined
  /** How often it was corrupt and set aside. */
  corrupted: number
}

/** An open database. */
export interface Opened {
  readonly store: SqliteStore.SqliteStore
  readonly scope: Scope.CloseableScope
  /** Its identity on the disk, whatever name it has. */
  readonly file: string
  /** The newest month in the database; "" while it is empty. */
  month: string
  /** The newest month that has an archive; "" while there is none. */
  readonly archived: string
}

/** Where the files are. */
export type Disk = FileSystem.FileSystem | Path.Path

/** Nothing is open yet. */
export const make = (path: string): PresentFile => ({ path, opened: undefined, corrupted: 0 })

/** The database, open and under its name still; one that vanished is begun anew, and one that is corrupt set aside. */
export const ensureOpen = (present: PresentFile): Effect.Effect<Opened, LogUnavailable, Disk> =>
  Effect.gen(function* () {
    const { opened } = present
    if (opened !== undefined && opened.file === (yield* identity(present))) return opened
    // The driver does not do this for a moved file, whose log would then be taken for the new file's.
    if (opened !== undefined) yield* Effect.ignore(opened.store.checkpoint)
    yield* close(present)
    const found = yield* open(present)
    present.opened = found
    return found.file === (yield* identity(present)) ? found : yield* ensureOpen(present)
  })

/** Lets go of the database. */
export const close = (present: PresentFile): Effect.Effect<void> =>
  Effect.suspend(() => {
    const { opened } = present
    present.opened = undefined
    return opened === undefined ? Effect.void : Scope.close(opened.scope, Exit.void)
  })

/** Opens the database, under whose name nothing is open, and ends the archiving of it that a dying process began. */
export const open = (present: PresentFile): Effect.Effect<Opened, LogUnavailable, Disk> =>
  openOnce(present).pipe(
    Effect.catchIf(SqliteFault.isCorrupt, () => Effect.zipRight(moveCorrupt(present), openOnce(present))),
    Effect.tap((opened) => finishMove(present, opened)),
    exclusively(present)
  )

/** Sets aside a database that is corrupt as `<name>.corrupt-<unix seconds>.db`. */
export const setAside = (present: PresentFile): Effect.Effect<void, LogUnavailable, Disk> =>
  exclusively(present)(moveCorrupt(present))

/** Gives the database the name of an archive, by the month of its data, as soon as nobody else has it open. */
export const archive = (present: PresentFile, opened: Opened) => exclusively(present)(moveAside(present, opened))

// Who opens a file by its name, and who takes the name away, do so one after the other, in whatever process.
const exclusively =
  ({ path }: PresentFile) =>
  <A, E>(effect: Effect.Effect<A, E, Disk>): Effect.Effect<A, E | LogUnavailable, Disk> =>
    Effect.gen(function* () {
      const paths = yield* Path.Path
      const { dir, name } = paths.parse(path)
      yield* Effect.mapError(
        FileLock.hold(paths.join(dir, `${name}.lock`), SqliteStore.patience),
        (cause) => new LogUnavailable({ path, cause })
      )
      return yield* effect
    }).pipe(Effect.scoped)

const identity = ({ path }: PresentFile) =>
  Effect.flatMap(FileSystem.FileSystem, (files) => files.stat(path)).pipe(
    Effect.map(({ ino }) => String(Option.getOrElse(ino, () => 0))),
    Effect.orElseSucceed(() => "missing")
  )

const openOnce = (present: PresentFile) =>
  Effect.flatMap(Scope.make(), (scope) =>
    openIn(present, scope).pipe(
      Effect.mapError((cause) =>
        cause._tag === "LogUnavailable" ? cause : new LogUnavailable({ path: present.path, cause })
      ),
      Effect.tapErrorCause(() => Scope.close(scope, Exit.void))
    )
  ).pipe(Effect.uninterruptible)

const openIn = Effect.fnUntraced(function* (present: PresentFile, scope: Scope.CloseableScope) {
  const store = yield* Scope.extend(SqliteStore.open(present.path), scope)
  const newest = yield* store.newest
  const archives = yield* Effect.orElseSucceed(Archives.beside(present.path), () => [])
  const opened: Opened = {
    store,
    scope,
    file: yield* identity(present),
    month: monthOf({ Time: newest ?? "" }),
    archived: archives.map(({ month }) => month).reduce((a, b) => (a > b ? a : b), "")
  }
  return opened
})

const moveCorrupt = (present: PresentFile) =>
  Effect.gen(function* () {
    const files = yield* FileSystem.FileSystem
    const paths = yield* Path.Path
    const { path } = present
    const { dir, name } = paths.parse(path)
    const replaced = present.opened !== undefined && present.opened.file !== (yield* identity(present))
    yield* close(present)
    if (replaced) return
    const target = yield* Archives.freeName(paths.join(dir, name), ".corrupt-")
    yield* files.rename(path, target)
    for (const tail of ["-wal", "-shm"]) yield* Effect.ignore(files.rename(path + tail, target + tail))
    present.corrupted++
    yield* Effect.logError(`${path} is corrupt: it was set aside as ${target}, and a new database begun`)
  }).pipe(Effect.mapError((cause) => new LogUnavailable({ path: present.path, cause })))

// A move that a dying process began is ended before anything is written.
const finishMove = (present: PresentFile, opened: Opened) =>
  Effect.gen(function* () {
    const { path } = present
    const { nlink } = yield* Effect.flatMap(FileSystem.FileSystem, (files) => files.stat(path))
    if (Option.getOrElse(nlink, () => 1) < 2) return
    const inodes = (yield* Archives.beside(path)).map(({ inode }) => String(inode))
    if (inodes.includes(opened.file)) yield* moveAside(present, opened)
  }).pipe(Effect.ignore)

// Whoever has the file open already still writes into it, so its name stays until they have closed it.
const moveAside = (present: PresentFile, opened: Opened) =>
  Effect.gen(function* () {
    yield* opened.store.consolidate
    yield* opened.store.seize
    if (opened.file !== (yield* identity(present))) return
    // Others may have written later months into it than this process knows of.
    const newest = yield* opened.store.newest
    const month = newest === null ? opened.month : monthOf({ Time: newest })
    const target = yield* Archives.moveAside(present.path, month)
    yield* Effect.logInfo(`Records of ${month} archived as ${target}`)
  }).pipe(Effect.ensuring(Effect.zipRight(Scope.close(opened.scope, Exit.void), close(present))))
