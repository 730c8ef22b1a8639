import { assert, describe, it } from "@effect/vitest"
import * as Respawn from "../../../src/domain/process/Respawn.js"

const after = (delay: number) => ({ _tag: "After" as const, delay })

describe("the successor of a worker", () => {
  it("begins at once after one that was well", () => {
    for (const early of [0, 3, 100]) {
      assert.deepStrictEqual(Respawn.next({ lived: 10_000, early, othersServe: false }), after(0))
    }
  })

  it("begins later each time that one dies early, up to half a minute, for as long as others serve", () => {
    const delays = [0, 1, 2, 3, 8, 9, 1_000].map((early) => Respawn.next({ lived: 500, early, othersServe: true }))
    assert.deepStrictEqual(delays, [100, 200, 400, 800, 25_600, 30_000, 30_000].map(after))
  })

  it("does not come after five that died early when nobody else serves", () => {
    const next = (early: number) => Respawn.next({ lived: 500, early, othersServe: false })._tag
    assert.deepStrictEqual([0, 1, 2, 3, 4, 5].map(next), ["After", "After", "After", "After", "GiveUp", "GiveUp"])
  })
})
