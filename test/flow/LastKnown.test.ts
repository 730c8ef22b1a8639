import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as TestClock from "effect/TestClock"
import * as LastKnown from "../../src/flow/LastKnown.js"
import * as Until from "../support/Until.js"

const limits = {
  otherwise: "nothing",
  newsFor: 1_000,
  grace: 250,
  keptFor: 60_000,
  weigh: (answer: string) => answer.length,
  most: 20
}

/** Questions that are answered when the test says so, and how many were asked, answered or let go. */
const asked = () => {
  const questions: Array<Deferred.Deferred<string, "silent">> = []
  const count = { begun: 0, interrupted: 0 }
  const question = Effect.gen(function* () {
    const answer = yield* Deferred.make<string, "silent">()
    questions.push(answer)
    count.begun++
    return yield* Deferred.await(answer)
  }).pipe(Effect.onInterrupt(() => Effect.sync(() => count.interrupted++)))
  const next = Effect.promise(() => Until.until(() => questions.length > 0)).pipe(
    Effect.map(() => questions.shift()),
    Effect.flatMap(Effect.fromNullable),
    Effect.orDie
  )
  return {
    count,
    question,
    answer: (text: string) => Effect.flatMap(next, (each) => Deferred.succeed(each, text)),
    fail: Effect.flatMap(next, (each) => Deferred.fail(each, "silent" as const))
  }
}

describe("LastKnown", () => {
  it.effect("waits for the first answer, and asks nobody again while that is news", () =>
    Effect.gen(function* () {
      const { answer, count, question } = asked()
      const known = LastKnown.make(limits)
      assert.deepStrictEqual(known.peek("k"), Option.none())
      const first = yield* Effect.fork(Effect.all([known.ask("k", question), known.ask("k", question)], all))
      yield* answer("one")
      assert.deepStrictEqual(yield* Fiber.join(first), ["one", "one"])
      yield* TestClock.adjust(999)
      assert.strictEqual(yield* known.ask("k", question), "one")
      assert.deepStrictEqual(known.peek("k"), Option.some("one"))
      assert.strictEqual(count.begun, 1)
    })
  )

  it.effect("tells what is older only where nothing newer comes at once, and lets one question go on", () =>
    Effect.gen(function* () {
      const { answer, count, question } = asked()
      const known = LastKnown.make(limits)
      const first = yield* Effect.fork(known.ask("k", question))
      yield* answer("one")
      yield* Fiber.join(first)
      yield* TestClock.adjust(1_000)

      const late = yield* Effect.fork(Effect.all([known.ask("k", question), known.ask("k", question)], all))
      yield* Until.asleep(2)
      yield* TestClock.adjust(250)
      assert.deepStrictEqual(yield* Fiber.join(late), ["one", "one"])
      assert.deepStrictEqual(count, { begun: 2, interrupted: 0 })
      yield* answer("two")
      yield* Effect.promise(() => Until.until(() => Option.contains(known.peek("k"), "two")))
      assert.strictEqual(yield* known.ask("k", question), "two")

      yield* TestClock.adjust(1_000)
      const quick = yield* Effect.fork(known.ask("k", question))
      yield* answer("three")
      assert.strictEqual(yield* Fiber.join(quick), "three")
      assert.strictEqual(count.begun, 3)
    })
  )

  it.effect("goes on with the last answer where a question fails, until it is too old", () =>
    Effect.gen(function* () {
      const { answer, count, fail, question } = asked()
      const known = LastKnown.make(limits)
      const ask = Effect.fork(known.ask("k", question))
      const first = yield* ask
      yield* answer("one")
      yield* Fiber.join(first)
      for (const [after, expected] of [
        [30_000, "one"],
        [29_999, "one"],
        [1_000, "nothing"]
      ] as const) {
        yield* TestClock.adjust(after)
        const again = yield* ask
        yield* fail
        assert.strictEqual(yield* Fiber.join(again), expected)
      }
      yield* TestClock.adjust(1_000)
      const back = yield* ask
      yield* answer("two")
      assert.strictEqual(yield* Fiber.join(back), "two")
      assert.strictEqual(count.begun, 5)
    })
  )

  it.effect("has whoever never answers waited for once", () =>
    Effect.gen(function* () {
      const { count, fail, question } = asked()
      const known = LastKnown.make(limits)
      const first = yield* Effect.fork(known.ask("k", question))
      yield* fail
      assert.strictEqual(yield* Fiber.join(first), "nothing")
      yield* TestClock.adjust("1 day")
      const second = yield* Effect.fork(known.ask("k", question))
      yield* Until.asleep()
      yield* TestClock.adjust(250)
      assert.strictEqual(yield* Fiber.join(second), "nothing")
      assert.strictEqual(count.begun, 2)
    })
  )

  it.effect("lets the first question go when nobody waits for it any more", () =>
    Effect.gen(function* () {
      const { answer, count, question } = asked()
      const known = LastKnown.make(limits)
      const leaving = yield* Effect.fork(known.ask("k", question))
      yield* Effect.promise(() => Until.until(() => count.begun === 1))
      yield* Fiber.interrupt(leaving)
      yield* Effect.promise(() => Until.until(() => count.interrupted === 1))
      const next = yield* Effect.fork(known.ask("k", question))
      yield* answer("of the question that was let go")
      yield* answer("one")
      assert.strictEqual(yield* Fiber.join(next), "one")
    })
  )

  it.effect("forgets what was asked for the longest ago when all weighs too much", () =>
    Effect.gen(function* () {
      const known = LastKnown.make(limits)
      for (const key of ["a", "b"]) yield* known.ask(key, Effect.succeed("8 signs."))
      yield* known.ask("a", Effect.die("not asked"))
      yield* known.ask("c", Effect.succeed("8 signs."))
      assert.deepStrictEqual(
        ["a", "b", "c"].map((key) => Option.isSome(known.peek(key))),
        [true, false, true]
      )
      assert.strictEqual(
        yield* known.ask("d", Effect.succeed("more than all that is kept")),
        "more than all that is kept"
      )
      assert.deepStrictEqual(
        ["a", "c", "d"].map((key) => Option.isSome(known.peek(key))),
        [false, false, false]
      )
      yield* known.ask("e", Effect.succeed("20 signs are taken.."))
      assert.isTrue(Option.isSome(known.peek("e")))
    })
  )
})

const all = { concurrency: "unbounded" } as const
