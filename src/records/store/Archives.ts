import type { PlatformError } from "@effect/platform/Error"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as Retention from "../../domain/config/Retention.js"

/** A file that holds the records of a past month. */
export interface Archive extends Retention.Archive {
  readonly path: string
  readonly inode: number
}

const pattern = /^record_(\d{6})(?:_\d+)?\.db$/

/** The archives beside a database, oldest month first. */
export const beside = Effect.fnUntraced(function* (database: string) {
  const files = yield* FileSystem.FileSystem
  const paths = yield* Path.Path
  const folder = paths.dirname(database)
  const names = yield* files.readDirectory(folder)
  const archives: Array<Archive> = []
  for (const name of names.sort()) {
    const month = pattern.exec(name)?.[1]
    const path = paths.join(folder, name)
    if (month === undefined || paths.resolve(path) === paths.resolve(database)) continue
    const info = yield* Effect.option(files.stat(path))
    if (Option.isNone(info)) continue
    const inode = Option.getOrElse(info.value.ino, () => 0)
    archives.push({ name, path, month, size: Number(info.value.size), inode })
  }
  return archives
})

/**
 * Gives the database the name of an archive of this month and takes its own away, overwriting nothing. A process that
 * dies in between leaves the file under both names, and the next to come goes on from there.
 */
export const moveAside = Effect.fnUntraced(function* (database: string, month: string) {
  const files = yield* FileSystem.FileSystem
  const paths = yield* Path.Path
  const { ino } = yield* files.stat(database)
  const linked = (yield* beside(database)).find(({ inode }) => inode === Option.getOrElse(ino, () => -1))
  const target = linked?.path ?? (yield* linkFree(database, paths.join(paths.dirname(database), `record_${month}`)))
  // Where there are no hard links the file has been renamed.
  yield* Effect.catchIf(files.remove(database), isMissing, () => Effect.void)
  return target
})

/** A name that nothing has yet: `base.db`, else with the Unix time in seconds behind `separator`. */
export const freeName = Effect.fnUntraced(function* (base: string, separator: string) {
  const files = yield* FileSystem.FileSystem
  const seconds = Math.floor((yield* Effect.clockWith((clock) => clock.currentTimeMillis)) / 1000)
  let free = seconds
  while (yield* files.exists(`${base}${separator}${free}.db`)) free++
  return `${base}${separator}${free}.db`
})

const linkFree = (database: string, base: string): Effect.Effect<string, PlatformError, FileSystem.FileSystem> =>
  Effect.gen(function* () {
    const files = yield* FileSystem.FileSystem
    const target = (yield* files.exists(`${base}.db`)) ? yield* freeName(base, "_") : `${base}.db`
    return yield* files.link(database, target).pipe(
      Effect.as(target),
      Effect.catchIf(
        (error) => error._tag === "SystemError" && error.reason === "AlreadyExists",
        () => linkFree(database, base)
      ),
      // The file system has no hard links.
      Effect.catchIf(
        (error) => error._tag === "SystemError" && error.reason === "Unknown",
        () => Effect.as(files.rename(database, target), target)
      )
    )
  })

const isMissing = (error: PlatformError): boolean => error._tag === "SystemError" && error.reason === "NotFound"
