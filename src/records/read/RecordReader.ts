import * as FileSystem from "@effect/platform/FileSystem"
import type * as Path from "@effect/platform/Path"
import type * as SqlClient from "@effect/sql/SqlClient"
import type { Fragment } from "@effect/sql/Statement"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import * as Archives from "../store/Archives.js"
import { columns } from "../../domain/record/RequestRecord.js"
import type { Filter } from "./RecordFilter.js"
import { RecordsUnreadable } from "./RecordQuery.js"
import * as RecordRow from "./RecordRow.js"
import * as RecordSums from "./RecordSums.js"
import * as Sqlite from "../store/Sqlite.js"

/** So much of a text is read for a list that cuts it anyway, in characters. */
const beginning = 100

/** One file with records, open for reading alone. */
export interface RecordFile {
  /** The newest rows, newest first, without headers and bodies. */
  readonly newest: (
    filter: Filter,
    limit: number
  ) => Effect.Effect<ReadonlyArray<RecordRow.RecordRow>, RecordsUnreadable>
  /** As `newest`, with no more than the beginning of each text, for a list of which nobody reads more. */
  readonly newestBriefly: (
    filter: Filter,
    limit: number
  ) => Effect.Effect<ReadonlyArray<RecordRow.RecordRow>, RecordsUnreadable>
  /** Rows behind a place in the file, in the order in which they were written, whole, and the place of the last. */
  readonly after: (filter: Filter, place: number, limit: number) => Effect.Effect<Page, RecordsUnreadable>
  /** The place of the last row. */
  readonly lastPlace: Effect.Effect<number, RecordsUnreadable>
  /** Rows whose id begins so, whole. */
  readonly withId: (
    prefix: string,
    limit: number
  ) => Effect.Effect<ReadonlyArray<RecordRow.RecordRow>, RecordsUnreadable>
  /** Sums for each outcome and whatever else they are asked by. */
  readonly sums: (
    filter: Filter,
    by: ReadonlyArray<RecordSums.Dimension>
  ) => Effect.Effect<ReadonlyArray<RecordSums.Sum>, RecordsUnreadable>
}

/** Rows, and the place in the file behind which there may be more; undefined when there were none. */
export interface Page {
  readonly rows: ReadonlyArray<RecordRow.RecordRow>
  readonly place: number | undefined
}

/** The files that may hold such records: the archives, oldest month first, then the database. */
export const filesFor = Effect.fnUntraced(function* (path: string, filter: Filter) {
  const files = yield* FileSystem.FileSystem
  const since = (filter.since ?? "").slice(0, 7).replace("-", "")
  const archives = yield* Effect.mapError(Archives.beside(path), (cause) => new RecordsUnreadable({ path, cause }))
  const names = archives.filter(({ month }) => month >= since).map((archive) => archive.path)
  const present = yield* Effect.orElseSucceed(files.exists(path), () => false)
  if (!present && archives.length === 0) {
    return yield* new RecordsUnreadable({ path, cause: new Error("there is no such file") })
  }
  return present ? [...names, path] : names
})

/** Opens a file for reading; whoever writes is not held up. */
export const open = (path: string): Effect.Effect<RecordFile, RecordsUnreadable, Scope.Scope> =>
  Effect.gen(function* () {
    const sql = yield* Sqlite.open({ path, patience: 2000, readonly: true })
    const present = yield* sql<{ readonly name: string }>`PRAGMA table_info(records)`
    const summed = yield* sql`SELECT name FROM sqlite_master WHERE name = 'record_sums'`
    return make(path, sql, new Set(present.map(({ name }) => name)), summed.length > 0)
  }).pipe(
    Effect.withTracerEnabled(false),
    Effect.mapError((cause) => new RecordsUnreadable({ path, cause }))
  )

const noRows: Page = { rows: [], place: undefined }

const decodePlaces = Schema.decodeUnknown(Schema.Array(Schema.Struct({ place: Schema.NullOr(Schema.Number) })))

const make = (
  path: string,
  sql: SqlClient.SqlClient,
  present: ReadonlySet<string>,
  /** Whether the sums of each day are kept. */
  summed: boolean
): RecordFile => {
  const column = (name: string) => (present.has(name) ? `"${name}"` : "NULL")
  const selected = (names: ReadonlyArray<keyof RecordRow.RecordRow>) =>
    sql.literal(columns.map((name) => `${names.includes(name) ? column(name) : "NULL"} AS "${name}"`).join(", "))
  const whole = selected(columns)
  const slim = selected(columns.filter((name) => !RecordRow.largeColumns.has(name)))
  const begun = (name: keyof RecordRow.RecordRow) =>
    RecordRow.textColumns.has(name) ? `substr(${column(name)}, 1, ${beginning})` : column(name)
  const brief = sql.literal(
    columns.map((name) => `${RecordRow.largeColumns.has(name) ? "NULL" : begun(name)} AS "${name}"`).join(", ")
  )
  const place = sql.literal("rowid")

  const is = (name: string, value: string | undefined): ReadonlyArray<Fragment> => {
    if (value === undefined) return []
    const left = sql.literal(column(name))
    // What GLOB knows beside `*` means itself.
    const pattern = value.replace(/[[?]/g, "[$&]")
    return [value.includes("*") ? sql`${left} GLOB ${pattern}` : sql`${left} = ${value}`]
  }

  const where = (filter: Filter, more: ReadonlyArray<Fragment> = []) =>
    sql.and([
      ...(filter.since === undefined ? [] : [sql`${sql.literal(column("Time"))} >= ${filter.since}`]),
      ...(filter.until === undefined ? [] : [sql`${sql.literal(column("Time"))} < ${filter.until}`]),
      ...is("Model", filter.model),
      ...is("Backend", filter.backend),
      ...is("Outcome", filter.outcome),
      ...is("Caller", filter.caller),
      ...more,
      sql`1 = 1`
    ])

  const readable = <A, E>(effect: Effect.Effect<A, E>) =>
    effect.pipe(
      Effect.withTracerEnabled(false),
      Effect.mapError((cause) => new RecordsUnreadable({ path, cause }))
    )
  const rows = (effect: Effect.Effect<unknown, unknown>) =>
    readable(Effect.flatMap(effect, (found) => RecordRow.decode(found)))
  const places = (effect: Effect.Effect<unknown, unknown>) =>
    readable(
      Effect.map(
        Effect.flatMap(effect, (found) => decodePlaces(found)),
        (found) => found.at(-1)?.place
      )
    )

  const newest = (selection: Fragment) => (filter: Filter, limit: number) =>
    present.size === 0
      ? Effect.succeed([])
      : rows(sql`SELECT ${selection} FROM records WHERE ${where(filter)} ORDER BY "Time" DESC LIMIT ${limit}`)

  return {
    newest: newest(slim),
    newestBriefly: newest(brief),
    after: (filter, from, limit) =>
      Effect.gen(function* () {
        if (present.size === 0) return noRows
        const found = yield* readable(
          sql`SELECT ${whole}, ${place} AS place FROM records WHERE ${where(filter, [sql`${place} > ${from}`])}
            ORDER BY ${place} LIMIT ${limit}`
        )
        const page: Page = {
          rows: yield* rows(Effect.succeed(found)),
          place: (yield* places(Effect.succeed(found))) ?? undefined
        }
        return page
      }),
    lastPlace:
      present.size === 0
        ? Effect.succeed(0)
        : Effect.map(places(sql`SELECT max(${place}) AS place FROM records`), (found) => found ?? 0),
    withId: (prefix, limit) =>
      present.has("id")
        ? rows(sql`SELECT ${whole} FROM records WHERE id >= ${prefix} AND id < ${prefix + "\u{10ffff}"} LIMIT ${limit}`)
        : Effect.succeed([]),
    sums: (filter, by) =>
      present.size === 0 ? Effect.succeed([]) : readable(RecordSums.of({ sql, column, where, summed }, filter, by))
  }
}

/** Reads something of every file that may hold such records, oldest first. */
export const fromEach = <A, E>(
  path: string,
  filter: Filter,
  read: (file: RecordFile) => Effect.Effect<A, E>
): Effect.Effect<ReadonlyArray<A>, E | RecordsUnreadable, FileSystem.FileSystem | Path.Path> =>
  Effect.flatMap(filesFor(path, filter), (files) =>
    Effect.forEach(files, (file) => Effect.scoped(Effect.flatMap(open(file), read)))
  )

/** Whether the database has been replaced, by archiving or otherwise: its identity on the disk. */
export const identity = (path: string): Effect.Effect<number | undefined, never, FileSystem.FileSystem> =>
  Effect.flatMap(FileSystem.FileSystem, (files) =>
    files.stat(path).pipe(
      Effect.map(({ ino }) => Option.getOrUndefined(ino)),
      Effect.orElseSucceed(() => undefined)
    )
  )
