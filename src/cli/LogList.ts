import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import * as Arr from "effect/Array"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import { RecordQuery } from "../records/read/RecordQuery.js"
import type { RecordRow } from "../records/read/RecordRow.js"
import * as SqliteQuery from "../records/read/SqliteQuery.js"
import * as Ending from "./Ending.js"
import * as LogFollow from "./LogFollow.js"
import * as LogOptions from "./LogOptions.js"
import * as LogRow from "./LogRow.js"
import * as Stdout from "./Stdout.js"

/** What a list is asked for. */
export const options = {
  records: LogOptions.records,
  filter: LogOptions.filter,
  limit: LogOptions.limit,
  json: LogOptions.json,
  follow: Options.boolean("follow").pipe(
    Options.withAlias("f"),
    Options.withDescription("Go on with every record that comes")
  )
}

/** Prints the newest records, the newest last, so that it stands above the prompt. */
export const run = (asked: Command.Command.ParseConfig<typeof options>) =>
  Effect.gen(function* () {
    const { filter, json, limit, records } = asked
    if (asked.follow) return yield* LogFollow.follow(records, filter, limit, json)
    const query = yield* RecordQuery
    const newest = yield* query.find(filter, limit, json ? "slim" : "brief")
    if (newest.length === 0) return yield* json ? Console.error(LogRow.none(filter)) : Stdout.print(LogRow.none(filter))
    if (!json) return yield* Stdout.print(LogRow.table(newest))
    const write = (rows: ReadonlyArray<RecordRow>) => Stdout.write(rows.map(LogRow.toJsonLine).join(""))
    yield* Effect.forEach(Arr.chunksOf(newest, together), write, { discard: true })
  }).pipe(Effect.provide(SqliteQuery.layer(asked.records)))

// All in one text could be longer than a text can be.
const together = 1_000

/** `causeway log list`: the newest records. */
export const command = Command.make("list", options, (asked) => Ending.told(run(asked))).pipe(
  Command.withDescription("List the newest records; what `causeway log` does by default")
)
