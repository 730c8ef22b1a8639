import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as LocalSink from "../../src/exchange/LocalSink.js"

/** A sink with all that it tells its listener. */
const listened = () => {
  const told: Array<string> = []
  const sink = LocalSink.make()
  sink.listen({
    onLeft: () => told.push("left"),
    onCut: () => told.push("cut")
  })
  const end = (text: string) => sink.end(text, (delivered) => told.push(delivered ? "delivered" : "lost"))
  return { sink, told, end }
}

const large = "x".repeat(16 * 1024)

describe("LocalSink", () => {
  it.effect("hands over what has come, and says when it is all taken", () =>
    Effect.gen(function* () {
      const { end, sink, told } = listened()
      assert.isTrue(sink.write("a"))
      assert.isTrue(sink.write("b"))
      assert.strictEqual(yield* sink.take, "ab")
      sink.write("c")
      end("last")
      assert.deepStrictEqual(told, [])
      assert.strictEqual(yield* sink.take, "c")
      assert.deepStrictEqual(told, ["delivered"])
      assert.isUndefined(yield* sink.take)
      assert.strictEqual(sink.last(), "last")
    })
  )

  it.effect("wakes whoever waits for a text, and for the end", () =>
    Effect.gen(function* () {
      const { end, sink } = listened()
      for (const [act, taken] of [
        [() => sink.write("a"), "a"],
        [() => end(""), undefined]
      ] as const) {
        const waiting = yield* Effect.fork(sink.take)
        yield* Effect.yieldNow()
        act()
        assert.strictEqual(yield* Fiber.join(waiting), taken)
      }
    })
  )

  it.effect("loses nothing to one who gave up waiting", () =>
    Effect.gen(function* () {
      const { sink } = listened()
      const waiting = yield* Effect.fork(sink.take)
      yield* Effect.yieldNow()
      yield* Fiber.interrupt(waiting)
      sink.write("a")
      assert.strictEqual(yield* sink.take, "a")
    })
  )

  it.effect("asks to wait when 16 KiB wait, and says once when they are taken", () =>
    Effect.gen(function* () {
      const { sink, told } = listened()
      assert.isFalse(sink.write(large))
      assert.isFalse(sink.write("more"))
      const waiting = yield* Effect.fork(Effect.map(sink.drained, () => told.push("drained")))
      yield* Effect.yieldNow()
      assert.deepStrictEqual(told, [])
      yield* sink.take
      yield* Fiber.join(waiting)
      assert.deepStrictEqual(told, ["drained"])
      assert.isTrue(sink.write("a"))
      yield* sink.drained
    })
  )

  it.effect("tells once of a departure, drops what waits, and holds nobody up after it", () =>
    Effect.gen(function* () {
      const { end, sink, told } = listened()
      sink.write(large)
      sink.leave()
      sink.leave()
      assert.deepStrictEqual(told, ["left"])
      assert.isTrue(sink.write(large))
      assert.isUndefined(yield* sink.take)
      end("late")
      assert.deepStrictEqual(told, ["left", "lost"])
    })
  )

  it.effect("tells a listener of a departure before it listened", () =>
    Effect.gen(function* () {
      const sink = LocalSink.make()
      sink.leave()
      const left = yield* Effect.async<string>((resume) =>
        sink.listen({ onLeft: () => resume(Effect.succeed("left")), onCut: () => {} })
      )
      assert.strictEqual(left, "left")
    })
  )

  it.effect("does not deliver what is abandoned after its end", () =>
    Effect.gen(function* () {
      const { end, sink, told } = listened()
      sink.write("a")
      end("")
      sink.abandon()
      assert.deepStrictEqual(told, ["lost"])
      assert.isUndefined(yield* sink.take)
    })
  )

  it.effect("breaks off what has begun, and cuts once", () =>
    Effect.gen(function* () {
      const { sink, told } = listened()
      assert.isFalse(sink.breakOff())
      sink.start(200, {})
      assert.isTrue(sink.breakOff())
      assert.isUndefined(yield* sink.take)
      sink.cut()
      sink.cut()
      assert.deepStrictEqual(told, ["cut"])
    })
  )
})
