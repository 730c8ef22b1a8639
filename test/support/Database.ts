import type { Database } from "better-sqlite3"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import { RequestRecord } from "../../src/domain/record/RequestRecord.js"
import { driver } from "../../src/records/store/SqliteDriver.js"

/** The driver, for connections that are held by hand. */
export const Sqlite = await driver

/** A second connection to a database file, which closes with the scope. */
export const connect = (path: string): Effect.Effect<Database, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.sync(() => new Sqlite(path)),
    (database) => Effect.sync(() => database.close())
  )

/** Runs statements on a database file, which is made if it is missing. */
export const execute = (path: string, statements: string): void => {
  const database = new Sqlite(path)
  try {
    database.exec(statements)
  } finally {
    database.close()
  }
}

/** What a query finds in a database file. */
export const query = (path: string, sql: string): ReadonlyArray<unknown> => {
  const database = new Sqlite(path, { fileMustExist: true })
  try {
    return database.prepare(sql).all()
  } finally {
    database.close()
  }
}

/** The rows of the table `records`, in the order of their insertion. */
export const records = (path: string): ReadonlyArray<RequestRecord> =>
  Schema.decodeUnknownSync(Schema.Array(RequestRecord))(query(path, "SELECT * FROM records ORDER BY rowid"), {
    onExcessProperty: "error"
  })
