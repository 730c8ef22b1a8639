import { assert, describe, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as fc from "effect/FastCheck"
import * as Schema from "effect/Schema"
import { BreakerSettings } from "../../../src/domain/backend/BreakerSettings.js"
import * as Breaker from "../../../src/domain/failover/Breaker.js"
import { holds } from "../generators.js"

const usual: Breaker.Settings = {
  failures: 3,
  failureRate: 0.5,
  window: Duration.seconds(30),
  open: Duration.seconds(10),
  openMax: Duration.seconds(60),
  ramp: Duration.seconds(20),
  patience: Duration.seconds(5)
}

/** A breaker that is driven step by step. */
const driven = (settings: Breaker.Settings = usual) => {
  let breaker = Breaker.closed
  let now = 1_000_000
  const self = {
    wait: (seconds: number) => {
      now += seconds * 1_000
      return self
    },
    fail: (times = 1, retryAfter?: number, permit: Breaker.Permit = "usual") => {
      const asked = retryAfter === undefined ? undefined : Duration.seconds(retryAfter)
      for (let n = 0; n < times; n++) breaker = Breaker.failed(breaker, permit, now, asked, settings)
      return self
    },
    /** Calls fail that began so many seconds ago. */
    failLate: (times: number, seconds: number, permit: Breaker.Permit = "usual") => {
      const call = { began: now - seconds * 1_000, beside: () => 0 }
      for (let n = 0; n < times; n++) breaker = Breaker.failed(breaker, permit, now, undefined, settings, call)
      return self
    },
    failForSure: (permit: Breaker.Permit = "usual") => {
      const call = { began: now, beside: () => 1_000, isSure: true }
      breaker = Breaker.failed(breaker, permit, now, undefined, settings, call)
      return self
    },
    succeed: (times = 1, permit: Breaker.Permit = "usual") => {
      for (let n = 0; n < times; n++) breaker = Breaker.completed(breaker, permit, now, settings)
      return self
    },
    answer: (permit: Breaker.Permit) => {
      breaker = Breaker.answered(breaker, permit, now, settings)
      return self
    },
    release: (permit: Breaker.Permit) => {
      breaker = Breaker.released(breaker, permit, now, settings)
      return self
    },
    admit: (draw = 0.5, isIdle = false) => {
      const [next, permit] = Breaker.admit(breaker, now, draw, settings, isIdle)
      breaker = next
      return permit
    },
    state: () => Breaker.at(breaker, now, settings)._tag,
    /** Seconds until it is half open. */
    opensFor: () => {
      const present = Breaker.at(breaker, now, settings)
      return present._tag === "Open" ? (present.until - now) / 1_000 : 0
    }
  }
  return self
}

describe("Breaker", () => {
  it("opens after so many failures in a row, and not before", () => {
    const breaker = driven().fail(2).succeed().fail(2)
    assert.strictEqual(breaker.state(), "Closed")
    assert.strictEqual(breaker.fail().state(), "Open")
    assert.isUndefined(breaker.admit())
  })

  it("opens on a share of failures, once there are enough calls", () => {
    const breaker = driven()
    for (let n = 0; n < 9; n++) breaker.succeed().fail()
    assert.strictEqual(breaker.state(), "Closed")
    assert.strictEqual(breaker.succeed().fail().state(), "Open")
  })

  it("forgets what lies behind its window", () => {
    const breaker = driven()
    for (let n = 0; n < 9; n++) breaker.succeed().fail()
    breaker.wait(31)
    for (let n = 0; n < 9; n++) breaker.succeed().fail()
    assert.strictEqual(breaker.state(), "Closed")
  })

  it("lets one call through when its time has passed, and no second", () => {
    const breaker = driven().fail(3).wait(9.9)
    assert.isUndefined(breaker.admit())
    assert.strictEqual(breaker.wait(0.1).admit(), "probe")
    assert.isUndefined(breaker.admit())
  })

  it("lets another probe through when the first one told nothing", () => {
    const breaker = driven().fail(3).wait(10)
    breaker.admit()
    assert.strictEqual(breaker.release("probe").admit(), "probe")
  })

  it("stays open twice as long each time, up to its limit", () => {
    const breaker = driven().fail(3)
    for (const seconds of [10, 20, 40, 60, 60]) {
      assert.strictEqual(breaker.opensFor(), seconds)
      assert.strictEqual(breaker.wait(seconds).admit(), "probe")
      breaker.failLate(1, 5, "probe")
    }
  })

  it("stays open for the same time again, while an outage lasts, where asking costs nothing", () => {
    const breaker = driven().fail(3)
    for (let n = 0; n < 6; n++) {
      assert.strictEqual(breaker.opensFor(), 10)
      assert.strictEqual(breaker.wait(10).admit(), "probe")
      breaker.failLate(1, 0.9, "probe")
    }
    // One that answers between times is no outage.
    breaker.wait(10).admit()
    assert.strictEqual(breaker.answer("probe").fail(3).opensFor(), 20)
    breaker.wait(20).admit()
    assert.strictEqual(breaker.failLate(1, 0.9, "probe").opensFor(), 40)
  })

  it("stays open until the later of what it has found and what it is asked", () => {
    const breaker = driven().fail(3)
    assert.strictEqual(breaker.fail(1, 30).opensFor(), 30)
    assert.strictEqual(breaker.fail(1, 20).opensFor(), 30)
    assert.strictEqual(breaker.fail(1, 3_600).opensFor(), 60)
    assert.strictEqual(driven().fail(3).fail(1, 1).opensFor(), 10)
  })

  it("opens at once where the call says that the next ones would fail, too", () => {
    const breaker = driven().failForSure()
    assert.strictEqual(breaker.opensFor(), 10)
    assert.strictEqual(breaker.wait(10).admit(), "probe")
    assert.strictEqual(breaker.failForSure("probe").opensFor(), 10)
  })

  it("ramps up after a good probe, by the draw, and then closes", () => {
    const breaker = driven().fail(3).wait(10)
    breaker.admit()
    breaker.answer("probe")
    assert.strictEqual(breaker.state(), "Ramp")
    assert.strictEqual(breaker.admit(0.05), "usual")
    assert.isUndefined(breaker.admit(0.2))
    assert.strictEqual(breaker.admit(0.2, true), "usual", "it has nothing else to do")
    breaker.wait(10)
    assert.strictEqual(breaker.admit(0.4), "usual")
    assert.isUndefined(breaker.admit(0.6))
    assert.strictEqual(breaker.wait(10).state(), "Closed")
    assert.strictEqual(breaker.fail(3).opensFor(), 10)
  })

  it("is judged within the ramp as when it is closed", () => {
    const breaker = driven().fail(3).wait(10)
    breaker.admit()
    breaker.answer("probe").fail(2).succeed().fail(2)
    assert.strictEqual(breaker.state(), "Ramp")
    assert.strictEqual(breaker.fail().state(), "Open")
    const other = driven().fail(3).wait(10)
    other.admit()
    other.answer("probe")
    for (let n = 0; n < 9; n++) other.fail().succeed()
    assert.strictEqual(other.state(), "Ramp")
    assert.strictEqual(other.succeed().fail().state(), "Open")
  })

  it("opens for longer when it fails early in the ramp, and as at first when the ramp has held half its time", () => {
    const ramping = () => {
      const breaker = driven().fail(3).wait(10)
      breaker.admit()
      return breaker.answer("probe")
    }
    assert.strictEqual(ramping().wait(9.9).fail(3).opensFor(), 20)
    assert.strictEqual(ramping().wait(10).fail(3).opensFor(), 10)
  })

  it("is not moved within the ramp by calls from before it", () => {
    const breaker = driven().fail(3).wait(10)
    breaker.admit()
    assert.strictEqual(breaker.answer("probe").wait(1).failLate(5, 2).state(), "Ramp")
    assert.strictEqual(breaker.failLate(5, 1).state(), "Open")
  })

  it("opens at once, and for as long, when the backend asks for more than the patience, within its limit", () => {
    assert.strictEqual(driven().fail(1, 5).state(), "Closed")
    assert.strictEqual(driven().fail(1, 30).opensFor(), 30)
    assert.strictEqual(driven().fail(1, 3_600).opensFor(), 60)
    assert.strictEqual(driven().fail(1, 6).opensFor(), 10)
  })

  it("comes back early when the calls that went through in a panic ended well, and is not moved by others", () => {
    const panicked = (good: number, bad: number) =>
      driven().fail(3).succeed(good, "panic").fail(bad, undefined, "panic")
    assert.strictEqual(panicked(19, 0).state(), "Open")
    assert.strictEqual(panicked(19, 1).state(), "Ramp")
    assert.strictEqual(panicked(10, 10).opensFor(), 10)
    assert.strictEqual(panicked(0, 500).opensFor(), 10)
    assert.strictEqual(panicked(0, 500).wait(10).admit(), "probe")
    // What failed long ago does not stand in the way.
    assert.strictEqual(panicked(0, 500).succeed(20, "panic").state(), "Ramp")
  })

  it("is not moved by calls from before it opened", () => {
    const breaker = driven().fail(3).wait(10)
    breaker.admit()
    assert.strictEqual(breaker.fail().succeed().state(), "HalfOpen")
  })

  it("lets a backend back within twenty seconds of an outage that it failed at once in, and then all calls one by one", () =>
    holds(
      fc.record({
        outage: fc.integer({ min: 1, max: 600 }),
        every: fc.double({ min: 0.1, max: 4, noNaN: true }),
        draw: fc.double({ min: 0.9, max: 0.999, noNaN: true })
      }),
      ({ draw, every, outage }) => {
        const breaker = driven({ ...Schema.decodeSync(BreakerSettings)({}), patience: Duration.seconds(5) })
        const asked: Array<number> = []
        for (let at = 0; at < outage + 40; at += every) {
          const permit = breaker.admit(draw, true)
          if (permit !== undefined && at < outage) breaker.failLate(1, 0.05, permit)
          if (permit !== undefined && at >= outage) {
            asked.push(at - outage)
            breaker.succeed(1, permit)
          }
          breaker.wait(every)
        }
        const [back = Infinity] = asked
        assert.isAtMost(back, 20)
        assert.isAtLeast(asked.length, Math.floor((40 - back) / every))
      }
    ))

  // The reference keeps the whole story and derives from it what the breaker has to say.
  type Event = { readonly kind: "fail" | "succeed" | "wait" | "admit"; readonly seconds: number; readonly draw: number }
  const events: fc.Arbitrary<ReadonlyArray<Event>> = fc.array(
    fc.record({
      kind: fc.constantFrom<Event["kind"]>("fail", "fail", "succeed", "wait", "admit"),
      seconds: fc.integer({ min: 1, max: 40 }),
      draw: fc.double({ min: 0, max: 0.999, noNaN: true })
    }),
    { maxLength: 80 }
  )

  it("does what a reference model does, for any story", () =>
    holds(
      events,
      (story) => {
        const breaker = driven()
        let now = 0
        let state: "Closed" | "Open" | "HalfOpen" | "Ramp" = "Closed"
        const is = (tag: typeof state) => state === tag
        let row = 0
        let openings = 0
        let until = 0
        let since = 0
        let probing = false
        const open = () => {
          openings++
          until = now + Math.min(60, 10 * 2 ** (openings - 1))
          state = "Open"
        }
        const settle = () => {
          if (is("Open") && now >= until) {
            state = "HalfOpen"
            probing = false
          }
          if (is("Ramp") && now - since >= 20) {
            state = "Closed"
            openings = 0
          }
        }
        let permit: Breaker.Permit = "usual"
        // Few calls: the share of failures is another law, tested by itself.
        for (const { draw, kind, seconds } of story.slice(0, Breaker.minCalls - 1)) {
          settle()
          if (kind === "wait") {
            now += seconds
            breaker.wait(seconds)
          } else if (kind === "admit") {
            const got = breaker.admit(draw)
            if (is("Closed")) assert.strictEqual(got, "usual")
            if (is("Open")) assert.isUndefined(got)
            if (is("HalfOpen")) assert.strictEqual(got, probing ? undefined : "probe")
            if (is("Ramp")) assert.strictEqual(got, draw < Math.max(0.1, (now - since) / 20) ? "usual" : undefined)
            if (is("HalfOpen")) probing = true
            if (got !== undefined) permit = got
          } else if (kind === "fail") {
            breaker.fail(1, undefined, permit)
            if ((is("Closed") || is("Ramp")) && permit !== "panic" && ++row >= 3) {
              if (is("Closed") || now - since >= 10) openings = 0
              open()
            } else if (is("HalfOpen") && permit === "probe") {
              // They all fail at once.
              if (openings === 1) openings = 0
              open()
            }
          } else {
            breaker.succeed(1, permit)
            if (is("Closed") || is("Ramp")) row = 0
            if (permit === "probe" && (is("HalfOpen") || is("Open"))) {
              state = "Ramp"
              since = now
              row = 0
            }
          }
          settle()
          assert.strictEqual(breaker.state(), state)
        }
      },
      2_000
    ))
})
