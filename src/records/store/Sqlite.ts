import * as Reactivity from "@effect/experimental/Reactivity"
import * as SqlClient from "@effect/sql/SqlClient"
import type { Connection } from "@effect/sql/SqlConnection"
import { SqlError } from "@effect/sql/SqlError"
import * as SqlStatement from "@effect/sql/Statement"
import type { Database, Statement } from "better-sqlite3"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { driver } from "./SqliteDriver.js"

/** How a database is opened. */
export interface Options {
  readonly path: string
  /** How long a statement waits for another connection that holds the database, in ms. */
  readonly patience: number
  /** Opens what is there, and never writes; false by default. */
  readonly readonly?: boolean
}

/** Opens a database file, which is made if it is missing, and closes it with the scope; fails when it cannot be opened. */
export const open = ({
  path,
  patience,
  readonly = false
}: Options): Effect.Effect<SqlClient.SqlClient, SqlError, Scope.Scope> =>
  Effect.gen(function* () {
    const Driver = yield* Effect.tryPromise({
      try: () => driver,
      catch: (cause) => new SqlError({ cause, message: "Failed to load SQLite" })
    })
    const database = yield* Effect.acquireRelease(
      attempt("Failed to open the database", () => new Driver(path, { readonly, timeout: patience })),
      (opened) => Effect.sync(() => opened.close())
    )
    const connection = connect(database)
    const turn = yield* Effect.makeSemaphore(1)
    return yield* SqlClient.make({
      acquirer: turn.withPermits(1)(Effect.succeed(connection)),
      // Whoever stops waiting for its turn has none to give back.
      transactionAcquirer: Effect.uninterruptibleMask((restore) =>
        restore(turn.take(1)).pipe(Effect.zipRight(Effect.addFinalizer(() => turn.release(1))), Effect.as(connection))
      ),
      compiler: SqlStatement.makeCompilerSqlite(),
      spanAttributes: [["db.system.name", "sqlite"]]
    })
  }).pipe(Effect.provideServiceEffect(Reactivity.Reactivity, Reactivity.make))

const attempt = <A>(message: string, act: () => A): Effect.Effect<A, SqlError> =>
  Effect.try({ try: act, catch: (cause) => new SqlError({ cause, message }) })

const failed = "Failed to execute statement"

/** How many statements stay compiled. */
const compiledMost = 64

const connect = (database: Database): Connection => {
  const compiled = new Map<string, Statement>()
  const compile = (text: string): Statement => {
    const known = compiled.get(text)
    if (known !== undefined) return known
    const statement = database.prepare(text)
    const [oldest] = compiled.keys()
    if (oldest !== undefined && compiled.size >= compiledMost) compiled.delete(oldest)
    compiled.set(text, statement)
    return statement
  }
  const run = (text: string, values: ReadonlyArray<unknown>) => attempt(failed, () => rowsOf(compile(text), values))
  return {
    execute: run,
    executeRaw: run,
    executeStream: (text, values) => Stream.unwrap(Effect.map(run(text, values), Stream.fromIterable)),
    executeUnprepared: run,
    executeValues: (text, values) =>
      attempt(failed, () => {
        const statement = database.prepare<Array<unknown>, Array<unknown>>(text)
        return rowsOf(statement.reader ? statement.raw() : statement, values)
      })
  }
}

const rowsOf = <Row>(statement: Statement<Array<unknown>, Row>, values: ReadonlyArray<unknown>): ReadonlyArray<Row> => {
  if (statement.reader) return statement.all(...values)
  statement.run(...values)
  return []
}
