import { assert, describe, it } from "@effect/vitest"
import * as Refusal from "../../bench/Refusal.js"
import { fair } from "./Samples.js"

describe("Refusal", () => {
  it("is none for fair windows with right answers", () => {
    assert.isUndefined(Refusal.of([fair(), fair()]))
  })

  it("names a wrong answer, though all others were right", () => {
    const refusal = Refusal.of([fair(), fair({}, { wrong: 1, complaint: "answered 500" })])
    assert.strictEqual(refusal, "1 wrong answers: answered 500")
  })

  it("names dropped requests", () => {
    assert.match(Refusal.of([fair({}, { dropped: 2, complaint: "other side closed" })]) ?? "", /^2 dropped/)
  })

  it("finds out an upstream that everything else waited for, or that was late", () => {
    assert.match(Refusal.of([fair({ upstreamBusy: 0.95 })]) ?? "", /bottleneck/)
    assert.match(Refusal.of([fair({ lateness: 25 })]) ?? "", /pace/)
  })

  it("finds out that fewer requests were open than there should have been", () => {
    assert.match(Refusal.of([fair({ held: 999, toHold: 1000 })]) ?? "", /only 999 of 1000/)
    assert.isUndefined(Refusal.of([fair({ held: 1000, toHold: 1000 }, { completed: 0 })]))
  })

  it("gives no number for nothing", () => {
    assert.isDefined(Refusal.of([fair({}, { completed: 0 })]))
  })
})
