import * as FileSystem from "@effect/platform/FileSystem"
import * as Migrator from "@effect/sql/Migrator"
import * as SqlClient from "@effect/sql/SqlClient"
import type { SqlError } from "@effect/sql/SqlError"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import { LogUnavailable } from "../../domain/failure/Failure.js"
import { interrupted } from "../../domain/failure/Outcome.js"
import type { LoggedRecord } from "../../domain/record/RequestRecord.js"
import { columns, columnsThat } from "../../domain/record/RequestRecord.js"
import * as JournalMode from "./JournalMode.js"
import * as Migrations from "./Migrations.js"

/** An open database with the table `records`; it closes with its scope. */
export interface SqliteStore {
  /**
   * Inserts records, which are on the disk afterwards; one whose id is already there is left as it is, unless the record
   * amends it, or is that of the end of an exchange that was taken for interrupted.
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
export const patience = 250

/** Opens, creates or upgrades a database; its file is readable by its owner alone. */
export const open = (path: string): Effect.Effect<SqliteStore, LogUnavailable, FileSystem.FileSystem | Scope.Scope> =>
  Effect.gen(function* () {
    const files = yield* FileSystem.FileSystem
    if (!(yield* files.exists(path))) yield* create(path)
    const sql = yield* JournalMode.open({ path, patience })
    // The spool lets go of a row once it is here, so a commit has to outlive the machine.
    yield* sql`PRAGMA synchronous = FULL`
    yield* Effect.provideService(migrate, SqlClient.SqlClient, sql)
    return make(sql)
  }).pipe(
    untraced,
    Effect.mapError((cause) => new LogUnavailable({ path, cause }))
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

const names = columns.map((name) => `"${name}"`).join(", ")

const row = `(${columns.map(() => "?").join(", ")})`

const insertOf = (size: number) =>
  `INSERT INTO records (${names}) VALUES ${Array.from({ length: size }, () => row).join(", ")} ON CONFLICT (id) DO UPDATE SET`

const taken = columns.filter((name) => name !== "id").map((name) => `"${name}" = excluded."${name}"`)

/** A row of an exchange whose process seemed to have been killed gives way to the one that its end has brought. */
const whereInterrupted = `WHERE records."Outcome" = '${interrupted}' AND excluded."Outcome" <> '${interrupted}'`

/** What inserts so many rows: few texts, so that each is compiled once, yet few statements for many rows. */
const inserts = [128, 32, 8, 1].map((size) => ({
  size,
  text: `${insertOf(size)} ${taken.join(", ")} ${whereInterrupted}`
}))

const amended = columnsThat((column) => column.amended === true).map((name) => `"${name}" = excluded."${name}"`)

const amendment = `${insertOf(1)} ${amended.join(", ")}`

interface Command {
  readonly text: string
  readonly values: ReadonlyArray<string | number | null>
}

const command = (text: string, records: ReadonlyArray<LoggedRecord> = []): Command => {
  const values: Array<string | number | null> = []
  for (const record of records) for (const name of columns) values.push(record[name])
  return { text, values }
}

const begin = command("BEGIN IMMEDIATE")
const commit = command("COMMIT")
const rollback = command("ROLLBACK")

const commandsFor = (records: ReadonlyArray<LoggedRecord>): ReadonlyArray<Command> => {
  const fresh = records.filter(({ amends }) => amends === undefined)
  const commands: Array<Command> = []
  let done = 0
  for (const { size, text } of inserts) {
    for (; fresh.length - done >= size; done += size) commands.push(command(text, fresh.slice(done, done + size)))
  }
  for (const record of records) if (record.amends === true) commands.push(command(amendment, [record]))
  return commands
}

const make = (sql: SqlClient.SqlClient): SqliteStore => {
  // On the connection itself: what else a statement goes through costs as much as its rows.
  const run = (commands: ReadonlyArray<Command>) =>
    Effect.flatMap(sql.reserve, (connection) => {
      const one = ({ text, values }: Command) => connection.executeRaw(text, values)
      if (commands.length <= 1) return Effect.forEach(commands, one, { discard: true })
      return Effect.forEach([begin, ...commands, commit], one, { discard: true }).pipe(
        Effect.tapErrorCause(() => Effect.ignore(one(rollback)))
      )
    })
  return {
    insert: (records) => untraced(Effect.scoped(run(commandsFor(records)))),
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
