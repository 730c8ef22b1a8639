import { execFileSync } from "node:child_process"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as Temp from "./Temp.js"

/** A folder on a small disk of its own, or why there cannot be one; it goes with the scope. */
export const make = (megabytes: number): Effect.Effect<{ folder: string } | { reason: string }, never, Scope.Scope> =>
  Effect.flatMap(Temp.directory, (folder) =>
    Effect.acquireRelease(
      Effect.sync(() => {
        try {
          execFileSync("mount", ["-t", "tmpfs", "-o", `size=${megabytes}m`, "tmpfs", folder], { stdio: "pipe" })
          return { folder }
        } catch (error) {
          return { reason: `no tmpfs can be mounted: ${error instanceof Error ? error.message : String(error)}` }
        }
      }),
      (mounted) => Effect.sync(() => "folder" in mounted && execFileSync("umount", ["-l", folder]))
    )
  )
