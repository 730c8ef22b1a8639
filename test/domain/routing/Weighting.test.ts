import { assert, describe, it } from "@effect/vitest"
import * as fc from "effect/FastCheck"
import * as Weighting from "../../../src/domain/routing/Weighting.js"
import { holds, random } from "../generators.js"

interface Item {
  readonly name: string
  readonly weight: number
}

const item = (name: string, weight: number): Item => ({ name, weight })
const named = (items: ReadonlyArray<Item>) => items.map(({ name }) => name).join("")
const order = (items: ReadonlyArray<Item>, draw: () => number) =>
  Weighting.order(
    items,
    ({ weight }) => weight,
    () => draw()
  )

/** How far counts are from what was expected of them (Pearson). */
const chiSquare = (counts: ReadonlyMap<string, number>, expected: ReadonlyMap<string, number>): number =>
  [...expected].reduce((sum, [key, mean]) => sum + ((counts.get(key) ?? 0) - mean) ** 2 / mean, 0)

const tally = (n: number, key: () => string): ReadonlyMap<string, number> => {
  const counts = new Map<string, number>()
  for (let i = 0; i < n; i++) {
    const k = key()
    counts.set(k, (counts.get(k) ?? 0) + 1)
  }
  return counts
}

describe("Weighting", () => {
  it("puts an item first as often as its share of the weight", () => {
    const draw = random(1)
    const items = [item("a", 1), item("b", 2), item("c", 3), item("d", 4)]
    const counts = tally(100_000, () => order(items, draw)[0]?.name ?? "")
    const expected = new Map(items.map(({ name, weight }) => [name, weight * 10_000]))
    // 3 degrees of freedom, p = 0.001.
    assert.isBelow(chiSquare(counts, expected), 16.27)
  })

  it("draws the whole order without replacement", () => {
    const draw = random(2)
    const items = [item("a", 1), item("b", 2), item("c", 5)]
    const expected = new Map(
      ["abc", "acb", "bac", "bca", "cab", "cba"].map((names) => {
        const [first = 0, second = 0] = [...names].map((name) => items.find((each) => each.name === name)?.weight ?? 0)
        return [names, ((100_000 * first) / 8) * (second / (8 - first))]
      })
    )
    const counts = tally(100_000, () => named(order(items, draw)))
    // 5 degrees of freedom, p = 0.001.
    assert.isBelow(chiSquare(counts, expected), 20.52)
  })

  it("treats equal weights alike, whatever the weight", () => {
    for (const weight of [1e-300, 0.5, 1, 1e300]) {
      const draw = random(3)
      const counts = tally(10_000, () => order([item("a", weight), item("b", weight)], draw)[0]?.name ?? "")
      const expected = new Map([
        ["a", 5_000],
        ["b", 5_000]
      ])
      assert.isBelow(chiSquare(counts, expected), 10.83, `weight ${weight}`)
    }
  })

  it("keeps the share of tiny weights", () => {
    const draw = random(4)
    const counts = tally(10_000, () => order([item("a", 1e-200), item("b", 3e-200)], draw)[0]?.name ?? "")
    const expected = new Map([
      ["a", 2_500],
      ["b", 7_500]
    ])
    assert.isBelow(chiSquare(counts, expected), 10.83)
  })

  it("leaves a single item and an empty list as they are", () => {
    assert.strictEqual(named(order([item("a", 0)], () => 0.5)), "a")
    assert.strictEqual(named(order([], () => 0.5)), "")
  })

  it("puts items of weight 0 last, in their given order", () => {
    const items = [item("z", 0), item("a", 1), item("y", 0), item("b", 1e-9)]
    const draw = random(5)
    for (let i = 0; i < 1_000; i++) assert.match(named(order(items, draw)), /^(ab|ba)zy$/)
  })

  it("puts items of weight 0 after the lightest others, even where the draw is the worst there is", () => {
    const worst = () => 1 - 2 ** -53
    for (const weight of [1e-9, 1e-300, Number.MIN_VALUE]) {
      assert.strictEqual(named(order([item("z", 0), item("a", weight)], worst)), "az", `weight ${weight}`)
    }
  })

  it("only reorders", () =>
    holds(
      fc.tuple(fc.array(fc.double({ min: 0, max: 1e6, noNaN: true })), fc.double({ min: 0, max: 0.999, noNaN: true })),
      ([weights, draw]) => {
        const items = weights.map((weight, index) => item(`${index};`, weight))
        assert.sameMembers([...order(items, () => draw)], items)
      }
    ))
})
