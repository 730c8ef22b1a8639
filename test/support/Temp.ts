import * as fs from "node:fs"
import * as FileSystem from "@effect/platform/FileSystem"
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"

/** A new directory that goes with the scope. */
export const directory: Effect.Effect<string, never, Scope.Scope> = Effect.flatMap(FileSystem.FileSystem, (files) =>
  files.makeTempDirectoryScoped({ prefix: "causeway-test-" })
).pipe(Effect.provide(NodeFileSystem.layer), Effect.orDie)

/** The names of the files in a directory, sorted. */
export const names = (folder: string): ReadonlyArray<string> => fs.readdirSync(folder).sort()

/** Writes a file whose new content becomes visible at once, as editors and deployments do it. */
export const replace = (path: string, text: string): void => {
  fs.writeFileSync(`${path}.new`, text)
  fs.renameSync(`${path}.new`, path)
}
