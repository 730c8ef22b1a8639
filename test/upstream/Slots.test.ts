import { assert, describe, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as fc from "effect/FastCheck"
import * as Fiber from "effect/Fiber"
import type { Backend } from "../../src/domain/backend/Backend.js"
import * as SteadyClock from "../../src/flow/SteadyClock.js"
import * as Slots from "../../src/upstream/Slots.js"
import { backend, holds } from "../domain/generators.js"

const patient = { size: 10, timeout: Duration.hours(1) }
const ignore = () => {}

const clock = { now: () => 0 }

const of = (backend: Backend, model = "m") => ({ backend, model })

const one = backend({ name: "one", base_url: "http://one", max_in_flight: 1 })
const two = backend({ name: "two", base_url: "http://two", max_in_flight: 2 })
const free = backend({ name: "free", base_url: "http://free" })

describe("Slots", () => {
  it("gives each backend no more than it may have under way, whoever gives back how often", () => {
    const step = fc.record({ takes: fc.boolean(), backend: fc.constantFrom(one, two, free), which: fc.nat() })
    holds(fc.array(step, { maxLength: 60 }), (steps) => {
      const slots = Slots.make(clock)
      const held = new Map([one, two, free].map((each) => [each, new Array<Slots.Slot>()]))
      const most = new Map([
        [one, 1],
        [two, 2]
      ])
      for (const step of steps) {
        const own = held.get(step.backend) ?? []
        if (step.takes) {
          const slot = slots.take(of(step.backend))
          assert.strictEqual(slot !== undefined, own.length < (most.get(step.backend) ?? Infinity))
          if (slot !== undefined) own.push(slot)
        } else if (own.length > 0) {
          const [slot] = own.splice(step.which % own.length, 1)
          slot?.free()
          slot?.free()
        }
        assert.strictEqual(slots.inFlight(step.backend), own.length)
      }
    })
  })

  it.effect("lets who waits have the places of a new limit at once, and holds who asks to a lower one", () =>
    Effect.gen(function* () {
      const slots = Slots.make(clock)
      slots.keep([one])
      assert.isDefined(slots.take(of(one)))
      const waiting = yield* Effect.fork(slots.wait([of(one)], patient, ignore))
      yield* Effect.yieldNow()
      slots.keep([backend({ name: "one", base_url: "http://one", max_in_flight: 10, api_key: "sk-new-1" })])
      yield* Fiber.join(waiting)
      assert.strictEqual(slots.inFlight(one), 2)
      slots.keep([one])
      assert.isUndefined(slots.take(of(backend({ name: "one", base_url: "http://one", max_in_flight: 10 }))))
    })
  )

  it("forgets how full a backend was with another key, but not which calls are under way", () => {
    const slots = Slots.make(clock)
    const old = backend({ name: "one", base_url: "http://one", api_key: "sk-old-1", max_in_flight: 2 })
    const [slot, ...others] = [slots.take(of(old)), slots.take(of(old))]
    assert.lengthOf(others, 1)
    if (slot === undefined) throw new Error("no slot")
    slots.refused(old, slot, Duration.hours(1))
    slot.free()
    const fresh = backend({ name: "one", base_url: "http://one", api_key: "sk-new-1", max_in_flight: 2 })
    slots.keep([fresh])
    assert.isUndefined(slots.take(of(old)))
    assert.strictEqual(slots.inFlight(fresh), 1)
    assert.isDefined(slots.take(of(fresh)))
    assert.isUndefined(slots.take(of(fresh)))
    assert.deepStrictEqual(slots.known(fresh), [])
  })

  it.effect("waits for the first candidate that becomes free, and says so before it goes on", () =>
    Effect.gen(function* () {
      const slots = Slots.make(clock)
      const held = [slots.take(of(one)), slots.take(of(two)), slots.take(of(two))]
      const told: Array<Slots.Slot> = []
      const candidates = [of(one), of(two)]
      const waiting = yield* Effect.fork(slots.wait(candidates, patient, (slot) => told.push(slot)))
      yield* Effect.yieldNow()
      held[1]?.free()
      const { candidate, slot } = yield* Fiber.join(waiting)
      assert.strictEqual(candidate.backend, two)
      assert.deepStrictEqual(told, [slot])
      assert.strictEqual(slots.inFlight(two), 2)
    })
  )

  it.effect("is left by whoever is interrupted, and refuses whom its line has no place for", () =>
    Effect.gen(function* () {
      const slots = Slots.make(clock)
      const held = slots.take(of(one))
      const waiting = yield* Effect.fork(slots.wait([of(one)], { ...patient, size: 1 }, ignore))
      yield* Effect.yieldNow()
      const refused = yield* Effect.flip(slots.wait([of(one)], { ...patient, size: 1 }, ignore))
      assert.strictEqual(refused._tag, "Overloaded")
      yield* Fiber.interrupt(waiting)
      held?.free()
      assert.strictEqual(slots.inFlight(one), 0)
    })
  )

  it("keeps what it learned of one model from the others of its backend, and their places within `max_in_flight`", () => {
    const slots = Slots.make(clock)
    const held = [slots.take(of(free, "small")), slots.take(of(free, "small"))]
    const [slot] = held
    if (slot === undefined) return assert.fail("no slot")
    slots.refused(free, slot, Duration.seconds(60))
    slot.free()
    assert.isUndefined(slots.take(of(free, "small"), true))
    assert.isDefined(slots.take(of(free, "large")))
    assert.deepStrictEqual(
      slots.known(free).map(([model]) => model),
      ["small"]
    )
    assert.isDefined(slots.take(of(one, "small")))
    assert.isUndefined(slots.take(of(one, "large")))
  })

  it("keeps away by a hold that is a guess only those who can go elsewhere", () => {
    const slots = Slots.make(clock)
    const slot = slots.take(of(free))
    if (slot === undefined) return assert.fail("no slot")
    slots.refused(free, slot, undefined)
    slot.free()
    assert.isUndefined(slots.take(of(free)))
    assert.isDefined(slots.take(of(free), true))
  })

  it("remembers so many models of a backend and no more, those first that it learned something of", () => {
    const slots = Slots.make(clock)
    const slot = slots.take(of(free, "learned"))
    if (slot === undefined) return assert.fail("no slot")
    slots.refused(free, slot, Duration.seconds(60))
    slot.free()
    for (let n = 0; n < 3 * Slots.mostModels; n++) slots.take(of(free, `made up ${n}`))?.free()
    assert.lengthOf(slots.known(free), 1)
    for (let n = 0; n < 3 * Slots.mostModels; n++) {
      const each = slots.take(of(free, `refused ${n}`))
      if (each === undefined) return assert.fail("no slot")
      slots.refused(free, each, Duration.seconds(60))
      each.free()
    }
    assert.lengthOf(slots.known(free), Slots.mostModels)
  })

  it.live("wakes who waits when a backend has been held for as long as it asked", () =>
    Effect.gen(function* () {
      const real = SteadyClock.of(yield* Effect.clock)
      const slots = Slots.make(real)
      const slot = slots.take(of(free))
      if (slot === undefined) return assert.fail("no slot")
      slots.refused(free, slot, Duration.millis(60))
      slot.free()
      const until = slots.freeAt(of(free))
      assert.isUndefined(slots.take(of(free)))
      yield* slots.wait([of(free)], patient, ignore)
      assert.isAtLeast(real.now(), until)
    })
  )
})
