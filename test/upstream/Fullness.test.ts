import { assert, describe, it } from "@effect/vitest"
import * as Capacity from "./Capacity.js"

const from = 60_000
const to = 180_000

/** Fails unless the backend gives what it can and refuses few. */
const check = (load: Capacity.Load) => {
  const { answered, refused } = Capacity.serve(load, from, to)
  const what = JSON.stringify(load)
  assert.isAtLeast(answered / Capacity.possible(load, to - from), 0.85, what)
  assert.isAtMost(refused / Math.max(1, answered + refused), 0.05, what)
}

const waits = { answerTime: 700, hasSibling: false, seed: 1 }

describe("A backend that takes so many calls at once", () => {
  for (const atOnce of [1, 2, 7, 20, 60, 200]) {
    it(`gives what it can and refuses few of them, whatever the load: ${atOnce}`, () => {
      for (const callers of [1, atOnce, 2 * atOnce, Math.min(400, 10 * atOnce)]) {
        check({ ...waits, takes: { atOnce }, callers })
        check({ ...waits, takes: { atOnce }, callers, hasSibling: true })
      }
      check({ ...waits, takes: { atOnce }, callers: 2 * atOnce, retryAfter: 1_000 })
      if (atOnce < 100) check({ ...waits, takes: { atOnce }, callers: 3 * atOnce, answerTime: 3_000 })
    })
  }
})

describe("A backend that takes so many calls a second", () => {
  for (const aSecond of [1, 3, 10, 30, 100]) {
    for (const by of ["log", "bucket", "window"] as const) {
      it(`gives what it can and refuses few of them, whatever the load: ${aSecond}, by a ${by}`, () => {
        const takes = { aSecond, by }
        for (const callers of [1, 5 * aSecond, 200]) check({ ...waits, takes, callers })
        check({ ...waits, takes, callers: 200, retryAfter: 1_000 })
        if (aSecond < 100) check({ ...waits, takes, callers: 200, hasSibling: true })
      })
    }
  }
})

describe("A backend that refuses calls at random, whatever room it has", () => {
  for (const [callers, atRandom] of [
    [50, 0.02],
    [50, 0.05],
    [50, 0.1],
    [200, 0.05]
  ] as const) {
    it(`is asked nearly as much as it can take: ${callers} callers, ${atRandom} of the calls`, () => {
      const load = { takes: { atOnce: 1_000 }, callers, answerTime: 500, hasSibling: false, seed: 1, atRandom }
      const { answered } = Capacity.serve(load, from, to)
      assert.isAtLeast(answered / Capacity.possible(load, to - from), 0.8)
    })
  }
})
