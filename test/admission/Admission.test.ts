import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as fc from "effect/FastCheck"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Queue from "effect/Queue"
import * as Stream from "effect/Stream"
import * as Admission from "../../src/admission/Admission.js"
import * as ConfigRef from "../../src/config/ConfigRef.js"
import * as GatewayConfig from "../../src/domain/config/GatewayConfig.js"
import { entry, holds } from "../domain/generators.js"

const settings = (server: NonNullable<GatewayConfig.Plain["server"]>): GatewayConfig.ServerSettings =>
  Either.getOrThrowWith(GatewayConfig.decode({ openai_clients: [entry()], server }), () => new Error("settings")).server

const limited = settings({ max_in_flight: 2, queue: { size: 1, timeout: "1h" }, max_bytes_in_flight: 100 })

describe("Admission", () => {
  it("has room for as many as were given back, in any order and however often", () => {
    const step = fc.record({ enters: fc.boolean(), admits: fc.boolean(), which: fc.nat(), twice: fc.boolean() })
    holds(fc.array(step, { maxLength: 40 }), (steps) => {
      const claim = Effect.gen(function* () {
        const admission = yield* Admission.Admission
        const inside: Array<{ readonly lease: Admission.Lease; readonly isAdmitted: boolean }> = []
        for (const { admits, enters, twice, which } of steps) {
          if (enters) {
            const lease = admission.lease(limited)
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
        assert.isUndefined(admission.lease(limited).admit())
      })
      Effect.runSync(Effect.provide(claim, Admission.layer))
    })
  })

  it.effect("has those wait who are too many, and refuses those for whom there is no place in the line", () =>
    Effect.gen(function* () {
      const admission = yield* Admission.Admission
      const [first, second, third, fourth] = [1, 2, 3, 4].map(() => admission.lease(limited))
      assert.isUndefined(first?.admit())
      assert.isUndefined(second?.admit())
      const waiting = yield* Effect.fork(third?.admit() ?? Effect.dieMessage("admitted at once"))
      yield* Effect.yieldNow()
      const refused = yield* Effect.flip(fourth?.admit() ?? Effect.dieMessage("admitted at once"))
      assert.strictEqual(refused._tag, "Overloaded")
      second?.release()
      yield* Fiber.join(waiting)
    }).pipe(Effect.provide(Admission.layer))
  )

  it.effect("lets those who wait in as soon as the configuration has room for them, but for a host's own limits", () =>
    Effect.gen(function* () {
      const plain = (most: number) => ({ openai_clients: [entry()], server: { max_in_flight: most } })
      const given = yield* Queue.unbounded<GatewayConfig.Plain>()
      yield* Queue.offer(given, plain(1))
      const config = ConfigRef.layerChanges(Stream.fromQueue(given))
      yield* Effect.gen(function* () {
        const admission = yield* Admission.Admission
        yield* Effect.yieldNow()
        const leases = [1, 1, 2].map((most) => admission.lease(settings({ max_in_flight: most })))
        assert.isUndefined(leases[0]?.admit())
        const waiting = yield* Effect.fork(leases[1]?.admit() ?? Effect.dieMessage("admitted at once"))
        yield* Effect.yieldNow()
        yield* Queue.offer(given, plain(10))
        yield* Fiber.join(waiting)
        assert.isDefined(leases[2]?.admit())
      }).pipe(Effect.provide(Layer.provide(Admission.layer, config)))
    }).pipe(Effect.scoped)
  )

  it.effect("gives the bytes of an exchange back with its place", () =>
    Effect.gen(function* () {
      const admission = yield* Admission.Admission
      const [one, other] = [admission.lease(limited), admission.lease(limited)]
      assert.isTrue(one.bytes.take(80))
      assert.isFalse(other.bytes.take(30))
      one.release()
      assert.isTrue(other.bytes.take(30))
    }).pipe(Effect.provide(Admission.layer))
  )
})
