import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Printable from "../domain/text/Printable.js"
import { RecordQuery } from "../records/read/RecordQuery.js"
import type * as RecordSums from "../records/read/RecordSums.js"
import * as SqliteQuery from "../records/read/SqliteQuery.js"
import * as Ending from "./Ending.js"
import * as LogOptions from "./LogOptions.js"
import * as LogRow from "./LogRow.js"
import * as Stdout from "./Stdout.js"
import * as Table from "./Table.js"

const columnOf = { day: "Day", model: "Model", backend: "Backend", outcome: "Outcome", caller: "Caller" } as const
type Dimension = keyof typeof columnOf

const options = {
  records: LogOptions.records,
  filter: LogOptions.filter,
  json: LogOptions.json,
  by: Options.choice("by", ["day", "model", "backend", "outcome", "caller"]).pipe(
    Options.withDescription("What is summed up for itself; may be given more than once (default: day, model, backend)"),
    Options.repeated
  )
}

interface Line {
  readonly key: ReadonlyArray<string | null>
  requests: number
  promptTokens: number
  completionTokens: number
  totalTokens: number
  readonly outcomes: Map<string, number>
}

const stats = (asked: Command.Command.ParseConfig<typeof options>) =>
  Effect.gen(function* () {
    const { filter, json } = asked
    const by: ReadonlyArray<Dimension> = asked.by.length > 0 ? [...new Set(asked.by)] : ["day", "model", "backend"]
    const query = yield* RecordQuery
    const sums = yield* query.stats(
      filter,
      by.map((dimension) => columnOf[dimension])
    )
    const lines = sumUp(sums, by)
    if (lines.length === 0) return yield* json ? Console.error(LogRow.none(filter)) : Stdout.print(LogRow.none(filter))
    yield* json
      ? Stdout.write(lines.map((line) => `${Printable.json(toObject(line, by))}\n`).join(""))
      : Stdout.print(toTable(lines, by))
  }).pipe(Effect.provide(SqliteQuery.layer(asked.records)))

/** Adds up sums that agree in the dimensions, in the order of those. */
export const sumUp = (sums: ReadonlyArray<RecordSums.Sum>, by: ReadonlyArray<Dimension>): ReadonlyArray<Line> => {
  const lines = new Map<string, Line>()
  for (const sum of sums) {
    const key = by.map((dimension) => sum[columnOf[dimension]])
    const name = JSON.stringify(key)
    const line = lines.get(name) ?? emptyLine(key)
    lines.set(name, line)
    add(line, sum)
  }
  return [...lines].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, line]) => line)
}

const emptyLine = (key: Line["key"]): Line => ({
  key,
  requests: 0,
  promptTokens: 0,
  completionTokens: 0,
  totalTokens: 0,
  outcomes: new Map()
})

const add = (line: Line, sum: RecordSums.Sum): void => {
  line.requests += sum.Requests
  line.promptTokens += sum.PromptTokens ?? 0
  line.completionTokens += sum.CompletionTokens ?? 0
  line.totalTokens += sum.TotalTokens ?? 0
  const outcome = sum.Outcome ?? "unknown"
  line.outcomes.set(outcome, (line.outcomes.get(outcome) ?? 0) + sum.Requests)
}

const toObject = ({ key, outcomes, ...sums }: Line, by: ReadonlyArray<Dimension>): object => ({
  ...Object.fromEntries(by.map((dimension, n) => [dimension, key[n] ?? null])),
  ...sums,
  outcomes: Object.fromEntries(outcomes)
})

const toTable = (lines: ReadonlyArray<Line>, by: ReadonlyArray<Dimension>): string => {
  const total = emptyLine(by.map((_, n) => (n === 0 ? "total" : "")))
  for (const line of lines) {
    total.requests += line.requests
    total.promptTokens += line.promptTokens
    total.completionTokens += line.completionTokens
    total.totalTokens += line.totalTokens
    for (const [outcome, count] of line.outcomes)
      total.outcomes.set(outcome, (total.outcomes.get(outcome) ?? 0) + count)
  }
  const numbers = ["REQUESTS", "PROMPT", "COMPLETION", "TOTAL"].map((title) => ({ title, align: "right" as const }))
  const columns = [
    ...by.map((dimension) => ({ title: dimension === "day" ? "DAY (UTC)" : dimension.toUpperCase() })),
    ...numbers,
    { title: "OUTCOMES", most: Printable.longest }
  ]
  const rows = [...lines, total].map((line) => [
    ...line.key.map((value) => value ?? "–"),
    ...[line.requests, line.promptTokens, line.completionTokens, line.totalTokens].map(String),
    [...line.outcomes]
      .sort(([, a], [, b]) => b - a)
      .map(([outcome, count]) => `${outcome} ${count}`)
      .join(", ")
  ])
  return Table.render(columns, rows, Stdout.width())
}

/** `causeway log stats`: tokens and outcomes, summed up. */
export const command = Command.make("stats", options, (asked) => Ending.told(stats(asked))).pipe(
  Command.withDescription("Sum up tokens and outcomes for each day, model and backend")
)
