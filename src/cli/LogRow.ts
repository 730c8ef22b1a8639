import * as Option from "effect/Option"
import * as JsonObject from "../domain/json/JsonObject.js"
import * as Printable from "../domain/text/Printable.js"
import type * as RecordFilter from "../records/read/RecordFilter.js"
import { jsonColumns } from "../records/read/RecordRow.js"
import type { RecordRow } from "../records/read/RecordRow.js"
import * as Stdout from "./Stdout.js"
import * as Table from "./Table.js"

const columns: ReadonlyArray<Table.Column & { readonly of: (row: RecordRow) => string }> = [
  { title: "TIME (UTC)", of: ({ Time }) => (Time ?? "").replace("T", " ").replace(/\.\d+Z$/, "") },
  { title: "ID", of: ({ id }) => String(id ?? "") },
  { title: "OUTCOME", of: ({ Outcome }) => Outcome ?? "" },
  { title: "STATUS", align: "right", of: ({ Status }) => number(Status) },
  { title: "MODEL", of: ({ Model, RequestedModel }) => Model ?? RequestedModel ?? "" },
  { title: "BACKEND", of: ({ Backend }) => Backend ?? "" },
  { title: "CALLER", of: ({ Caller }) => Caller ?? "" },
  { title: "MS", align: "right", of: ({ LatencyMs }) => number(LatencyMs === null ? null : Math.round(LatencyMs)) },
  {
    title: "TOKENS",
    align: "right",
    of: ({ TokensEstimated, TotalTokens }) => about(TokensEstimated) + number(TotalTokens)
  }
]

/** Rows as a table, one line each. */
export const table = (rows: ReadonlyArray<RecordRow>): string =>
  Table.render(
    columns,
    rows.map((row) => columns.map(({ of }) => of(row))),
    Stdout.width()
  )

/** Rows as lines without a title, for a list that goes on. */
export const lines = (rows: ReadonlyArray<RecordRow>): string => table(rows).split("\n").slice(1).join("\n")

/** Why there is nothing to print. */
export const none = (filter: RecordFilter.Filter): string =>
  Object.keys(filter).length === 0 ? "No records." : "No record is of that kind."

/** A row as an object whose JSON texts are JSON. */
export const toObject = (row: RecordRow): object => ({
  ...row,
  ...Object.fromEntries(
    jsonColumns.flatMap((name) => {
      const value = Option.flatMap(Option.fromNullable(row[name]), (text) => JsonObject.parseValue(String(text)))
      return Option.isSome(value) ? [[name, value.value]] : []
    })
  )
})

/** A row as a line of JSON. */
export const toJsonLine = (row: RecordRow): string => `${Printable.json(toObject(row))}\n`

/** What stands before a count: a sign where it is an estimate. */
export const about = (estimated: number | null): string => (estimated === 1 ? "~" : "")

const number = (value: number | null): string => (value === null ? "" : String(value))
