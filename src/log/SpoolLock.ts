import * as Reactivity from "@effect/experimental/Reactivity"
import * as SqliteClient from "@effect/sql-sqlite-node/SqliteClient"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { AppendFailed } from "../domain/Failure.js"

/**
 * Holds a lock file until the scope closes; fails when somebody alive holds it. The lock is SQLite's on an empty
 * database, so that the system lets go of it when its process dies: a process id would be taken again, and means nothing
 * to another container.
 */
export const hold = (path: string): Effect.Effect<void, AppendFailed, Scope.Scope> =>
  Effect.gen(function* () {
    const sql = yield* SqliteClient.make({ filename: path, disableWAL: true })
    yield* sql`PRAGMA busy_timeout = 0`
    // Nothing is ever written, so no journal need stand beside it.
    yield* sql`PRAGMA journal_mode = MEMORY`
    yield* sql`BEGIN EXCLUSIVE`
  }).pipe(
    Effect.provideServiceEffect(Reactivity.Reactivity, Reactivity.make),
    Effect.withTracerEnabled(false),
    Effect.catchAllDefect((cause) => new AppendFailed({ path, cause })),
    Effect.catchAll((cause) => new AppendFailed({ path, cause }))
  )
