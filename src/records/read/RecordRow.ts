import * as EffectRecord from "effect/Record"
import * as Schema from "effect/Schema"
import * as Column from "../../domain/record/Column.js"
import type { RequestRecord } from "../../domain/record/RequestRecord.js"
import { LoggedRecord, columns, columnsThat } from "../../domain/record/RequestRecord.js"

/** A row as it stands in a file, which an older service may have written; what that did not know is null. */
export type RecordRow = {
  readonly [K in keyof RequestRecord]: LoggedRecord[K] | null | (K extends "id" ? number : never)
}

/** The columns that may hold JSON. */
export const jsonColumns = columnsThat(({ json }) => json === true)

/** The columns that a list need not read: what was said. */
export const largeColumns: ReadonlySet<keyof RequestRecord> = new Set(columnsThat(({ large }) => large === true))

/** The columns of texts; but rows are found by their id and in the order of their time, which no beginning tells. */
export const textColumns: ReadonlySet<keyof RequestRecord> = new Set(
  columnsThat(({ type }) => type === "TEXT").filter((name) => name !== "id" && name !== "Time")
)

const { amends: _, ...fields } = LoggedRecord.fields

// The ids of older services were numbers.
const Found = Schema.Struct(
  EffectRecord.map(fields, (field, name) =>
    name === "id" ? Schema.NullOr(Schema.Union(field, Schema.Number)) : Schema.NullOr(field)
  )
)

const checks = columns
  .filter((name) => name !== "id")
  .map((name) => ({ name, isRight: Column.checkOf(Column.of(fields[name])) }))

const isRow = (row: typeof Found.Type): row is RecordRow =>
  checks.every(({ isRight, name }) => row[name] === null || isRight(row[name]))

/** Rows that were found, without what is no column of a record. */
export const decode = Schema.decodeUnknown(Schema.Array(Found.pipe(Schema.filter(isRow))))
