import { assert, describe, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as fc from "effect/FastCheck"
import * as Fiber from "effect/Fiber"
import * as TestClock from "effect/TestClock"
import type { AttemptFailure } from "../../../src/domain/failure/Failure.js"
import { HeadersTimedOut, UpstreamRejected } from "../../../src/domain/failure/Failure.js"
import type { Target } from "../../../src/domain/routing/RouteTable.js"
import * as SteadyClock from "../../../src/flow/SteadyClock.js"
import * as Candidates from "../../../src/upstream/forward/Candidates.js"
import * as Health from "../../../src/upstream/Health.js"
import * as Slots from "../../../src/upstream/Slots.js"
import { backend, holds } from "../../domain/generators.js"

const target = (name: string, over: Parameters<typeof backend>[0] = {}, model = "m"): Target => ({
  backend: backend({ name, base_url: `http://${name}`, retries: 0, ...over }),
  model
})

const queue = { size: 1, timeout: Duration.millis(50) }

/** The candidates of one exchange among backends that others use, too. */
const among = (plan: ReadonlyArray<Target>) =>
  Effect.gen(function* () {
    const clock = SteadyClock.of(yield* Effect.clock)
    const slots = Slots.make(clock)
    const health = Health.make(slots)
    const make = () => Candidates.make({ plan, health, slots, queue, clock, startedAt: clock.now() })
    return { candidates: make(), make, health, slots, clock }
  })

const late = new HeadersTimedOut({ after: Duration.seconds(1) })
const refused = new UpstreamRejected({
  status: 400,
  retryAfter: undefined,
  error: { message: "no", type: "t", param: null, code: null }
})

const permit = { terms: "usual", call: { model: "m", began: 0, number: 1, place: 1, taken: 0 } } as const

/** Sets a backend aside. */
const condemn = (health: Health.Health, { backend }: Target, now: number) => {
  for (let n = 0; n < backend.breaker.failures; n++) health.failed(backend, permit, late, now)
}

const nameOf = (ticket: Candidates.Ticket | undefined) => ticket?.target.backend.name

/** The names of all that can be asked one after the other, each of which fails in this way. */
const askAll = (candidates: Candidates.Candidates, failure: AttemptFailure = late) =>
  Effect.gen(function* () {
    const names: Array<string> = []
    for (let attempts = 1; ; attempts++) {
      const ticket = candidates.first() ?? (yield* candidates.next())
      if (ticket === undefined) return names
      names.push(ticket.target.backend.name)
      const verdict = yield* candidates.decide(failure, ticket.target, { attempts, attemptsHere: 1 })
      candidates.free()
      if (verdict._tag === "Stop") return names
    }
  })

describe("Candidates", () => {
  it.effect("are asked in the order of the plan, each once", () =>
    Effect.gen(function* () {
      const { candidates } = yield* among(["a", "b", "c"].map((name) => target(name)))
      assert.deepStrictEqual(yield* askAll(candidates), ["a", "b", "c"])
      assert.isUndefined(yield* candidates.next())
    })
  )

  it.effect("have nothing more to tell of a call that was refused, while they wait to ask again", () =>
    Effect.gen(function* () {
      const a = target("a", { api_key: "own" })
      const { candidates, clock, health, make } = yield* among([a])
      condemn(health, a, clock.now())
      yield* TestClock.adjust(a.backend.breaker.open)
      const ticket = yield* candidates.next()
      if (ticket?.permit.terms !== "probe") return assert.fail("nobody was asked, or not to see")
      const busy = new UpstreamRejected({ ...refused, status: 429, retryAfter: Duration.millis(10) })
      yield* health.failed(a.backend, ticket.permit, busy, clock.now()) ?? Effect.void
      const waiting = yield* Effect.fork(candidates.again(ticket, busy, Duration.seconds(5)))
      yield* TestClock.adjust("2 seconds")
      const probe = yield* make().next()
      assert.strictEqual(probe?.permit.terms, "probe")
      yield* Fiber.interrupt(waiting)
      yield* candidates.letGo() ?? Effect.void
      assert.isTrue(health.isOpen(a.backend, clock.now()))
    })
  )

  it.effect("are asked again on other terms where another call is the probe by then", () =>
    Effect.gen(function* () {
      const a = target("a", { api_key: "own" })
      const { candidates, clock, health, make } = yield* among([a])
      condemn(health, a, clock.now())
      yield* TestClock.adjust(a.backend.breaker.open)
      const ticket = yield* candidates.next()
      if (ticket?.permit.terms !== "probe") return assert.fail("nobody was asked, or not to see")
      const busy = new UpstreamRejected({ ...refused, status: 503, error: { ...refused.error, message: "overloaded" } })
      yield* health.failed(a.backend, ticket.permit, busy, clock.now()) ?? Effect.void
      const waiting = yield* Effect.fork(candidates.again(ticket, busy, Duration.seconds(2)))
      yield* Effect.yieldNow()
      const other = make()
      assert.strictEqual((yield* other.next())?.permit.terms, "probe")
      yield* TestClock.adjust("1 second")
      other.free()
      yield* TestClock.adjust("1 second")
      assert.strictEqual((yield* Fiber.join(waiting))?.permit.terms, "panic")
    })
  )

  it.effect("are asked no more where a failure says that all would fail alike", () =>
    Effect.gen(function* () {
      const { candidates } = yield* among(["a", "b"].map((name) => target(name)))
      assert.deepStrictEqual(yield* askAll(candidates, refused), ["a"])
      assert.isUndefined(yield* candidates.next())
    })
  )

  it.effect("go past those that are set aside or have no slot, as long as others have", () =>
    Effect.gen(function* () {
      const [sick, busy, well] = [target("sick"), target("busy", { max_in_flight: 1 }), target("well")]
      const { candidates, clock, health, slots } = yield* among([sick, busy, well])
      condemn(health, sick, clock.now())
      slots.take(busy)
      assert.isUndefined(candidates.first())
      assert.strictEqual(nameOf(yield* candidates.next()), "well")
    })
  )

  it.effect("wait for a slot where all that could be asked are busy, and are refused when none comes", () =>
    Effect.gen(function* () {
      const busy = target("busy", { max_in_flight: 1 })
      const { candidates, make, slots } = yield* among([busy])
      const slot = slots.take(busy)
      const waiting = yield* Effect.fork(candidates.next())
      yield* Effect.yieldNow()
      slot?.free()
      assert.strictEqual(nameOf(yield* Fiber.join(waiting)), "busy")
      const refusal = yield* Effect.flip(make().next())
      assert.strictEqual(refusal._tag, "Overloaded")
      candidates.free()
      assert.strictEqual(slots.inFlight(busy.backend), 0)
    })
  )

  it.effect("include the one that comes back first when all are set aside, but only once", () =>
    Effect.gen(function* () {
      const [first, second] = [target("first"), target("second")]
      const { candidates, clock, health } = yield* among([first, second])
      condemn(health, first, clock.now())
      yield* TestClock.adjust("1 second")
      condemn(health, second, clock.now())
      assert.deepStrictEqual(yield* askAll(candidates), ["first"])
    })
  )

  it.effect("are none where their total time has passed", () =>
    Effect.gen(function* () {
      const [quick, slow] = [
        target("quick", { timeouts: { total: "1s" } }),
        target("slow", { timeouts: { total: "1m" } })
      ]
      const { candidates } = yield* among([quick, slow])
      yield* TestClock.adjust("2 seconds")
      assert.isUndefined(candidates.first())
      assert.deepStrictEqual(yield* askAll(candidates), ["slow"])
    })
  )

  it.effect("give the slot back of one who is interrupted while it is chosen, and after it", () =>
    Effect.gen(function* () {
      const one = target("one", { max_in_flight: 1 })
      const { candidates, make, slots } = yield* among([one])
      const slot = slots.take(one)
      const waiting = yield* Effect.fork(candidates.next())
      yield* Effect.yieldNow()
      yield* Fiber.interrupt(waiting)
      candidates.letGo()
      slot?.free()
      assert.strictEqual(slots.inFlight(one.backend), 0)
      const other = make()
      assert.strictEqual(nameOf(other.first()), "one")
      other.letGo()
      other.letGo()
      assert.strictEqual(slots.inFlight(one.backend), 0)
    })
  )

  it("for any plan and any failures: nobody is asked twice, one slot is held at a time, and all come back", () =>
    holds(
      fc.record({
        names: fc.array(fc.constantFrom("a", "b", "c", "d"), { minLength: 1, maxLength: 6 }),
        failures: fc.array(fc.constantFrom(late, refused), { maxLength: 6 })
      }),
      ({ failures, names }) =>
        Effect.runSync(
          Effect.gen(function* () {
            const plan = [...new Set(names)].map((name) => target(name, { max_in_flight: 1 }))
            const { candidates, slots } = yield* among(plan)
            const held = () => plan.reduce((sum, { backend }) => sum + slots.inFlight(backend), 0)
            const asked: Array<Target> = []
            for (const [n, failure] of failures.entries()) {
              const ticket = candidates.first()
              assert.strictEqual(held(), ticket === undefined ? 0 : 1)
              if (ticket === undefined) break
              assert.notInclude(asked, ticket.target)
              asked.push(ticket.target)
              yield* candidates.decide(failure, ticket.target, { attempts: n + 1, attemptsHere: 1 })
              candidates.free()
            }
            candidates.first()
            candidates.letGo()
            assert.strictEqual(held(), 0)
          })
        )
    ))
})
