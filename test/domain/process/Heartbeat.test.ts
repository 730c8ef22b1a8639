import { assert, describe, it } from "@effect/vitest"
import * as fc from "effect/FastCheck"
import * as Heartbeat from "../../../src/domain/process/Heartbeat.js"
import { holds } from "../generators.js"

describe("Heartbeat", () => {
  it("is silent after ten seconds and lost after thirty, and has five minutes for its first word", () => {
    const first = (state: Heartbeat.State, spoken: boolean) =>
      Array.from({ length: 1_000 }, (_, missed) => missed).find(
        (missed) => Heartbeat.stateOf({ spoken, missed }) === state
      )
    assert.strictEqual(Heartbeat.interval, 1_000)
    assert.deepStrictEqual([first("silent", true), first("lost", true)], [10, 30])
    assert.deepStrictEqual([first("silent", false), first("lost", false)], [undefined, 300])
  })

  it("is never worse for a word more, nor better for a look more", () => {
    const order: ReadonlyArray<Heartbeat.State> = ["alive", "silent", "lost"]
    const worth = (heard: Heartbeat.Heard) => order.indexOf(Heartbeat.stateOf(heard))
    return holds(fc.record({ spoken: fc.boolean(), missed: fc.nat(400) }), ({ missed, spoken }) => {
      assert.isAtLeast(worth({ spoken, missed: missed + 1 }), worth({ spoken, missed }))
      assert.strictEqual(worth({ spoken: true, missed: 0 }), 0)
    })
  })
})
