import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import type * as RecordFilter from "../records/read/RecordFilter.js"
import * as RecordReader from "../records/read/RecordReader.js"
import * as Csv from "./Csv.js"
import * as Ending from "./Ending.js"
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
    if (format === "csv") yield* Stdout.write(Csv.line(RecordReader.columns))
    const encode = format === "csv" ? toCsv : LogRow.toJsonLine
    const written = yield* RecordReader.fromEach(records, filter, (file) => writeFile(file, filter, encode))
    if (!written.includes(true)) yield* Console.error(LogRow.none(filter))
  })

// Whether there was anything to write.
const writeFile = Effect.fnUntraced(function* (
  file: RecordReader.RecordFile,
  filter: RecordFilter.Filter,
  encode: (row: RecordReader.Row) => string
) {
  let place = 0
  for (;;) {
    const page = yield* file.after(filter, place, pageSize)
    if (page.place === undefined) return place > 0
    yield* Stdout.write(page.rows.map(encode).join(""))
    place = page.place
  }
})

const toCsv = (row: RecordReader.Row): string => Csv.line(RecordReader.columns.map((name) => String(row[name] ?? "")))

/** `causeway log export`: every record, whole, oldest first. */
export const command = Command.make("export", options, (asked) => Ending.told(write(asked))).pipe(
  Command.withDescription("Write whole records to the standard output, oldest first")
)
