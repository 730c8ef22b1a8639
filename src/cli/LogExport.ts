import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import * as Effect from "effect/Effect"
import type * as RecordFilter from "../log/RecordFilter.js"
import * as RecordReader from "../log/RecordReader.js"
import * as LogOptions from "./LogOptions.js"
import * as LogRow from "./LogRow.js"
import * as Stdout from "./Stdout.js"

const options = {
  records: LogOptions.records,
  filter: LogOptions.filter,
  format: Options.choice("format", ["ndjson", "csv"]).pipe(
    Options.withDescription("One JSON object a line, or comma-separated values with a title line"),
    Options.withDefault("ndjson" as const)
  )
}

// Bodies may be large: a page of them is held in memory.
const pageSize = 100

const write = ({ filter, format, records }: Command.Command.ParseConfig<typeof options>) =>
  Effect.gen(function* () {
    if (format === "csv") yield* Stdout.write(csvLine(RecordReader.columns))
    const encode = format === "csv" ? toCsv : LogRow.toJsonLine
    yield* RecordReader.fromEach(records, filter, (file) => writeFile(file, filter, encode))
  })

const writeFile = Effect.fnUntraced(function* (
  file: RecordReader.RecordFile,
  filter: RecordFilter.Filter,
  encode: (row: RecordReader.Row) => string
) {
  let place = 0
  for (;;) {
    const page = yield* file.after(filter, place, pageSize)
    if (page.place === undefined) return
    yield* Stdout.write(page.rows.map(encode).join(""))
    place = page.place
  }
})

const toCsv = (row: RecordReader.Row): string => csvLine(RecordReader.columns.map((name) => String(row[name] ?? "")))

/** A line of comma-separated values (RFC 4180). */
export const csvLine = (values: ReadonlyArray<string>): string =>
  `${values.map((value) => (/[",\r\n]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value)).join(",")}\r\n`

/** `causeway log export`: every record, whole, oldest first. */
export const command = Command.make("export", options, (asked) => LogRow.reported(write(asked))).pipe(
  Command.withDescription("Write whole records to the standard output, oldest first")
)
