import type * as SqlClient from "@effect/sql/SqlClient"
import type { SqlError } from "@effect/sql/SqlError"
import type { Fragment } from "@effect/sql/Statement"
import * as Effect from "effect/Effect"
import type { ParseError } from "effect/ParseResult"
import * as Schema from "effect/Schema"
import * as RecordFilter from "./RecordFilter.js"

const Text = Schema.NullOr(Schema.String)
const Count = Schema.NullOr(Schema.Number)

/** What rows of one kind sum up to; null for what the sums were not asked by. */
export const Sum = Schema.Struct({
  Day: Text,
  Model: Text,
  Backend: Text,
  Outcome: Text,
  Caller: Text,
  Requests: Schema.Number,
  PromptTokens: Count,
  CompletionTokens: Count,
  TotalTokens: Count
})
export interface Sum extends Schema.Schema.Type<typeof Sum> {}

/** What sums may be asked by. */
export type Dimension = "Day" | "Model" | "Backend" | "Outcome" | "Caller"

/** A file with records, as sums are taken from it. */
export interface Source {
  readonly sql: SqlClient.SqlClient
  /** The column of that name, or NULL where an older service had none. */
  readonly column: (name: string) => string
  readonly where: (filter: RecordFilter.Filter, more?: ReadonlyArray<Fragment>) => Fragment
  /** Whether the file keeps the sums of each day. */
  readonly summed: boolean
}

const decode = Schema.decodeUnknown(Schema.Array(Sum))

/** Sums for each outcome and whatever else they are asked by: of whole days as they are kept, of the rest from the rows. */
export const of = (
  source: Source,
  filter: RecordFilter.Filter,
  by: ReadonlyArray<Dimension>
): Effect.Effect<ReadonlyArray<Sum>, SqlError | ParseError> => {
  const byCaller = by.includes("Caller") || filter.caller !== undefined
  const spans = source.summed && !byCaller ? RecordFilter.parted(filter) : { rows: [filter] }
  const queries = [
    ...spans.rows.map((span) => ofRows(source, span, new Set([...by, "Outcome"]))),
    ...(spans.days === undefined ? [] : [ofDays(source, spans.days)])
  ]
  return Effect.map(
    Effect.forEach(queries, (query) => Effect.flatMap(query, (found) => decode(found))),
    (all) => all.flat()
  )
}

const ofRows = ({ column, sql, where }: Source, filter: RecordFilter.Filter, by: ReadonlySet<string>) => {
  const all = {
    Day: `substr(${column("Time")}, 1, 10)`,
    Model: column("Model"),
    Backend: column("Backend"),
    Outcome: column("Outcome"),
    Caller: column("Caller")
  }
  const named = Object.entries(all).map(([name, what]) => `${by.has(name) ? what : "NULL"} AS ${name}`)
  const groups = Object.entries(all).flatMap(([name, what]) => (by.has(name) ? [what] : []))
  return sql`SELECT ${sql.literal(named.join(", "))}, count(*) AS Requests, sum(PromptTokens) AS PromptTokens,
    sum(CompletionTokens) AS CompletionTokens, sum(TotalTokens) AS TotalTokens
    FROM records WHERE ${where(filter)} GROUP BY ${sql.literal(groups.join(", "))}`
}

const ofDays = ({ sql, where }: Source, { since, until, ...filter }: RecordFilter.Filter) => {
  const days = [
    sql`Requests > 0`,
    ...(since === undefined ? [] : [sql`Day >= ${since}`]),
    ...(until === undefined ? [] : [sql`Day < ${until}`])
  ]
  return sql`SELECT nullif(Day, '') AS Day, nullif(Model, '') AS Model, nullif(Backend, '') AS Backend,
    nullif(Outcome, '') AS Outcome, NULL AS Caller, Requests, PromptTokens, CompletionTokens, TotalTokens
    FROM record_sums WHERE ${where(filter, days)}`
}
