import { assert, describe, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as TestClock from "effect/TestClock"
import * as Drain from "../../src/exchange/Drain.js"

/** An exchange that says what is done to it. */
const exchange = () => {
  const told: Array<string> = []
  const ending = { cut: () => void told.push("cut"), letGo: Effect.sync(() => void told.push("let go")) }
  return { told, ending }
}

describe("Drain", () => {
  it.effect("waits for what runs, cuts what is left at its deadline, and lets go what does not end then", () =>
    Effect.gen(function* () {
      const drain = yield* Drain.Drain
      const [quick, slow, stuck] = [exchange(), exchange(), exchange()]
      const leave = [quick, slow, stuck].map(({ ending }) => drain.enter(ending))
      const stopping = yield* Effect.fork(drain.drain(Duration.seconds(10)))
      yield* Effect.yieldNow()
      assert.isTrue(drain.isDraining())
      assert.isFalse(drain.isReady())
      leave[0]?.()
      yield* TestClock.adjust("9 seconds")
      assert.deepStrictEqual([quick.told, slow.told, stuck.told], [[], [], []])
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual([quick.told, slow.told, stuck.told], [[], ["cut"], ["cut"]])
      leave[1]?.()
      yield* TestClock.adjust("2 seconds")
      yield* Fiber.join(stopping)
      assert.deepStrictEqual([slow.told, stuck.told], [["cut"], ["cut", "let go"]])
    }).pipe(Effect.provide(Drain.layer))
  )

  it.effect("is over as soon as the last exchange is, and at once where none runs", () =>
    Effect.gen(function* () {
      const drain = yield* Drain.Drain
      const one = exchange()
      const leave = drain.enter(one.ending)
      const stopping = yield* Effect.fork(drain.drain(Duration.hours(1)))
      yield* Effect.yieldNow()
      leave()
      yield* Fiber.join(stopping)
      yield* drain.drain(Duration.hours(1))
      assert.deepStrictEqual(one.told, [])
    }).pipe(Effect.provide(Drain.layer))
  )
})
