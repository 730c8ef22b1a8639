import { assert, describe, it } from "@effect/vitest"
import * as FastCheck from "effect/FastCheck"
import * as Running from "../../src/exchange/Running.js"

describe("Running", () => {
  it("knows exactly what has come and not gone, whatever the order", () => {
    FastCheck.assert(
      FastCheck.property(FastCheck.array(FastCheck.nat(9), { maxLength: 60 }), (moves) => {
        const running = Running.make<number>()
        const inside: Array<{ readonly value: number; readonly leave: () => void }> = []
        for (const [value, move] of moves.entries()) {
          if (move < 6) inside.push({ value, leave: running.enter(value) })
          else inside.splice(move % Math.max(1, inside.length), 1).forEach(({ leave }) => leave())
          assert.strictEqual(running.size(), inside.length)
          assert.sameMembers(
            [...running.all()],
            inside.map((entry) => entry.value)
          )
        }
      })
    )
  })

  it("counts each out once", () => {
    const running = Running.make<string>()
    const leave = running.enter("a")
    running.enter("b")
    leave()
    leave()
    assert.deepStrictEqual(running.all(), ["b"])
  })
})
