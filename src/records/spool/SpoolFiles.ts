import * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import * as Effect from "effect/Effect"

/** How the files of all spools beside a database are called. */
export interface SpoolFiles {
  readonly lockOf: (owner: string) => string
  readonly segmentOf: (owner: string, number: number) => string
  /** Every owner that has files, with the paths of its segments, oldest first. */
  readonly owners: Effect.Effect<ReadonlyMap<string, ReadonlyArray<string>>>
}

const pattern = /^(\d+-[0-9a-f]{8})(?:-\d+\.ndjson|\.lock)$/

/** The names beside this database. */
export const make = Effect.fnUntraced(function* (database: string) {
  const files = yield* FileSystem.FileSystem
  const paths = yield* Path.Path
  const { dir, name } = paths.parse(database)
  const prefix = `${name}.spool-`

  const found: SpoolFiles = {
    lockOf: (owner) => paths.join(dir, `${prefix}${owner}.lock`),
    segmentOf: (owner, number) => paths.join(dir, `${prefix}${owner}-${String(number).padStart(6, "0")}.ndjson`),
    owners: Effect.gen(function* () {
      const owners = new Map<string, Array<string>>()
      for (const file of (yield* files.readDirectory(dir === "" ? "." : dir)).sort()) {
        const owner = file.startsWith(prefix) ? pattern.exec(file.slice(prefix.length))?.[1] : undefined
        if (owner === undefined) continue
        const segments = owners.get(owner) ?? []
        owners.set(owner, segments)
        if (file.endsWith(".ndjson")) segments.push(paths.join(dir, file))
      }
      return owners
    }).pipe(Effect.orElseSucceed(() => new Map()))
  }
  return found
})
