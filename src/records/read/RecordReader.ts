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
  readable(
    path,
    Effect.gen(function* () {
      const sql = yield* Sqlite.open({ path, patience: 2000, readonly: true })
      const present = yield* sql<{ readonly name: string }>`PRAGMA table_info(records)`
      const summed = yield* sql`SELECT name FROM sqlite_master WHERE name = 'record_sums'`
      const place = sql.literal("rowid")
      return make({ path, sql, place, present: new Set(present.map(({ name }) => name)), summed: summed.length > 0 })
    })
  )

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

/** An open file, and what is known of it. */
interface Opened {
  readonly path: string
  readonly sql: SqlClient.SqlClient
  readonly place: Fragment
  /** The columns that it has. */
  readonly present: ReadonlySet<string>
  /** Whether the sums of each day are kept. */
  readonly summed: boolean
}

type Name = keyof RecordRow.RecordRow

const make = (file: Opened): RecordFile => {
  if (file.present.size === 0) return empty
  const whole = selection(file, (name) => column(file, name))
  return {
    newest: newest(
      file,
      selection(file, (name) => (isLarge(name) ? absent : column(file, name)))
    ),
    newestBriefly: newest(
      file,
      selection(file, (name) => (isLarge(name) ? absent : begun(file, name)))
    ),
    after: (filter, from, limit) => after(file, whole, { filter, from, limit }),
    lastPlace: lastPlace(file),
    withId: (prefix, limit) => withId(file, whole, prefix, limit),
    sums: (filter, by) => sums(file, filter, by)
  }
}

/** A file without the table. */
const empty: RecordFile = {
  newest: () => Effect.succeed([]),
  newestBriefly: () => Effect.succeed([]),
  after: () => Effect.succeed({ rows: [], place: undefined }),
  lastPlace: Effect.succeed(0),
  withId: () => Effect.succeed([]),
  sums: () => Effect.succeed([])
}

const newest = (file: Opened, selected: Fragment) => (filter: Filter, limit: number) => {
  const { sql } = file
  return rows(
    file,
    sql`SELECT ${selected} FROM records WHERE ${where(file, filter)} ORDER BY "Time" DESC LIMIT ${limit}`
  )
}

const after = Effect.fnUntraced(function* (
  file: Opened,
  whole: Fragment,
  { filter, from, limit }: { readonly filter: Filter; readonly from: number; readonly limit: number }
) {
  const { path, place, sql } = file
  const found = yield* readable(
    path,
    sql`SELECT ${whole}, ${place} AS place FROM records WHERE ${where(file, filter, [sql`${place} > ${from}`])}
      ORDER BY ${place} LIMIT ${limit}`
  )
  const page: Page = {
    rows: yield* rows(file, Effect.succeed(found)),
    place: (yield* lastOf(file, Effect.succeed(found))) ?? undefined
  }
  return page
})

const lastPlace = (file: Opened) =>
  Effect.map(lastOf(file, file.sql`SELECT max(${file.place}) AS place FROM records`), (found) => found ?? 0)

const withId = (file: Opened, whole: Fragment, prefix: string, limit: number) => {
  const { present, sql } = file
  if (!present.has("id")) return Effect.succeed([])
  const end = `${prefix}\u{10ffff}`
  return rows(file, sql`SELECT ${whole} FROM records WHERE id >= ${prefix} AND id < ${end} LIMIT ${limit}`)
}

const sums = (file: Opened, filter: Filter, by: ReadonlyArray<RecordSums.Dimension>) => {
  const { path, sql, summed } = file
  const source: RecordSums.Source = {
    sql,
    summed,
    column: (name) => column(file, name),
    where: (asked, more) => where(file, asked, more)
  }
  return readable(path, RecordSums.of(source, filter, by))
}

const selection = ({ sql }: Opened, of: (name: Name) => string): Fragment =>
  sql.literal(columns.map((name) => `${of(name)} AS "${name}"`).join(", "))

const absent = "NULL"

const column = ({ present }: Opened, name: string): string => (present.has(name) ? `"${name}"` : absent)

const begun = (file: Opened, name: Name): string =>
  RecordRow.textColumns.has(name) ? `substr(${column(file, name)}, 1, ${beginning})` : column(file, name)

const isLarge = (name: Name): boolean => RecordRow.largeColumns.has(name)

const where = (file: Opened, filter: Filter, more: ReadonlyArray<Fragment> = []): Fragment => {
  const { sql } = file
  const time = sql.literal(column(file, "Time"))
  return sql.and([
    ...(filter.since === undefined ? [] : [sql`${time} >= ${filter.since}`]),
    ...(filter.until === undefined ? [] : [sql`${time} < ${filter.until}`]),
    ...is(file, "Model", filter.model),
    ...is(file, "Backend", filter.backend),
    ...is(file, "Outcome", filter.outcome),
    ...is(file, "Caller", filter.caller),
    ...more,
    sql`1 = 1`
  ])
}

const is = (file: Opened, name: Name, value: string | undefined): ReadonlyArray<Fragment> => {
  if (value === undefined) return []
  const { sql } = file
  const left = sql.literal(column(file, name))
  // What GLOB knows beside `*` means itself.
  const pattern = value.replace(/[[?]/g, "[$&]")
  return [value.includes("*") ? sql`${left} GLOB ${pattern}` : sql`${left} = ${value}`]
}

const rows = ({ path }: Opened, effect: Effect.Effect<unknown, unknown>) =>
  readable(
    path,
    Effect.flatMap(effect, (found) => RecordRow.decode(found))
  )

const lastOf = ({ path }: Opened, effect: Effect.Effect<unknown, unknown>) =>
  readable(
    path,
    Effect.map(
      Effect.flatMap(effect, (found) => decodePlaces(found)),
      (found) => found.at(-1)?.place
    )
  )

const decodePlaces = Schema.decodeUnknown(Schema.Array(Schema.Struct({ place: Schema.NullOr(Schema.Number) })))

const readable = <A, E, R>(path: string, effect: Effect.Effect<A, E, R>) =>
  effect.pipe(
    Effect.withTracerEnabled(false),
    Effect.mapError((cause) => new RecordsUnreadable({ path, cause }))
  )
