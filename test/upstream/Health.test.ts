import { assert, describe, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Logger from "effect/Logger"
import * as fc from "effect/FastCheck"
import { ConnectFailed, ResourcesExhausted, UpstreamRejected } from "../../src/domain/failure/Failure.js"
import type { AttemptFailure } from "../../src/domain/failure/Failure.js"
import { RelayEnd } from "../../src/domain/failure/Outcome.js"
import * as Health from "../../src/upstream/Health.js"
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

const times = (count: number, act: () => unknown) => Array.from({ length: count }, act)

describe("Health", () => {
  it.effect("sets a backend aside that fails, and no other, and asks one call how it is when its time has passed", () =>
    Effect.gen(function* () {
      const health = Health.make()
      const fail = () => health.failed(plain, "usual", unreachable, 1_000)
      while (health.isSound(plain)) fail()
      assert.isTrue(health.isOpen(plain, 1_000))
      assert.isTrue(health.isSound(other))
      assert.isUndefined(yield* health.admit(plain, 1_000))
      const later = health.returnsAt(plain, 1_000)
      assert.isAbove(later, 1_000)
      assert.strictEqual(yield* health.admit(plain, later), "probe")
      assert.isUndefined(yield* health.admit(plain, later))
      assert.isDefined(health.answered(plain, "probe", later))
      assert.isFalse(health.isOpen(plain, later))
    })
  )

  it.effect("gives the probe to another call when nothing can be said of the first", () =>
    Effect.gen(function* () {
      const health = Health.make()
      while (health.isSound(plain)) health.failed(plain, "usual", unreachable, 0)
      const later = health.returnsAt(plain, 0)
      assert.strictEqual(yield* health.admit(plain, later), "probe")
      health.released(plain, "probe", later)
      assert.strictEqual(yield* health.admit(plain, later), "probe")
    })
  )

  it.effect("says where the redirects of one lead that it sets aside for them", () =>
    Effect.gen(function* () {
      const health = Health.make()
      const lines: Array<string> = []
      const logger = Logger.make(({ message }) => void lines.push(String(message)))
      const moved = new UpstreamRejected({ ...rejected(302), location: "https://login.example/a" })
      while (health.isSound(plain)) {
        const report = health.failed(plain, "usual", moved, 0) ?? Effect.void
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
      const health = Health.make()
      times(50, () => health.failed(whose, "usual", failure, 0))
      assert.isTrue(health.isSound(whose), failure.message)
    }
    const health = Health.make()
    times(50, () => health.ended(plain, "usual", RelayEnd.CallerLeft(), 0))
    assert.isTrue(health.isSound(plain))
    times(50, () => health.failed(trusted, "usual", unreachable, 0))
    assert.isTrue(health.isSound(trusted))
  })

  it("forgets whom the configuration has no more, and nobody else", () => {
    const health = Health.make()
    for (const each of [plain, other]) while (health.isSound(each)) health.failed(each, "usual", unreachable, 0)
    health.keep([other])
    assert.isTrue(health.isSound(plain))
    assert.isFalse(health.isSound(other))
  })

  it("lets a backend be asked again within its longest time, whatever became of the calls to it", () => {
    const what = fc.constantFrom("fail" as const, "reject" as const, "end" as const, "release" as const)
    holds(fc.array(fc.tuple(what, fc.nat(100_000)), { maxLength: 80 }), (calls) => {
      const health = Health.make()
      let now = 0
      for (const [kind, after] of calls) {
        now += after
        const permit = Effect.runSync(health.admit(plain, now))
        if (permit === undefined) continue
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
