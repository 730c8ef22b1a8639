import * as Reactivity from "@effect/experimental/Reactivity"
import * as FileSystem from "@effect/platform/FileSystem"
import type * as Path from "@effect/platform/Path"
import type * as SqlClient from "@effect/sql/SqlClient"
import type { Fragment } from "@effect/sql/Statement"
import * as SqliteClient from "@effect/sql-sqlite-node/SqliteClient"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import * as Struct from "effect/Struct"
import { reasonOf } from "../domain/Failure.js"
import * as Archives from "./Archives.js"

/** Which records are meant; a value with `*` stands for everything that fits. */
export interface Filter {
  /** The earliest arrival, ISO 8601. */
  readonly since?: string
  /** The arrival from which on records are left out, ISO 8601. */
  readonly until?: string
  readonly model?: string
  readonly backend?: string
  readonly outcome?: string
  /** The fingerprint of a credential. */
  readonly caller?: string
}

/** The records could not be read. */
export class RecordsUnreadable extends Data.TaggedError("RecordsUnreadable")<{
  readonly path: string
  readonly cause: unknown
}> {
  override get message() {
    return `${this.path}: records cannot be read: ${reasonOf(this.cause)}`
  }
}

const Text = Schema.NullOr(Schema.String)
const Count = Schema.NullOr(Schema.Number)

/** A row as it stands in a file, which an older service may have written; what that did not know is null. */
export const Row = Schema.Struct({
  id: Schema.NullOr(Schema.Union(Schema.String, Schema.Number)),
  Time: Text,
  IP: Text,
  Model: Text,
  RequestedModel: Text,
  Type: Text,
  Backend: Text,
  Stream: Count,
  Status: Count,
  Outcome: Text,
  FinishReason: Text,
  Attempts: Text,
  CompletionTokens: Count,
  PromptTokens: Count,
  TotalTokens: Count,
  Tool: Count,
  Multimodal: Count,
  LatencyMs: Count,
  TtftMs: Count,
  Headers: Text,
  Request: Text,
  Response: Text,
  Error: Text,
  Caller: Text
})
export interface Row extends Schema.Schema.Type<typeof Row> {}

/** The columns of a row, in their order. */
export const columns: ReadonlyArray<keyof Row> = Struct.keys(Row.fields)

// A list need not read what was said.
const large = new Set<keyof Row>(["Headers", "Request", "Response"])

/** One file with records, open for reading alone. */
export interface RecordFile {
  /** The newest rows, newest first, without headers and bodies. */
  readonly newest: (filter: Filter, limit: number) => Effect.Effect<ReadonlyArray<Row>, RecordsUnreadable>
  /** Rows behind a place in the file, in the order in which they were written, whole, and the place of the last. */
  readonly after: (filter: Filter, place: number, limit: number) => Effect.Effect<Page, RecordsUnreadable>
  /** The place of the last row. */
  readonly lastPlace: Effect.Effect<number, RecordsUnreadable>
  /** Rows whose id begins so, whole. */
  readonly withId: (prefix: string, limit: number) => Effect.Effect<ReadonlyArray<Row>, RecordsUnreadable>
  /** Sums for each model, backend, outcome, day and, if asked for, caller. */
  readonly sums: (filter: Filter, byCaller: boolean) => Effect.Effect<ReadonlyArray<Sum>, RecordsUnreadable>
}

/** Rows, and the place in the file behind which there may be more; undefined when there were none. */
export interface Page {
  readonly rows: ReadonlyArray<Row>
  readonly place: number | undefined
}

/** What rows of one kind sum up to. */
export const Sum = Schema.Struct({
  Model: Text,
  Backend: Text,
  Outcome: Text,
  Day: Text,
  Caller: Text,
  Requests: Schema.Number,
  PromptTokens: Count,
  CompletionTokens: Count,
  TotalTokens: Count
})
export interface Sum extends Schema.Schema.Type<typeof Sum> {}

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
    const sql = yield* SqliteClient.make({ filename: path, readonly: true, disableWAL: true })
    yield* sql`PRAGMA busy_timeout = 2000`
    const present = yield* sql<{ readonly name: string }>`PRAGMA table_info(records)`
    const summed = yield* sql`SELECT name FROM sqlite_master WHERE name = 'record_sums'`
    return make(path, sql, new Set(present.map(({ name }) => name)), summed.length > 0)
  }).pipe(
    Effect.provideServiceEffect(Reactivity.Reactivity, Reactivity.make),
    Effect.withTracerEnabled(false),
    Effect.catchAllDefect((cause) => new RecordsUnreadable({ path, cause })),
    Effect.catchAll((cause) => new RecordsUnreadable({ path, cause }))
  )

const decodeRows = Schema.decodeUnknown(Schema.Array(Row))
const decodeSums = Schema.decodeUnknown(Schema.Array(Sum))
const decodePlaces = Schema.decodeUnknown(Schema.Array(Schema.Struct({ place: Count })))

const make = (
  path: string,
  sql: SqlClient.SqlClient,
  present: ReadonlySet<string>,
  /** Whether the sums of each day are kept. */
  summed: boolean
): RecordFile => {
  const column = (name: string) => (present.has(name) ? `"${name}"` : "NULL")
  const selected = (names: ReadonlyArray<keyof Row>) =>
    sql.literal(columns.map((name) => `${names.includes(name) ? column(name) : "NULL"} AS "${name}"`).join(", "))
  const whole = selected(columns)
  const slim = selected(columns.filter((name) => !large.has(name)))
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
    readable(Effect.flatMap(effect, (found) => decodeRows(found)))
  const places = (effect: Effect.Effect<unknown, unknown>) =>
    readable(
      Effect.map(
        Effect.flatMap(effect, (found) => decodePlaces(found)),
        (found) => found.at(-1)?.place
      )
    )

  const sumOfRows = (filter: Filter, byCaller: boolean) => {
    const grouped = {
      Model: column("Model"),
      Backend: column("Backend"),
      Outcome: column("Outcome"),
      Day: `substr(${column("Time")}, 1, 10)`,
      ...(byCaller ? { Caller: column("Caller") } : {})
    }
    const named = Object.entries({ Caller: "NULL", ...grouped }).map(([name, what]) => `${what} AS ${name}`)
    return sql`SELECT ${sql.literal(named.join(", "))}, count(*) AS Requests, sum(PromptTokens) AS PromptTokens,
      sum(CompletionTokens) AS CompletionTokens, sum(TotalTokens) AS TotalTokens
      FROM records WHERE ${where(filter)} GROUP BY ${sql.literal(Object.values(grouped).join(", "))}`
  }

  const sumOfDays = ({ since, until, ...filter }: Filter) =>
    sql`SELECT nullif(Day, '') AS Day, nullif(Model, '') AS Model, nullif(Backend, '') AS Backend,
      nullif(Outcome, '') AS Outcome, NULL AS Caller, Requests, PromptTokens, CompletionTokens, TotalTokens
      FROM record_sums WHERE ${where(filter, [
        sql`Requests > 0`,
        ...(since === undefined ? [] : [sql`Day >= ${since}`]),
        ...(until === undefined ? [] : [sql`Day < ${until}`])
      ])}`

  return {
    newest: (filter, limit) =>
      present.size === 0
        ? Effect.succeed([])
        : rows(sql`SELECT ${slim} FROM records WHERE ${where(filter)} ORDER BY "Time" DESC LIMIT ${limit}`),
    after: (filter, from, limit) =>
      Effect.gen(function* () {
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
    lastPlace: Effect.map(places(sql`SELECT max(${place}) AS place FROM records`), (found) => found ?? 0),
    withId: (prefix, limit) =>
      present.has("id")
        ? rows(sql`SELECT ${whole} FROM records WHERE id >= ${prefix} AND id < ${prefix + "\u{10ffff}"} LIMIT ${limit}`)
        : Effect.succeed([]),
    sums: (filter, byCaller) => {
      if (present.size === 0) return Effect.succeed([])
      const spans = summed && !byCaller && filter.caller === undefined ? parted(filter) : { rows: [filter] }
      const queries = [
        ...spans.rows.map((span) => sumOfRows(span, byCaller)),
        ...(spans.days === undefined ? [] : [sumOfDays(spans.days)])
      ]
      return readable(
        Effect.map(
          Effect.forEach(queries, (query) => Effect.flatMap(query, decodeSums)),
          (all) => all.flat()
        )
      )
    }
  }
}

const nextDay = (time: string): string => new Date(Date.parse(time.slice(0, 10)) + 864e5).toISOString().slice(0, 10)

/** The whole days of a filter, whose sums are known, and what is left at both ends. */
const parted = (filter: Filter): { readonly rows: ReadonlyArray<Filter>; readonly days?: Filter } => {
  const { since, until } = filter
  const midnight = "T00:00:00.000Z"
  const first = since === undefined || since.endsWith(midnight) ? since?.slice(0, 10) : nextDay(since)
  const last = until?.slice(0, 10)
  if (first !== undefined && last !== undefined && first >= last) return { rows: [filter] }
  const head = since === undefined || since.endsWith(midnight) ? [] : [{ ...filter, until: `${first}${midnight}` }]
  const tail = until === undefined || until.endsWith(midnight) ? [] : [{ ...filter, since: `${last}${midnight}` }]
  const { since: _, until: __, ...rest } = filter
  const days = {
    ...rest,
    ...(first === undefined ? {} : { since: first }),
    ...(last === undefined ? {} : { until: last })
  }
  return { rows: [...head, ...tail], days }
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
