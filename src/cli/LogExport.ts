import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { columns } from "../domain/record/RequestRecord.js"
import { RecordQuery } from "../records/read/RecordQuery.js"
import type { RecordRow } from "../records/read/RecordRow.js"
import * as SqliteQuery from "../records/read/SqliteQuery.js"
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

const write = ({ filter, format, records }: Command.Command.ParseConfig<typeof options>) =>
  Effect.gen(function* () {
    const query = yield* RecordQuery
    if (format === "csv") yield* Stdout.write(Csv.line(columns))
    const encode = format === "csv" ? toCsv : LogRow.toJsonLine
    const pages = Stream.mapEffect(query.all(filter), (rows) => Stdout.write(rows.map(encode).join("")))
    if ((yield* Stream.runCount(pages)) === 0) yield* Console.error(LogRow.none(filter))
  }).pipe(Effect.provide(SqliteQuery.layer(records)))

const toCsv = (row: RecordRow): string => Csv.line(columns.map((name) => String(row[name] ?? "")))

/** `causeway log export`: every record, whole, oldest first. */
export const command = Command.make("export", options, (asked) => Ending.told(write(asked))).pipe(
  Command.withDescription("Write whole records to the standard output, oldest first")
)
