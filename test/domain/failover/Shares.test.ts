import { assert, describe, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Breaker from "../../../src/domain/failover/Breaker.js"
import * as Traffic from "./Traffic.js"

const settings: Breaker.Settings = {
  failures: 5,
  failureRate: 0.5,
  window: Duration.seconds(30),
  open: Duration.seconds(10),
  openMax: Duration.minutes(5),
  ramp: Duration.seconds(30),
  patience: Duration.seconds(5)
}

const loads = [1, 2, 5, 12, 40, 200]

/** The part that it gets of what its weight gives it, from one minute after an outage to two. */
const partOf = (callers: number, rate: number, failureTime: number) => {
  const seeds = callers > 20 ? [1, 2, 3] : [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]
  const parts = seeds.map((seed) => {
    const seen = Traffic.watch({ callers, rate, failureTime, outage: 3_000, seed: 1_000 * callers + seed, settings })
    return seen.share(60_000, 120_000) / Traffic.weight
  })
  return parts.reduce((sum, part) => sum + part, 0) / parts.length
}

describe("The share of a backend that fails now and then, a minute after an outage", () => {
  for (const callers of loads) {
    it(`is what its weight says below a fifth, and next to nothing well above failure_rate: ${callers} at once`, () => {
      for (const failureTime of [5, 700]) {
        for (const rate of [0, 0.01, 0.05, 0.1, 0.15]) {
          const part = partOf(callers, rate, failureTime)
          assert.isAbove(part, 0.85, `of ${rate}, each in ${failureTime} ms`)
          assert.isBelow(part, 1.15)
        }
        // Among few calls a share says little, so that it takes longer; and one call at a time is let through a ramp.
        const most = callers === 1 ? 0.35 : callers < 5 ? 0.2 : 0.05
        for (const rate of [0.7, 0.85, 1]) assert.isBelow(partOf(callers, rate, failureTime), most)
      }
    })
  }

  it("is not lost to failures that end sooner than the answers that began with them", () => {
    const began = 1_000
    let breaker = Breaker.closed
    for (let n = 1; n <= 10; n++) {
      // Ninety are still under way.
      const beside = () => 100 - n
      breaker = Breaker.failed(breaker, "usual", began + 5, undefined, settings, { began, beside })
      assert.strictEqual(breaker._tag, "Closed")
    }
    for (let n = 0; n < 90; n++) breaker = Breaker.completed(breaker, "usual", began + 700, settings, began)
    assert.strictEqual(breaker._tag, "Closed")
  })

  it("is lost as soon as most of those that began together have failed", () => {
    let breaker = Breaker.closed
    let failed = 0
    while (breaker._tag === "Closed") {
      failed++
      const beside = () => 100 - failed
      breaker = Breaker.failed(breaker, "usual", 1_005, undefined, settings, { began: 1_000, beside })
    }
    assert.strictEqual(failed, 50)
  })

  it("is lost by silence, though others who began later wait, too", () => {
    let breaker = Breaker.closed
    for (let n = 0; n < settings.failures; n++) {
      const began = 10_000 + 1_000 * n
      // One begins each second, and none is answered; each fails after half a minute.
      const beside = (from: number, to: number) =>
        Array.from({ length: 30 }, (_, later) => began + 1_000 * (later + 1)).filter((at) => at >= from && at <= to)
          .length
      breaker = Breaker.failed(breaker, "usual", began + 30_000, undefined, settings, { began, beside })
    }
    assert.strictEqual(breaker._tag, "Open")
  })
})

describe("A backend that is set aside and asked all the same", () => {
  for (const rate of [0.1, 0.3, 0.5, 0.7, 0.9, 1]) {
    it(`does not flap where ${rate} of the calls fail`, () => {
      for (const callers of [1, 10, 200]) {
        const { changes } = Traffic.watch({
          callers,
          rate,
          failureTime: 100,
          outage: 3_000,
          seed: callers,
          settings,
          alone: true
        })
        const most = Math.max(
          ...changes.map(([at]) => changes.filter(([other]) => other >= at && other < at + 10_000).length)
        )
        assert.isAtMost(Math.max(0, most), 8, `${callers} at once`)
      }
    })
  }

  it("is asked as usual again soon after its outage, however many ask", () => {
    const { changes } = Traffic.watch({
      callers: 50,
      rate: 0.01,
      failureTime: 5,
      outage: 3_000,
      seed: 7,
      settings,
      alone: true
    })
    assert.deepStrictEqual(
      changes.map(([, tag]) => tag),
      ["Open", "Ramp", "Closed"]
    )
    const [, [at] = [Infinity]] = changes
    assert.isBelow(at, 3_000)
  })
})
