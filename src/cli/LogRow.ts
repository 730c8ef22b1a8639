import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as JsonObject from "../domain/JsonObject.js"
import type * as RecordReader from "../log/RecordReader.js"
import * as Stdout from "./Stdout.js"
import * as Table from "./Table.js"

const columns: ReadonlyArray<Table.Column & { readonly of: (row: RecordReader.Row) => string }> = [
  { title: "TIME", of: ({ Time }) => (Time ?? "").replace("T", " ").replace(/\.\d+Z$/, "") },
  { title: "ID", of: ({ id }) => String(id ?? "") },
  { title: "OUTCOME", of: ({ Outcome }) => Outcome ?? "" },
  { title: "STATUS", align: "right", of: ({ Status }) => number(Status) },
  { title: "MODEL", of: ({ Model, RequestedModel }) => Model ?? RequestedModel ?? "" },
  { title: "BACKEND", of: ({ Backend }) => Backend ?? "" },
  { title: "CALLER", of: ({ Caller }) => Caller ?? "" },
  { title: "MS", align: "right", of: ({ LatencyMs }) => number(LatencyMs === null ? null : Math.round(LatencyMs)) },
  { title: "TOKENS", align: "right", of: ({ TotalTokens }) => number(TotalTokens) }
]

/** Rows as a table, one line each. */
export const table = (rows: ReadonlyArray<RecordReader.Row>): string =>
  Table.render(
    columns,
    rows.map((row) => columns.map(({ of }) => of(row))),
    Stdout.width()
  )

/** Rows as lines without a title, for a list that goes on. */
export const lines = (rows: ReadonlyArray<RecordReader.Row>): string => table(rows).split("\n").slice(1).join("\n")

/** A row as an object whose JSON texts are JSON. */
export const toObject = (row: RecordReader.Row): object => ({
  ...row,
  ...Object.fromEntries(
    nested.flatMap((name) => {
      const value = Option.flatMap(Option.fromNullable(row[name]), JsonObject.parseValue)
      return Option.isSome(value) ? [[name, value.value]] : []
    })
  )
})

/** A row as a line of JSON. */
export const toJsonLine = (row: RecordReader.Row): string => `${JSON.stringify(toObject(row))}\n`

/** Tells an operator why a command has failed. */
export const reported = <A, E extends { readonly message: string }, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.tapError(effect, (failure) => Console.error(failure.message))

const nested = ["Attempts", "Headers", "Request", "Response"] as const

const number = (value: number | null): string => (value === null ? "" : String(value))
