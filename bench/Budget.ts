import { readFileSync } from "node:fs"
import * as Schema from "effect/Schema"
import * as Measures from "./Measures.js"
import type { Result } from "./Result.js"

const Entry = Schema.Struct({
  scenario: Schema.String,
  measure: Schema.String.pipe(Schema.filter((name): name is Measures.Name => name in Measures.known)),
  /** What Causeway may need at most. */
  most: Schema.Number,
  /** What we want to reach. */
  goal: Schema.optionalWith(Schema.Number, { exact: true })
})

/** What one measure of Causeway may be at most, in its unit. */
export interface Entry extends Schema.Schema.Type<typeof Entry> {}

/** Whether an entry is kept; `missing` when its scenario gave no number. */
export interface Verdict {
  readonly entry: Entry
  readonly measured: number | undefined
  readonly kept: "goal" | "kept" | "missed" | "missing"
}

const decode = Schema.decodeUnknownSync(Schema.parseJson(Schema.Array(Entry)))

/** The budget of the project, whose folder is the working directory. */
export const load = (): ReadonlyArray<Entry> => decode(readFileSync("bench/budget.json", "utf8"))

/** Judges the entries of the scenarios that were run; a target without a number has not kept its budget. */
export const judge = (budget: ReadonlyArray<Entry>, results: ReadonlyArray<Result>): ReadonlyArray<Verdict> =>
  budget
    .filter((entry) => results.some(({ scenario }) => scenario === entry.scenario))
    .map((entry) => {
      const own = results.find(({ scenario, target }) => scenario === entry.scenario && target === "causeway")
      const measured = own?.measures[entry.measure]
      return { entry, measured, kept: verdict(entry, measured) }
    })

const verdict = ({ goal, most }: Entry, measured: number | undefined): Verdict["kept"] => {
  if (measured === undefined) return "missing"
  if (measured > most) return "missed"
  return goal !== undefined && measured <= goal ? "goal" : "kept"
}
