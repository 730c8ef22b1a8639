import { assert, describe, it } from "@effect/vitest"
import * as Budget from "../../bench/Budget.js"
import type { Measures } from "../../bench/Measures.js"
import * as Scenario from "../../bench/Scenario.js"

const result = (target: string, measures: Measures) => ({
  scenario: "closed",
  target,
  refusal: undefined,
  measures,
  upstreamBusy: 0,
  loadBusy: 0,
  rounds: []
})
const entry = { scenario: "closed", measure: "cpuRatio" as const, most: 2, goal: 1.6 }
const kept = (measures: Measures) =>
  Budget.judge([entry], [result("bare", { cpuRatio: 1 }), result("causeway", measures)]).map(({ kept }) => kept)

describe("Budget", () => {
  it("judges Causeway alone", () => {
    assert.deepStrictEqual(kept({ cpuRatio: 1.6 }), ["goal"])
    assert.deepStrictEqual(kept({ cpuRatio: 2 }), ["kept"])
    assert.deepStrictEqual(kept({ cpuRatio: 2.01 }), ["missed"])
  })

  it("is not kept by a target that got no number", () => {
    assert.deepStrictEqual(kept({}), ["missing"])
  })

  it("leaves out what was not run", () => {
    assert.deepStrictEqual(Budget.judge([{ ...entry, scenario: "large" }], [result("causeway", {})]), [])
  })

  it("speaks of scenarios that exist", () => {
    const names = Scenario.all.map(({ name }) => name)
    for (const { scenario } of Budget.load()) assert.include(names, scenario)
  })
})
