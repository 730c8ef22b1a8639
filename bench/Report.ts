import type { Verdict } from "./Budget.js"
import * as Measures from "./Measures.js"
import type { Result } from "./Result.js"

/** The results of one scenario as a Markdown table: one line per measure, one column per target. */
export const table = (results: ReadonlyArray<Result>): string => {
  const names = measureNames.filter((name) => results.some(({ measures }) => measures[name] !== undefined))
  const rows = [
    ["", ...results.map(({ target }) => target)],
    ...names.map((name) => [Measures.known[name][0], ...results.map(({ measures }) => show(name, measures[name]))])
  ]
  const refusals = results.flatMap(({ refusal, target }) =>
    refusal === undefined ? [] : [`${target} gets no number: ${refusal}.`]
  )
  const spread = results.flatMap(({ rounds, target }) =>
    rounds.length < 2 || target === "bare" ? [] : [`${target} × bare by round: ${rounds.map(two).join(", ")}.`]
  )
  const busy = results.map(({ loadBusy, target, upstreamBusy }) => `${target} ${two(upstreamBusy)}, ${two(loadBusy)}`)
  return [...align(rows), "", ...refusals, ...spread, `Cores used by upstream, load: ${busy.join("; ")}.`].join("\n")
}

/** The verdicts as a Markdown table. */
export const verdicts = (all: ReadonlyArray<Verdict>): string =>
  align([
    ["scenario", "measure", "measured", "budget", "goal", ""],
    ...all.map(({ entry, kept, measured }) => [
      entry.scenario,
      Measures.known[entry.measure][0],
      show(entry.measure, measured),
      String(entry.most),
      String(entry.goal ?? ""),
      kept
    ])
  ]).join("\n")

const measureNames = Object.keys(Measures.known).filter((name): name is Measures.Name => name in Measures.known)

// Rounded up, never in our favour; for requests a second that is down.
const show = (name: Measures.Name, value: number | undefined): string => {
  if (value === undefined) return "–"
  const scale = 10 ** Measures.known[name][1]
  const round = name === "requestsPerSecond" || name === "eventsPerSecond" ? Math.floor : Math.ceil
  return (round(value * scale - 1e-9) / scale).toFixed(Measures.known[name][1])
}

const two = (value: number): string => value.toFixed(2)

/** Rows as the lines of a Markdown table, the first as its head. */
export const align = (rows: ReadonlyArray<ReadonlyArray<string>>): ReadonlyArray<string> => {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(3, ...rows.map((row) => row[column]?.length ?? 0)))
  const line = (row: ReadonlyArray<string>) =>
    `| ${row.map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0))).join(" | ")} |`
  const rule = `|${widths.map((width, column) => (column === 0 ? "-".repeat(width + 2) : `${"-".repeat(width + 1)}:`)).join("|")}|`
  const [head = [], ...body] = rows
  return [line(head), rule, ...body.map(line)]
}
