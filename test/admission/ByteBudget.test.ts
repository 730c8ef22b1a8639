import { assert, describe, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as fc from "effect/FastCheck"
import * as ByteBudget from "../../src/admission/ByteBudget.js"
import { holds } from "../domain/generators.js"

const most = 100
const patient = { size: 100, timeout: Duration.hours(1) }

describe("ByteBudget", () => {
  it("is never overdrawn but by one who is alone, and is whole when all are over", () => {
    const step = fc.record({
      does: fc.constantFrom("take" as const, "wait" as const, "give" as const, "release" as const),
      who: fc.integer({ min: 0, max: 3 }),
      bytes: fc.integer({ min: 1, max: 150 })
    })
    holds(fc.array(step, { maxLength: 80 }), (steps) => {
      const budget = ByteBudget.make()
      const open = () => ({ lease: budget.open(most, patient), held: 0, isWaiting: false })
      const all = [open(), open(), open(), open()]
      for (const { bytes, does, who } of steps) {
        const one = all[who] ?? open()
        const isAsking = does === "take" || (does === "wait" && !one.isWaiting)
        if (isAsking && one.lease.take(bytes)) one.held += bytes
        else if (isAsking && does === "wait") {
          one.isWaiting = true
          one.lease.whenFree(bytes, (taken) => {
            one.isWaiting = false
            assert.isTrue(taken)
            one.held += bytes
          })
        }
        if (does === "give" && one.held > 0) {
          const back = Math.min(bytes, one.held)
          one.held -= back
          one.lease.giveBack(back)
        }
        if (does === "release") {
          one.held = 0
          one.isWaiting = false
          one.lease.release()
          all[who] = open()
        }
        const holders = all.filter(({ held }) => held > 0)
        const total = holders.reduce((sum, { held }) => sum + held, 0)
        assert.isTrue(total <= most || holders.length === 1, `${holders.length} hold ${total}`)
      }
      for (const { lease } of all) lease.release()
      assert.isTrue(budget.open(most, patient).take(most))
    })
  })

  it.effect("serves large bodies in their turn, though small ones come meanwhile", () =>
    Effect.gen(function* () {
      const budget = ByteBudget.make()
      const [first, large, small] = [budget.open(most, patient), budget.open(most, patient), budget.open(most, patient)]
      yield* first.hold(60)
      const told: Array<string> = []
      large.whenFree(80, () => told.push("large"))
      assert.isFalse(small.take(10))
      small.whenFree(10, () => told.push("small"))
      first.release()
      assert.deepStrictEqual(told, ["large", "small"])
    })
  )

  it("keeps nobody waiting for one who is over", () => {
    const budget = ByteBudget.make()
    const [holder, gone, next] = [budget.open(most, patient), budget.open(most, patient), budget.open(most, patient)]
    assert.isTrue(holder.take(60))
    const told: Array<string> = []
    gone.whenFree(90, () => told.push("gone"))
    next.whenFree(40, () => told.push("next"))
    gone.release()
    assert.deepStrictEqual(told, ["next"])
    holder.release()
    gone.giveBack(40)
    assert.isTrue(budget.open(most, patient).take(60))
  })
})
