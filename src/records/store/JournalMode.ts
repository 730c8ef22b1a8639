import type * as SqlClient from "@effect/sql/SqlClient"
import type { SqlError } from "@effect/sql/SqlError"
import * as Effect from "effect/Effect"
import * as ExecutionStrategy from "effect/ExecutionStrategy"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import * as Sqlite from "./Sqlite.js"
import * as SqliteFault from "./SqliteFault.js"

/** Files that lie where a write-ahead log cannot be had. */
const without = new Set<string>()

/**
 * Opens a database that keeps a write-ahead log, so that who reads and who writes do not wait for each other. That takes
 * memory which processes share, and some mounts have none: there it is a journal that goes with each transaction.
 */
export const open = (options: Sqlite.Options): Effect.Effect<SqlClient.SqlClient, SqlError, Scope.Scope> => {
  const { path } = options
  if (without.has(path)) return Sqlite.open(options)
  return Effect.catchIf(openWhole(writeAhead(options)), isWithout, () =>
    Effect.zipRight(giveUp(options), Sqlite.open(options))
  )
}

// What is missing shows when something is read.
const writeAhead = Effect.fnUntraced(function* (options: Sqlite.Options) {
  const sql = yield* Sqlite.open(options)
  yield* sql`PRAGMA journal_mode = WAL`
  yield* sql`SELECT count(*) FROM sqlite_master`
  return sql
})

const isWithout = (failure: SqlError): boolean => /^SQLITE_(?:IOERR_SHM|PROTOCOL)/.test(SqliteFault.codeOf(failure))

// Who has the database to itself from the beginning can read the log without shared memory, and then do without it.
const giveUp = (options: Sqlite.Options) =>
  Effect.gen(function* () {
    const { path } = options
    const sql = yield* Sqlite.open(options)
    yield* sql`PRAGMA locking_mode = EXCLUSIVE`
    yield* sql`PRAGMA journal_mode = DELETE`
    without.add(path)
    yield* Effect.logWarning(`${path} has no write-ahead log: where it lies no memory can be shared`)
  }).pipe(Effect.scoped)

// A connection that comes to nothing is closed at once.
const openWhole = <A, E>(opening: Effect.Effect<A, E, Scope.Scope>): Effect.Effect<A, E, Scope.Scope> =>
  Effect.uninterruptible(
    Effect.flatMap(Effect.scope, (outer) =>
      Effect.flatMap(Scope.fork(outer, ExecutionStrategy.sequential), (inner) =>
        opening.pipe(
          Scope.extend(inner),
          Effect.tapErrorCause((cause) => Scope.close(inner, Exit.failCause(cause)))
        )
      )
    )
  )
