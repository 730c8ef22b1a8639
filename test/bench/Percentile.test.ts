import { assert, describe, it } from "@effect/vitest"
import * as fc from "effect/FastCheck"
import * as Percentile from "../../bench/Percentile.js"

describe("Percentile", () => {
  it("takes the nearest rank", () => {
    const hundred = Array.from({ length: 100 }, (_, index) => 100 - index)
    assert.strictEqual(Percentile.of(hundred, 0.5), 50)
    assert.strictEqual(Percentile.of(hundred, 0.99), 99)
    assert.strictEqual(Percentile.of(hundred, 1), 100)
    assert.strictEqual(Percentile.of([7], 0.99), 7)
    assert.strictEqual(Percentile.of([], 0.5), undefined)
  })

  it("is not exceeded by its share of the samples, and by more than the rest", () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ noNaN: true, noDefaultInfinity: true }), { minLength: 1 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (samples, share) => {
          const value = Percentile.of(samples, share) ?? Number.NaN
          const below = samples.filter((sample) => sample <= value).length
          const strictlyBelow = samples.filter((sample) => sample < value).length
          assert.isAtLeast(below, share * samples.length)
          assert.isTrue(strictlyBelow < share * samples.length || strictlyBelow === 0)
        }
      )
    )
  })

  it("takes the middle of odd and even numbers of values", () => {
    assert.strictEqual(Percentile.median([3, 1, 2]), 2)
    assert.strictEqual(Percentile.median([4, 1, 2, 3]), 2.5)
    assert.strictEqual(Percentile.median([]), undefined)
  })
})
