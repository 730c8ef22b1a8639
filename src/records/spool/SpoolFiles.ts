import * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import * as Effect from "effect/Effect"

/** How the files of all spools beside a database are called. */
export interface SpoolFiles {
  readonly lockOf: (owner: string) => string
  readonly segmentOf: (owner: string, number: number) => string
  readonly notesOf: (owner: string, number: number) => string
  /** Every owner that has files, with their paths. */
  readonly owners: Effect.Effect<ReadonlyMap<string, OwnedFiles>>
}

/** The paths of an owner's files, oldest first. */
export interface OwnedFiles {
  readonly segments: ReadonlyArray<string>
  /** What it knew of exchanges that were running. */
  readonly notes: ReadonlyArray<string>
}

/** Behind all that a process numbers by itself. */
export const last = 999_999

const pattern = /^(\d+-[0-9a-f]{8})(?:-\d+\.(?:ndjson|notes)|\.lock)$/

/** The names beside this database. */
export const make = Effect.fnUntraced(function* (database: string) {
  const files = yield* FileSystem.FileSystem
  const paths = yield* Path.Path
  const { dir, name } = paths.parse(database)
  const prefix = `${name}.spool-`

  const numbered = (owner: string, number: number, ending: string) =>
    paths.join(dir, `${prefix}${owner}-${String(number).padStart(6, "0")}.${ending}`)

  const found: SpoolFiles = {
    lockOf: (owner) => paths.join(dir, `${prefix}${owner}.lock`),
    segmentOf: (owner, number) => numbered(owner, number, "ndjson"),
    notesOf: (owner, number) => numbered(owner, number, "notes"),
    owners: Effect.gen(function* () {
      const owners = new Map<string, { readonly segments: Array<string>; readonly notes: Array<string> }>()
      for (const file of (yield* files.readDirectory(dir === "" ? "." : dir)).sort()) {
        const owner = file.startsWith(prefix) ? pattern.exec(file.slice(prefix.length))?.[1] : undefined
        if (owner === undefined) continue
        const owned = owners.get(owner) ?? { segments: [], notes: [] }
        owners.set(owner, owned)
        if (file.endsWith(".ndjson")) owned.segments.push(paths.join(dir, file))
        if (file.endsWith(".notes")) owned.notes.push(paths.join(dir, file))
      }
      return owners
    }).pipe(Effect.orElseSucceed(() => new Map()))
  }
  return found
})
