import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as AnswerChunk from "../../src/domain/chat/answer/AnswerChunk.js"
import { LocalSink } from "../../src/exchange/LocalSink.js"

/** A sink with all that it tells its listener. */
const listened = () => {
  const told: Array<string> = []
  const sink = new LocalSink()
  sink.listen({
    onLeft: () => told.push("left"),
    onCut: () => told.push("cut")
  })
  const end = (text: string) => sink.end(text, (delivered) => told.push(delivered ? "delivered" : "lost"))
  const send = (...texts: ReadonlyArray<string>) => sink.delivery.send(texts.map(saying))
  const take = Effect.map(sink.take, (chunks) => chunks?.map(said).join(""))
  return { sink, told, end, send, take }
}

const saying = (text: string) => AnswerChunk.make({ text }, true)

const said = (chunk: AnswerChunk.AnswerChunk) => String(chunk.value()["text"])

const many = ["x".repeat(16 * 1024)]

describe("LocalSink", () => {
  it.effect("hands over what has come, and says when it is all taken", () =>
    Effect.gen(function* () {
      const { end, send, sink, take, told } = listened()
      assert.isTrue(send("a"))
      assert.isTrue(send("b"))
      assert.strictEqual(yield* take, "ab")
      send("c")
      end("last")
      assert.deepStrictEqual(told, [])
      assert.strictEqual(yield* take, "c")
      assert.deepStrictEqual(told, ["delivered"])
      assert.isUndefined(yield* take)
      assert.strictEqual(sink.last(), "last")
    })
  )

  it.effect("wakes whoever waits for a chunk, and for the end", () =>
    Effect.gen(function* () {
      const { end, send, take } = listened()
      for (const [act, taken] of [
        [() => send("a"), "a"],
        [() => end(""), undefined]
      ] as const) {
        const waiting = yield* Effect.fork(take)
        yield* Effect.yieldNow()
        act()
        assert.strictEqual(yield* Fiber.join(waiting), taken)
      }
    })
  )

  it.effect("loses nothing to one who gave up waiting", () =>
    Effect.gen(function* () {
      const { send, take } = listened()
      const waiting = yield* Effect.fork(take)
      yield* Effect.yieldNow()
      yield* Fiber.interrupt(waiting)
      send("a")
      assert.strictEqual(yield* take, "a")
    })
  )

  it.effect("asks to wait when 16 KiB wait, and says once when they are taken", () =>
    Effect.gen(function* () {
      const { send, sink, take, told } = listened()
      assert.isFalse(send(...many))
      assert.isFalse(send("more"))
      const waiting = yield* Effect.fork(Effect.map(sink.delivery.drained, () => told.push("drained")))
      yield* Effect.yieldNow()
      assert.deepStrictEqual(told, [])
      yield* take
      yield* Fiber.join(waiting)
      assert.deepStrictEqual(told, ["drained"])
      assert.isTrue(send("a"))
      yield* sink.delivery.drained
    })
  )

  it.effect("tells once of a departure, drops what waits, and holds nobody up after it", () =>
    Effect.gen(function* () {
      const { end, send, sink, take, told } = listened()
      send(...many)
      sink.leave()
      sink.leave()
      assert.deepStrictEqual(told, ["left"])
      assert.isTrue(send(...many))
      assert.isUndefined(yield* take)
      end("late")
      assert.deepStrictEqual(told, ["left", "lost"])
    })
  )

  it.effect("tells a listener of a departure before it listened", () =>
    Effect.gen(function* () {
      const sink = new LocalSink()
      sink.leave()
      const left = yield* Effect.async<string>((resume) =>
        sink.listen({ onLeft: () => resume(Effect.succeed("left")), onCut: () => {} })
      )
      assert.strictEqual(left, "left")
    })
  )

  it.effect("does not deliver what is abandoned after its end", () =>
    Effect.gen(function* () {
      const { end, send, sink, take, told } = listened()
      send("a")
      end("")
      sink.abandon()
      assert.deepStrictEqual(told, ["lost"])
      assert.isUndefined(yield* take)
    })
  )

  it.effect("breaks off what has begun, and cuts once", () =>
    Effect.gen(function* () {
      const { sink, take, told } = listened()
      assert.isFalse(sink.breakOff())
      sink.start()
      assert.isTrue(sink.breakOff())
      assert.isUndefined(yield* take)
      sink.cut()
      sink.cut()
      assert.deepStrictEqual(told, ["cut"])
    })
  )
})
