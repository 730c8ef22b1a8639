import { assert, describe, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as fc from "effect/FastCheck"
import * as Fiber from "effect/Fiber"
import * as TestClock from "effect/TestClock"
import * as GatewayConfig from "../../src/domain/config/GatewayConfig.js"
import * as Drain from "../../src/exchange/Drain.js"
import { entry, holds } from "../domain/generators.js"

const settings = (server: NonNullable<GatewayConfig.Plain["server"]>): GatewayConfig.ServerSettings =>
  Either.getOrThrowWith(GatewayConfig.decode({ openai_clients: [entry()], server }), () => new Error("settings")).server

const limited = settings({ max_in_flight: 2, queue: { size: 1, timeout: "1h" }, max_bytes_in_flight: 100 })

/** An exchange that says what is done to it. */
const exchange = () => {
  const told: Array<string> = []
  const ending = { cut: () => void told.push("cut"), letGo: Effect.sync(() => void told.push("let go")) }
  return { told, ending }
}

describe("Drain", () => {
  it("has room for as many as were given back, in any order and however often", () => {
    const step = fc.record({ enters: fc.boolean(), admits: fc.boolean(), which: fc.nat(), twice: fc.boolean() })
    holds(fc.array(step, { maxLength: 40 }), (steps) => {
      const claim = Effect.gen(function* () {
        const drain = yield* Drain.Drain
        const inside: Array<{ readonly lease: Drain.Lease; readonly isAdmitted: boolean }> = []
        for (const { admits, enters, twice, which } of steps) {
          if (enters) {
            const lease = drain.enter(limited, exchange().ending)
            const before = inside.filter(({ isAdmitted }) => isAdmitted).length
            const isAdmitted = admits && before < 2
            if (isAdmitted) assert.isUndefined(lease.admit())
            inside.push({ lease, isAdmitted })
          } else {
            for (const { lease } of inside.splice(which % Math.max(1, inside.length), 1)) {
              lease.release()
              if (twice) lease.release()
            }
          }
        }
        for (const { lease } of inside) lease.release()
        yield* drain.drain(Duration.seconds(1))
        assert.isUndefined(drain.enter(limited, exchange().ending).admit())
      })
      Effect.runSync(Effect.provide(claim, Drain.layer))
    })
  })

  it.effect("has those wait who are too many, and refuses those for whom there is no place in the line", () =>
    Effect.gen(function* () {
      const drain = yield* Drain.Drain
      const [first, second, third, fourth] = [1, 2, 3, 4].map(() => drain.enter(limited, exchange().ending))
      assert.isUndefined(first?.admit())
      assert.isUndefined(second?.admit())
      const waiting = yield* Effect.fork(third?.admit() ?? Effect.dieMessage("admitted at once"))
      yield* Effect.yieldNow()
      const refused = yield* Effect.flip(fourth?.admit() ?? Effect.dieMessage("admitted at once"))
      assert.strictEqual(refused._tag, "Overloaded")
      second?.release()
      yield* Fiber.join(waiting)
    }).pipe(Effect.provide(Drain.layer))
  )

  it.effect("gives the bytes of an exchange back with its place", () =>
    Effect.gen(function* () {
      const drain = yield* Drain.Drain
      const [one, other] = [drain.enter(limited, exchange().ending), drain.enter(limited, exchange().ending)]
      assert.isTrue(one.bytes.take(80))
      assert.isFalse(other.bytes.take(30))
      one.release()
      assert.isTrue(other.bytes.take(30))
    }).pipe(Effect.provide(Drain.layer))
  )

  it.effect("waits for what runs, cuts what is left at its deadline, and lets go what does not end then", () =>
    Effect.gen(function* () {
      const drain = yield* Drain.Drain
      const [quick, slow, stuck] = [exchange(), exchange(), exchange()]
      const leases = [quick, slow, stuck].map(({ ending }) => drain.enter(limited, ending))
      const stopping = yield* Effect.fork(drain.drain(Duration.seconds(10)))
      yield* Effect.yieldNow()
      assert.isTrue(drain.isDraining())
      assert.isFalse(drain.isReady())
      leases[0]?.release()
      yield* TestClock.adjust("9 seconds")
      assert.deepStrictEqual([quick.told, slow.told, stuck.told], [[], [], []])
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual([quick.told, slow.told, stuck.told], [[], ["cut"], ["cut"]])
      leases[1]?.release()
      yield* TestClock.adjust("2 seconds")
      yield* Fiber.join(stopping)
      assert.deepStrictEqual([slow.told, stuck.told], [["cut"], ["cut", "let go"]])
    }).pipe(Effect.provide(Drain.layer))
  )

  it.effect("is over as soon as the last exchange is, and at once where none runs", () =>
    Effect.gen(function* () {
      const drain = yield* Drain.Drain
      const one = exchange()
      const lease = drain.enter(limited, one.ending)
      const stopping = yield* Effect.fork(drain.drain(Duration.hours(1)))
      yield* Effect.yieldNow()
      lease.release()
      yield* Fiber.join(stopping)
      yield* drain.drain(Duration.hours(1))
      assert.deepStrictEqual(one.told, [])
    }).pipe(Effect.provide(Drain.layer))
  )
})
