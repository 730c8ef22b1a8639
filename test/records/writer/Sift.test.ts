import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as fc from "effect/FastCheck"
import * as Sift from "../../../src/records/writer/Sift.js"

/** Offers rows of which some are refused, and any after so many calls; takes at most so many at once. */
const table = (bad: ReadonlySet<number>, breaksAfter = Infinity, atOnce = Infinity) => {
  const taken: Array<number> = []
  let calls = 0
  const offer = (rows: ReadonlyArray<number>) =>
    Effect.suspend(() => {
      if (++calls > breaksAfter) return Effect.fail("down")
      const some = rows.slice(0, atOnce)
      if (some.some((row) => bad.has(row))) return Effect.fail("bad")
      taken.push(...some)
      return Effect.succeed(some.length)
    })
  return { offer, taken, calls: () => calls }
}

const rowsAndBad = fc
  .integer({ min: 0, max: 60 })
  .chain((count) => fc.tuple(fc.constant([...Array(count).keys()]), fc.uniqueArray(fc.nat(60), { maxLength: count })))

describe("Sift", () => {
  it("takes every row that is not at fault, in order, and finds each that is", () => {
    fc.assert(
      fc.property(rowsAndBad, fc.integer({ min: 1, max: 70 }), ([rows, some], atOnce) => {
        const bad = new Set(some)
        const { calls, offer, taken } = table(bad, Infinity, atOnce)
        const sifted = Effect.runSync(Sift.sift(rows, offer, () => "row"))
        const good = rows.filter((row) => !bad.has(row))
        assert.deepStrictEqual(taken, good)
        assert.deepStrictEqual(
          sifted.refused.map(({ row }) => row),
          rows.filter((row) => bad.has(row))
        )
        assert.deepStrictEqual([sifted.left, sifted.failure], [[], undefined])
        assert.isAtMost(calls(), 3 * rows.length + 1)
      })
    )
  })

  it("blames a row only when another one was taken after it", () => {
    fc.assert(
      fc.property(rowsAndBad, fc.nat(80), ([rows, some], breaksAfter) => {
        const bad = new Set(some)
        const { offer, taken } = table(bad, breaksAfter)
        const { left, refused } = Effect.runSync(Sift.sift(rows, offer, () => "unknown"))
        for (const { row } of refused) assert.isTrue(bad.has(row))
        const all = [...taken, ...refused.map(({ row }) => row), ...left]
        assert.deepStrictEqual([...all].sort(by), rows)
        assert.deepStrictEqual(left, [...left].sort(by))
        if (taken.length === 0) assert.deepStrictEqual(left, rows)
      })
    )
  })

  it("stops at once where the disk is at fault, and leaves the rest in order", () => {
    fc.assert(
      fc.property(rowsAndBad, fc.nat(20), ([rows, some], breaksAfter) => {
        const { calls, offer, taken } = table(new Set(some), breaksAfter)
        const { left, refused } = Effect.runSync(
          Sift.sift(rows, offer, (failure) => (failure === "down" ? "passing" : "row"))
        )
        assert.isAtMost(calls(), breaksAfter + 1)
        const all = [...taken, ...refused.map(({ row }) => row), ...left]
        assert.deepStrictEqual([...all].sort(by), rows)
        assert.deepStrictEqual(left, [...left].sort(by))
      })
    )
  })
})

const by = (a: number, b: number) => a - b
