import type { SqlError } from "@effect/sql/SqlError"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import * as Sqlite from "./Sqlite.js"

/**
 * Holds a lock file until the scope closes; fails when somebody alive holds it, after `patience` in ms. The lock is
 * SQLite's on an empty database, so that the system lets go of it when its process dies: a process id would be taken
 * again, and means nothing to another container.
 */
export const hold = (path: string, patience = 0): Effect.Effect<void, SqlError, Scope.Scope> =>
  Effect.gen(function* () {
    const sql = yield* Sqlite.open({ path, patience })
    // Nothing is ever written, so no journal need stand beside it.
    yield* sql`PRAGMA journal_mode = MEMORY`
    yield* sql`BEGIN EXCLUSIVE`
  }).pipe(Effect.withTracerEnabled(false))

/** Takes a lock file that nobody alive holds; it is let go of when the scope that this gives is closed. */
export const take = (path: string): Effect.Effect<Scope.CloseableScope, SqlError> =>
  Effect.gen(function* () {
    const scope = yield* Scope.make()
    yield* hold(path).pipe(
      Scope.extend(scope),
      Effect.tapErrorCause(() => Scope.close(scope, Exit.void))
    )
    return scope
  })
