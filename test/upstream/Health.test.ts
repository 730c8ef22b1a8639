import { assert, describe, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Logger from "effect/Logger"
import * as fc from "effect/FastCheck"
import type { Backend } from "../../src/domain/backend/Backend.js"
import type * as Breaker from "../../src/domain/failover/Breaker.js"
import { ConnectFailed, ResourcesExhausted, UpstreamRejected } from "../../src/domain/failure/Failure.js"
import type { AttemptFailure } from "../../src/domain/failure/Failure.js"
import { RelayEnd } from "../../src/domain/failure/Outcome.js"
import * as Health from "../../src/upstream/Health.js"
import * as Slots from "../../src/upstream/Slots.js"
import { backend, holds } from "../domain/generators.js"

const plain = backend({ name: "a", api_key: "k" })
const other = backend({ name: "b", base_url: "http://b", api_key: "k" })
const callers = backend({ name: "c", base_url: "http://c", api_key: "caller" })
const trusted = backend({ name: "d", base_url: "http://d", breaker: { enabled: false } })

const unreachable = new ConnectFailed({ timedOut: false, cause: new Error("refused") })
const rejected = (status: number) =>
  new UpstreamRejected({
    status,
    retryAfter: undefined,
    error: { message: "no", type: "x", param: null, code: null }
  })

const clock = { now: () => 0 }

const of = (backend: Backend, model = "m") => ({ backend, model })

const on = (terms: Breaker.Permit): Health.Permit => ({
  terms,
  call: { model: "m", began: 0, number: 1, place: 1, taken: 0 }
})

const times = <A>(count: number, act: () => A): ReadonlyArray<A> => Array.from({ length: count }, act)

describe("Health", () => {
  it.effect("sets a backend aside that fails, and no other, and asks one call how it is when its time has passed", () =>
    Effect.gen(function* () {
      const health = Health.make(Slots.make(clock))
      const fail = () => health.failed(plain, on("usual"), unreachable, 1_000)
      while (health.isSound(plain)) fail()
      assert.isTrue(health.isOpen(plain, 1_000))
      assert.isTrue(health.isSound(other))
      assert.isUndefined(yield* health.admit(plain, 1_000))
      const later = health.returnsAt(plain, 1_000)
      assert.isAbove(later, 1_000)
      assert.strictEqual(yield* health.admit(plain, later), "probe")
      assert.isUndefined(yield* health.admit(plain, later))
      health.answered(plain, on("probe"), later)
      assert.isFalse(health.isOpen(plain, later))
    })
  )

  it.effect("gives the probe to another call when nothing can be said of the first", () =>
    Effect.gen(function* () {
      const health = Health.make(Slots.make(clock))
      while (health.isSound(plain)) health.failed(plain, on("usual"), unreachable, 0)
      const later = health.returnsAt(plain, 0)
      assert.strictEqual(yield* health.admit(plain, later), "probe")
      health.released(plain, on("probe"), later)
      assert.strictEqual(yield* health.admit(plain, later), "probe")
    })
  )

  it.effect("says where the redirects of one lead that it sets aside for them", () =>
    Effect.gen(function* () {
      const health = Health.make(Slots.make(clock))
      const lines: Array<string> = []
      const logger = Logger.make(({ message }) => void lines.push(String(message)))
      const moved = new UpstreamRejected({ ...rejected(302), location: "https://login.example/a" })
      while (health.isSound(plain)) {
        const report = health.failed(plain, on("usual"), moved, 0) ?? Effect.void
        yield* report.pipe(Effect.provide(Logger.replace(Logger.defaultLogger, logger)))
      }
      assert.include(lines.join(), "UpstreamRejected, redirects to https://login.example/a")
    })
  )

  it("does not blame a backend for what is the caller's, the gateway's own, or nobody's", () => {
    const blameless: ReadonlyArray<readonly [typeof plain, AttemptFailure]> = [
      [plain, rejected(400)],
      [plain, rejected(422)],
      [callers, rejected(401)],
      [plain, new ResourcesExhausted({ what: "EMFILE", everywhere: true })]
    ]
    for (const [whose, failure] of blameless) {
      const health = Health.make(Slots.make(clock))
      times(50, () => health.failed(whose, on("usual"), failure, 0))
      assert.isTrue(health.isSound(whose), failure.message)
    }
    const health = Health.make(Slots.make(clock))
    times(50, () => health.ended(plain, on("usual"), RelayEnd.CallerLeft(), 0))
    assert.isTrue(health.isSound(plain))
    times(50, () => health.failed(trusted, on("usual"), unreachable, 0))
    assert.isTrue(health.isSound(trusted))
  })

  it("learns how full one is from refusals for being busy, and thinks no worse of it", () => {
    for (const [status, over] of [
      [429, {}],
      [529, {}],
      [503, { retryAfter: Duration.seconds(1) }],
      [503, { error: { message: "The engine is overloaded.", type: "x", param: null, code: null } }]
    ] as const) {
      const slots = Slots.make(clock)
      const health = Health.make(slots)
      const held = times(30, () => slots.take(of(plain)))
      for (const slot of held.slice(20)) {
        if (slot === undefined) continue
        health.failed(plain, { call: slot, terms: "usual" }, new UpstreamRejected({ ...rejected(status), ...over }), 0)
        slot.free()
      }
      assert.isTrue(health.isSound(plain))
      assert.strictEqual(slots.fullness(of(plain)).places, 20)
      assert.isUndefined(slots.take(of(plain)))
    }
  })

  it("takes a quota that is spent for a failure, the caller's own limits for neither, and learns nothing where it is off", () => {
    const spent = new UpstreamRejected({
      ...rejected(429),
      error: { message: "no", type: "x", param: null, code: "insufficient_quota" }
    })
    const slots = Slots.make(clock)
    const health = Health.make(slots)
    times(5, () => health.failed(plain, on("usual"), spent, 0))
    assert.isFalse(health.isSound(plain))
    for (const each of [callers, trusted]) {
      times(5, () => health.failed(each, on("usual"), rejected(429), 0))
      assert.isTrue(health.isSound(each))
      assert.isDefined(slots.take(of(each)))
    }
  })

  it("learns nothing of how full one is from what it says to a caller's own key, and thinks no worse of it", () => {
    const busy = new UpstreamRejected({ ...rejected(503), retryAfter: Duration.seconds(60) })
    const slots = Slots.make(clock)
    const health = Health.make(slots)
    times(30, () => health.failed(callers, on("usual"), busy, 0))
    assert.isTrue(health.isSound(callers))
    assert.deepStrictEqual(slots.known(callers), [])
    health.failed(plain, on("usual"), busy, 0)
    assert.isUndefined(slots.take(of(plain)))
    assert.isDefined(slots.take(of(plain, "another")))
  })

  it("does not take a call's own place for one beside it where it took longer than the window", () => {
    const slots = Slots.make(clock)
    const health = Health.make(slots)
    const late = Duration.toMillis(plain.breaker.window) + 2_000
    const held = times(5, () => slots.take(of(plain)))
    // Five in a row, beside which five others are under way that began too long ago to be counted.
    for (const slot of held) {
      if (slot !== undefined) health.failed(plain, { call: slot, terms: "usual" }, unreachable, late)
    }
    assert.isFalse(health.isSound(plain))
  })

  it("does not set one aside for failures that are quicker than the answers that began with them", () => {
    const slots = Slots.make(clock)
    const health = Health.make(slots)
    const held = times(100, () => slots.take(of(plain)))
    const fail = (slot: Slots.Slot | undefined) => {
      if (slot === undefined) return
      health.failed(plain, { call: slot, terms: "usual" }, unreachable, 5)
      slot.free()
    }
    for (const slot of held.slice(0, 10)) fail(slot)
    assert.isTrue(health.isSound(plain))
    for (const slot of held.slice(10, 60)) fail(slot)
    assert.isFalse(health.isSound(plain))
  })

  it.effect("tells the log one line in five seconds, and how many changes it left out", () =>
    Effect.gen(function* () {
      const health = Health.make(Slots.make(clock))
      const lines: Array<string> = []
      const logger = Logger.replace(
        Logger.defaultLogger,
        Logger.make(({ message }) => void lines.push(String(message)))
      )
      const said = (report: Health.Report) => Effect.provide(report ?? Effect.void, logger)
      // Set aside for ever shorter, it comes and goes three times within a second or so.
      const hasty = backend({ name: "hasty", breaker: { open: "100ms", open_max: "100ms", failures: 1 } })
      for (let now = 0; now < 1_000; now += 200) {
        yield* said(
          health.failed(hasty, { terms: "usual", call: { ...on("usual").call, began: now } }, unreachable, now)
        )
        const terms = yield* Effect.provide(health.admit(hasty, now + 100), logger)
        assert.strictEqual(terms, "probe")
        yield* said(health.answered(hasty, on("probe"), now + 100))
      }
      assert.lengthOf(lines, 1)
      assert.match(lines.join(), /^Backend hasty: Closed → Open for 100ms/)
      yield* said(health.ended(hasty, on("probe"), RelayEnd.Completed(), 6_000))
      assert.deepStrictEqual(lines.slice(1), ["Backend hasty: Ramp; 14 changes before it not told"])
    })
  )

  it("forgets whom the configuration has no more, and nobody else", () => {
    const health = Health.make(Slots.make(clock))
    for (const each of [plain, other]) while (health.isSound(each)) health.failed(each, on("usual"), unreachable, 0)
    health.keep([other])
    assert.isTrue(health.isSound(plain))
    assert.isFalse(health.isSound(other))
  })

  it("forgets of a backend what another key or header brought on", () => {
    const keyed = (over: object) => backend({ name: "keyed", base_url: "http://keyed", api_key: "sk-old-1", ...over })
    const changes = [{}, { api_key: "sk-new-1" }, { headers: { "x-team": "b" } }, { key_header: "api-key" }]
    for (const [n, over] of changes.entries()) {
      const health = Health.make(Slots.make(clock))
      const before = keyed({})
      while (health.isSound(before)) health.failed(before, on("usual"), unreachable, 0)
      const after = keyed({ priority: 3, ...over })
      health.keep([after])
      assert.strictEqual(health.isSound(after), n > 0, JSON.stringify(over))
    }
  })

  it("lets a backend be asked again within its longest time, whatever became of the calls to it", () => {
    const what = fc.constantFrom("fail" as const, "reject" as const, "end" as const, "release" as const)
    holds(fc.array(fc.tuple(what, fc.nat(100_000)), { maxLength: 80 }), (calls) => {
      const health = Health.make(Slots.make(clock))
      let now = 0
      for (const [kind, after] of calls) {
        now += after
        const terms = Effect.runSync(health.admit(plain, now))
        if (terms === undefined) continue
        const permit = { terms, call: { ...on(terms).call, began: now } }
        if (kind === "fail") health.failed(plain, permit, unreachable, now)
        if (kind === "reject") health.failed(plain, permit, rejected(503), now)
        if (kind === "end") health.ended(plain, permit, RelayEnd.Completed(), now)
        if (kind === "release") health.released(plain, permit, now)
        assert.isAtMost(health.returnsAt(plain, now) - now, Duration.toMillis(plain.breaker.openMax))
      }
      const later = Math.max(now, health.returnsAt(plain, now))
      assert.isFalse(health.isOpen(plain, later))
    })
  })
})
