import * as Reactivity from "@effect/experimental/Reactivity"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Migrator from "@effect/sql/Migrator"
import * as SqlClient from "@effect/sql/SqlClient"
import type { SqlError } from "@effect/sql/SqlError"
import * as SqliteClient from "@effect/sql-sqlite-node/SqliteClient"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import { LogUnavailable } from "../domain/Failure.js"
import type { RequestRecord } from "../domain/RequestRecord.js"
import * as Migrations from "./Migrations.js"

/** An open database with the table `records`; it closes with its scope. */
export interface SqliteStore {
  /** Inserts records; one whose id is already there is left as it is. */
  readonly insert: (records: ReadonlyArray<RequestRecord>) => Effect.Effect<void, SqlError>
  /** The `Time` of the newest record, or null when there is none. */
  readonly newest: Effect.Effect<string | null, SqlError>
  /** Writes what is only in the write-ahead log into the file, wherever that has been moved to. */
  readonly checkpoint: Effect.Effect<void, SqlError>
  /** Folds the write-ahead log into the file, so that the file alone is the whole database. */
  readonly consolidate: Effect.Effect<void, SqlError>
}

/** Opens, creates or upgrades a database; its file is readable by its owner alone. */
export const open = (path: string): Effect.Effect<SqliteStore, LogUnavailable, FileSystem.FileSystem | Scope.Scope> =>
  Effect.gen(function* () {
    const files = yield* FileSystem.FileSystem
    if (!(yield* files.exists(path))) yield* files.writeFileString(path, "", { flag: "wx", mode: 0o600 })
    const sql = yield* SqliteClient.make({ filename: path })
    yield* sql`PRAGMA synchronous = NORMAL`
    // The driver waits on the main thread; a batch that finds the database locked is tried again later instead.
    yield* sql`PRAGMA busy_timeout = 50`
    yield* Effect.provideService(migrate, SqlClient.SqlClient, sql)
    return make(sql)
  }).pipe(
    Effect.provideServiceEffect(Reactivity.Reactivity, Reactivity.make),
    untraced,
    // The driver throws what it cannot open.
    Effect.catchAllDefect((cause) => new LogUnavailable({ path, cause })),
    Effect.mapError((cause) => (cause._tag === "LogUnavailable" ? cause : new LogUnavailable({ path, cause })))
  )

// The client opens a span for every statement, which the host's traces have no use for.
const untraced = Effect.withTracerEnabled(false)

const migrate = Migrator.make({})({ loader: Migrator.fromRecord(Migrations.all) })

const Newest = Schema.decodeUnknown(Schema.Tuple(Schema.Struct({ Time: Schema.NullOr(Schema.String) })))

const make = (sql: SqlClient.SqlClient): SqliteStore => ({
  insert: (records) => untraced(Effect.asVoid(sql`INSERT OR IGNORE INTO records ${sql.insert(records)}`)),
  newest: Effect.flatMap(sql`SELECT max(Time) AS Time FROM records`, (rows) => Newest(rows)).pipe(
    Effect.map(([{ Time }]) => Time),
    Effect.catchTag("ParseError", () => Effect.succeed(null)),
    untraced
  ),
  checkpoint: untraced(Effect.asVoid(sql`PRAGMA wal_checkpoint(TRUNCATE)`)),
  consolidate: untraced(Effect.asVoid(sql`PRAGMA journal_mode = DELETE`))
})
