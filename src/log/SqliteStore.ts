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
import type { LoggedRecord } from "../domain/RequestRecord.js"
import * as Migrations from "./Migrations.js"

/** An open database with the table `records`; it closes with its scope. */
export interface SqliteStore {
  /**
   * Inserts records, which are on the disk afterwards; one whose id is already there is left as it is, unless the record
   * amends it.
   */
  readonly insert: (records: ReadonlyArray<LoggedRecord>) => Effect.Effect<void, SqlError>
  /** The `Time` of the newest record, or null when there is none. */
  readonly newest: Effect.Effect<string | null, SqlError>
  /** Which of these ids the table has. */
  readonly known: (ids: ReadonlyArray<string>) => Effect.Effect<ReadonlySet<string>, SqlError>
  /** Writes what is only in the write-ahead log into the file, wherever that has been moved to. */
  readonly checkpoint: Effect.Effect<void, SqlError>
  /** Folds the write-ahead log into the file, so that the file alone is the whole database. */
  readonly consolidate: Effect.Effect<void, SqlError>
  /** Keeps every other process out of the database until it closes. */
  readonly seize: Effect.Effect<void, SqlError>
}

/** How long an insert waits for another process that holds the database, in ms. */
const patience = 250

/** Opens, creates or upgrades a database; its file is readable by its owner alone. */
export const open = (path: string): Effect.Effect<SqliteStore, LogUnavailable, FileSystem.FileSystem | Scope.Scope> =>
  Effect.gen(function* () {
    const files = yield* FileSystem.FileSystem
    if (!(yield* files.exists(path))) yield* create(path)
    const sql = yield* SqliteClient.make({ filename: path })
    yield* sql`PRAGMA busy_timeout = ${sql.literal(String(patience))}`
    // The spool lets go of a row once it is here, so a commit has to outlive the machine.
    yield* sql`PRAGMA synchronous = FULL`
    yield* Effect.provideService(migrate, SqlClient.SqlClient, sql)
    return make(sql)
  }).pipe(
    Effect.provideServiceEffect(Reactivity.Reactivity, Reactivity.make),
    untraced,
    // The driver throws what it cannot open.
    Effect.catchAllDefect((cause) => new LogUnavailable({ path, cause })),
    Effect.mapError((cause) => (cause._tag === "LogUnavailable" ? cause : new LogUnavailable({ path, cause })))
  )

// Another process may be as quick.
const create = (path: string) =>
  Effect.flatMap(FileSystem.FileSystem, (files) => files.writeFileString(path, "", { flag: "wx", mode: 0o600 })).pipe(
    Effect.catchIf(
      (error) => error._tag === "SystemError" && error.reason === "AlreadyExists",
      () => Effect.void
    )
  )

// The client opens a span for every statement, which the host's traces have no use for.
const untraced = Effect.withTracerEnabled(false)

const migrate = Migrator.make({})({ loader: Migrator.fromRecord(Migrations.all) })

const Newest = Schema.decodeUnknown(Schema.Tuple(Schema.Struct({ Time: Schema.NullOr(Schema.String) })))

const make = (sql: SqlClient.SqlClient): SqliteStore => {
  const add = (records: ReadonlyArray<LoggedRecord>) =>
    sql`INSERT INTO records ${sql.insert(records)} ON CONFLICT (id) DO NOTHING`
  const amend = ({ amends: _, ...record }: LoggedRecord) =>
    sql`INSERT INTO records ${sql.insert([record])} ON CONFLICT (id) DO UPDATE SET
      Status = excluded.Status, Outcome = excluded.Outcome, Error = excluded.Error, LatencyMs = excluded.LatencyMs`
  return {
    insert: (records) => {
      const fresh = records.filter(({ amends }) => amends === undefined)
      const amendments = records.filter(({ amends }) => amends === true)
      const all = Effect.zipRight(
        Effect.when(add(fresh), () => fresh.length > 0),
        Effect.forEach(amendments, amend, { discard: true })
      )
      return untraced(amendments.length === 0 ? all : sql.withTransaction(all))
    },
    newest: Effect.flatMap(sql`SELECT max(Time) AS Time FROM records`, (rows) => Newest(rows)).pipe(
      Effect.map(([{ Time }]) => Time),
      Effect.catchTag("ParseError", () => Effect.succeed(null)),
      untraced
    ),
    known: (ids) =>
      sql<{ readonly id: string }>`SELECT id FROM records WHERE ${sql.in("id", ids)}`.pipe(
        Effect.map((rows) => new Set(rows.map(({ id }) => id))),
        untraced
      ),
    checkpoint: untraced(Effect.asVoid(sql`PRAGMA wal_checkpoint(TRUNCATE)`)),
    consolidate: untraced(Effect.asVoid(sql`PRAGMA journal_mode = DELETE`)),
    seize: untraced(Effect.asVoid(sql`BEGIN EXCLUSIVE`))
  }
}
