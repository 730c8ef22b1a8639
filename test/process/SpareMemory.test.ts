import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as TestClock from "effect/TestClock"
import * as SpareMemory from "../../src/process/SpareMemory.js"

describe("SpareMemory", () => {
  it.scoped("collects once when work has come to rest, and again only after more work", () =>
    Effect.gen(function* () {
      let share = 0
      let times = 0
      const collect = Effect.sync(() => void times++)
      yield* Effect.forkScoped(SpareMemory.watch({ busy: () => share, collect }))
      const after = (busy: number, seconds: number) =>
        Effect.map(
          Effect.zipRight(
            Effect.sync(() => (share = busy)),
            TestClock.adjust(`${seconds} seconds`)
          ),
          () => times
        )
      assert.strictEqual(yield* after(0, 60), 0, "no work")
      assert.strictEqual(yield* after(0.5, 2), 0, "work")
      assert.strictEqual(yield* after(0, 22), 0, "a short rest")
      assert.strictEqual(yield* after(0.02, 2), 0, "neither")
      assert.strictEqual(yield* after(0.005, 22), 0, "a short rest again")
      assert.strictEqual(yield* after(0.005, 2), 1, "rest")
      assert.strictEqual(yield* after(0, 60), 1, "no more work")
      assert.strictEqual(yield* after(0.9, 2), 1, "more work")
      assert.strictEqual(yield* after(0, 24), 2, "rest again")
    })
  )

  it.live("has V8 collect what nobody needs, and lets go of its inspector", () =>
    Effect.gen(function* () {
      let gone = false
      const registry = new FinalizationRegistry<string>(() => (gone = true))
      registry.register({}, "nobody needs it")
      while (!gone) yield* Effect.zipRight(SpareMemory.collect, Effect.sleep("1 millis"))
    })
  )
})
