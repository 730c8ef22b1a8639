import { assert, describe, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as fc from "effect/FastCheck"
import * as Fiber from "effect/Fiber"
import * as WaitingLine from "../../src/admission/WaitingLine.js"
import { holds } from "../domain/generators.js"

const patient: WaitingLine.Limits = { size: 100, timeout: Duration.hours(1) }

/** So many places, which those who ask take in a line. */
const places = (count: number, options?: WaitingLine.Options) => {
  const line = WaitingLine.make(options)
  let free = count
  const take = (wanted: number) => (): true | undefined => {
    if (free < wanted) return undefined
    free -= wanted
    return true
  }
  const giveBack = (held: number) => {
    free += held
    line.wake()
  }
  return { line, take, giveBack, free: () => free }
}

describe("WaitingLine", () => {
  it("lets nobody wait while there is a place, and serves those who wait in their order, whatever happens", () => {
    const step = fc.oneof(
      fc.record({ does: fc.constant("ask" as const) }),
      fc.record({ does: fc.constantFrom("free" as const, "leave" as const), which: fc.nat() })
    )
    holds(fc.tuple(fc.integer({ min: 1, max: 4 }), fc.array(step, { maxLength: 60 })), ([count, steps]) => {
      const { free, giveBack, line, take } = places(count)
      let asked = 0
      const held: Array<number> = []
      const waiting: Array<{ readonly who: number; readonly leave: () => void }> = []
      for (const each of steps) {
        if (each.does === "ask") {
          const who = asked++
          if (line.takeNow(take(1)) === true) held.push(who)
          else {
            const leave = line.join(take(1), patient, (taken) => {
              assert.strictEqual(waiting.shift()?.who, who, "out of turn")
              assert.isTrue(taken)
              held.push(who)
            })
            waiting.push({ who, leave })
          }
        } else if (each.does === "free" && held.length > 0) {
          held.splice(each.which % held.length, 1)
          giveBack(1)
        } else if (each.does === "leave" && waiting.length > 0) {
          for (const { leave } of waiting.splice(each.which % waiting.length, 1)) leave()
        }
        assert.strictEqual(held.length + free(), count)
        if (waiting.length > 0) assert.strictEqual(free(), 0, "somebody waits for what is free")
      }
    })
  })

  it("keeps a small wish behind a large one where the first is served first, and not once that one has left", () => {
    const { giveBack, line, take } = places(4, { serves: "first" })
    assert.isTrue(line.takeNow(take(3)))
    const served: Array<string> = []
    const leave = line.join(take(3), patient, () => served.push("large"))
    assert.isUndefined(line.takeNow(take(1)))
    line.join(take(1), patient, () => served.push("small"))
    line.wake()
    assert.deepStrictEqual(served, [])
    leave()
    assert.deepStrictEqual(served, ["small"])
    giveBack(3)
    assert.deepStrictEqual(served, ["small"])
  })

  it.effect("refuses whom a full line has no place for, but not before it has said how to leave", () =>
    Effect.gen(function* () {
      const { line, take } = places(0)
      const failure = yield* Effect.flip(line.take(take(1), { ...patient, size: 0 }))
      assert.strictEqual(failure._tag, "Overloaded")
      const told: Array<unknown> = []
      const leave = line.join(take(1), { ...patient, size: 0 }, (taken) => told.push(taken))
      assert.deepStrictEqual(told, [])
      leave()
      yield* Effect.promise(() => Promise.resolve())
      assert.deepStrictEqual(told, [])
    })
  )

  it.live("refuses whoever has waited in vain, and gives it nothing afterwards", () =>
    Effect.gen(function* () {
      const { free, giveBack, line, take } = places(0)
      const failure = yield* Effect.flip(line.take(take(1), { size: 1, timeout: Duration.millis(5) }))
      assert.strictEqual(failure._tag, "Overloaded")
      giveBack(1)
      assert.strictEqual(free(), 1)
    })
  )

  it.effect("gives nothing to whoever was interrupted", () =>
    Effect.gen(function* () {
      const { free, giveBack, line, take } = places(0)
      const fiber = yield* Effect.fork(line.take(take(1), patient))
      yield* Effect.yieldNow()
      yield* Fiber.interrupt(fiber)
      giveBack(1)
      assert.strictEqual(free(), 1)
    })
  )
})
