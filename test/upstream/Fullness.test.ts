import { assert, describe, it } from "@effect/vitest"
import { setImmediate } from "node:timers/promises"
import * as Capacity from "./Capacity.js"

const from = 60_000

/** Long answers are fewer, so it takes longer until they say something. */
const toOf = ({ answerTime }: Capacity.Load) => (answerTime < 1_000 ? 120_000 : 180_000)

/** Fails unless the backend gives what it can and refuses few. */
const check = async (load: Capacity.Load) => {
  // Vitest wants to be heard of now and then.
  await setImmediate()
  const to = toOf(load)
  const { answered, refused } = Capacity.serve(load, from, to)
  const what = JSON.stringify(load)
  assert.isAtLeast(answered / Capacity.possible(load, from, to), 0.85, what)
  assert.isAtMost(refused / Math.max(1, answered + refused), 0.05, what)
}

const answerTimes = [100, 700, 3_000, 10_000]

describe("A backend that takes so many calls at once", () => {
  for (const atOnce of [1, 2, 5, 20, 50, 100, 200]) {
    it(`gives what it can and refuses few of them, whatever the load: ${atOnce}`, { timeout: 60_000 }, async () => {
      for (const answerTime of answerTimes) {
        const load = { takes: { atOnce }, answerTime, hasSibling: false, seed: 1 }
        await check({ ...load, callers: 2 * atOnce })
        // Where two share one place that nobody waits for, what they get hangs on who comes when.
        if (atOnce > 1) await check({ ...load, callers: atOnce + 1, hasSibling: true })
        await check({ ...load, callers: 2 * atOnce, retryAfter: 1_000 })
        if (atOnce * answerTime < 100_000) await check({ ...load, callers: 6 * atOnce, hasSibling: true })
      }
    })
  }
})

describe("A backend that takes so many calls a second", () => {
  for (const aSecond of [1, 2, 5, 10, 30, 100]) {
    for (const by of ["log", "bucket", "window"] as const) {
      it(
        `gives what it can and refuses few of them, whatever the load: ${aSecond}, by a ${by}`,
        { timeout: 60_000 },
        async () => {
          for (const answerTime of answerTimes) {
            const load = { takes: { aSecond, by }, answerTime, hasSibling: false, seed: 1 }
            const callers = Math.min(1_500, Math.ceil((aSecond * answerTime * 4) / 1_000) + 5)
            await check({ ...load, callers: 1 })
            await check({ ...load, callers })
            await check({ ...load, callers, retryAfter: 1_000 })
            await check({ ...load, callers, hasSibling: true })
          }
        }
      )
    }
  }
})

describe("A backend that refuses calls at random, whatever room it has", () => {
  for (const [callers, atRandom, answerTime] of [
    [50, 0.02, 500],
    [50, 0.05, 500],
    [50, 0.1, 500],
    [200, 0.05, 500],
    [50, 0.05, 3_000],
    [200, 0.05, 3_000]
  ] as const) {
    it(`is asked nearly as much as it can take: ${callers} callers, ${atRandom} of the calls, ${answerTime} ms`, () => {
      const load: Capacity.Load = {
        takes: { atOnce: 1_000 },
        callers,
        answerTime,
        hasSibling: false,
        seed: 1,
        atRandom
      }
      // None is heeded for a minute at a time, so that less would be no whole turn.
      const to = 180_000
      const { answered } = Capacity.serve(load, from, to)
      assert.isAtLeast(answered / Capacity.possible(load, from, to), 0.8)
    })
  }
})
