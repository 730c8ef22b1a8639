import * as Args from "@effect/cli/Args"
import * as Command from "@effect/cli/Command"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as JsonObject from "../domain/json/JsonObject.js"
import * as JsonText from "../domain/json/JsonText.js"
import * as Printable from "../domain/text/Printable.js"
import { AttemptTrace } from "../domain/record/RequestRecord.js"
import { RecordQuery } from "../records/read/RecordQuery.js"
import type { RecordRow } from "../records/read/RecordRow.js"
import * as SqliteQuery from "../records/read/SqliteQuery.js"
import * as Ending from "./Ending.js"
import * as LogOptions from "./LogOptions.js"
import * as LogRow from "./LogRow.js"
import * as Stdout from "./Stdout.js"
import * as Table from "./Table.js"

const id = Args.text({ name: "id" }).pipe(
  Args.withDescription("The record's id, which the caller saw as x-request-id; its beginning is enough")
)

const show = ({ id, json, records }: { readonly id: string; readonly json: boolean; readonly records: string }) =>
  Effect.gen(function* () {
    const found = yield* Effect.flatMap(RecordQuery, (query) => query.get(id))
    const exact = found.filter((row) => row.id === id)
    const [row, another] = exact.length === 0 ? found : exact
    if (row === undefined) return yield* refuse(`No record has an id that begins with ${id}.`)
    if (another !== undefined) return yield* refuse(`Several records have an id that begins with ${id}.`)
    yield* json ? Stdout.write(LogRow.toJsonLine(row)) : Stdout.print(describe(row))
  }).pipe(Effect.provide(SqliteQuery.layer(records)))

const refuse = (text: string) => Effect.fail({ message: text } as const)

// A later version may know of further ways to go on.
const AttemptList = Schema.parseJson(
  Schema.Array(Schema.Struct({ ...AttemptTrace.fields, rescue: Schema.optional(Schema.String) }))
)

const describe = (row: RecordRow): string =>
  [
    facts(row),
    section("ATTEMPTS", attempts(row.Attempts)),
    section("HEADERS", pretty(row.Headers)),
    section("REQUEST", pretty(row.Request)),
    section("RESPONSE", pretty(row.Response))
  ]
    .filter((part) => part !== "")
    .join("\n\n")

const facts = (row: RecordRow): string => {
  const tokens = [row.PromptTokens, row.CompletionTokens, row.TotalTokens].map((count) =>
    count === null ? "–" : `${LogRow.about(row.TokensEstimated)}${count}`
  )
  const timings = [`${row.LatencyMs ?? "–"} ms`, row.TtftMs === null ? "" : `first content after ${row.TtftMs} ms`]
  const pairs: ReadonlyArray<readonly [string, string | number | null]> = [
    ["id", row.id],
    ["time", row.Time],
    ["outcome", row.Outcome],
    ["error", row.Error],
    ["status", row.Status],
    ["caller", [row.IP, row.Caller].filter(Boolean).join("  ")],
    ["asked for", [row.RequestedModel, row.Type, row.Stream === 1 ? "streamed" : ""].filter(Boolean).join("  ")],
    ["answered by", [row.Model, row.Backend].filter(Boolean).join("  ")],
    ["cleaned", row.Cleaned],
    ["finish", row.FinishReason],
    ["tokens", `${tokens[0]} prompt + ${tokens[1]} completion = ${tokens[2]}`],
    ["took", timings.filter(Boolean).join(", ")]
  ]
  const known = pairs.filter(([, value]) => value !== null && value !== "")
  return known.map(([name, value]) => `${name.padEnd(12)}${Printable.line(String(value))}`).join("\n")
}

const attempts = (json: string | null): string =>
  Option.match(Schema.decodeUnknownOption(AttemptList)(json), {
    onNone: () => "",
    onSome: (list) =>
      list.length === 0
        ? ""
        : Table.render(
            [
              { title: "BACKEND", most: Printable.longest },
              { title: "MODEL", most: Printable.longest },
              { title: "STATUS", align: "right" },
              { title: "MS", align: "right" },
              { title: "FAILURE" },
              { title: "RESCUE" }
            ],
            list.map(({ backend, failure, location, model, ms, rescue, status }) => [
              backend,
              model,
              String(status ?? ""),
              String(ms),
              [failure, ...(location === undefined ? [] : [`to ${location}`])].filter(Boolean).join(" "),
              rescue ?? ""
            ])
          )
  })

const section = (title: string, text: string): string => (text === "" ? "" : `${title}\n${text}`)

// What is no JSON is one line: lines of its own could pass for those of another section.
const pretty = (json: string | null): string =>
  Option.match(Option.flatMap(Option.fromNullable(json), JsonObject.parseValue), {
    onNone: () => Printable.line(json ?? ""),
    onSome: (value) => Printable.escaped(JsonText.write(value, 2))
  })

/** `causeway log show ID`: one exchange, whole. */
export const command = Command.make("show", { id, records: LogOptions.records, json: LogOptions.json }, (asked) =>
  Ending.told(show(asked))
).pipe(Command.withDescription("Show one exchange whole: its attempts, timings, request and answer"))
