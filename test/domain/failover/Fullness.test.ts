import { assert, describe, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Fullness from "../../../src/domain/failover/Fullness.js"

const settings = { open: Duration.seconds(10), openMax: Duration.minutes(5) }

const start = 1_000_000

/** One call after the other is refused, each with nothing beside it, as soon as the backend is not held any more. */
const heldFor = (asked: Duration.Duration | undefined, times: number): ReadonlyArray<number> => {
  let fullness = Fullness.unknown
  let now = start
  return Array.from({ length: times }, (_, n) => {
    const call = { number: n + 1, place: 1, others: 0, taken: 0 }
    fullness = Fullness.refused(fullness, call, n + 1, asked, now, settings)
    const held = fullness.heldUntil - now
    now = fullness.heldUntil
    return held
  })
}

const full = (others: number) =>
  Fullness.refused(
    Fullness.unknown,
    { number: others + 1, place: others + 1, others, taken: others },
    others + 1,
    undefined,
    start,
    settings
  )

describe("Fullness", () => {
  it("holds a backend that refuses everything for a second, then for two, and never longer than `open`", () => {
    assert.deepStrictEqual(heldFor(undefined, 6), [1_000, 2_000, 2_000, 2_000, 2_000, 2_000])
  })

  it("holds it for as long as it asks, without doubling, up to `open_max`", () => {
    assert.deepStrictEqual(heldFor(Duration.seconds(2), 4), [2_000, 2_000, 2_000, 2_000])
    assert.deepStrictEqual(heldFor(Duration.hours(1), 1), [300_000])
    assert.deepStrictEqual(heldFor(Duration.zero, 3), heldFor(undefined, 3))
  })

  it("begins anew after a good end", () => {
    let fullness = Fullness.unknown
    const call = { number: 1, place: 1, others: 0, taken: 0 }
    for (let n = 0; n < 3; n++) fullness = Fullness.refused(fullness, call, 1, undefined, start, settings)
    fullness = Fullness.completed(fullness, { number: 2, place: 1, taken: 0 }, 2, start)
    fullness = Fullness.refused(fullness, { ...call, number: 3 }, 3, undefined, start + 20_000, settings)
    assert.strictEqual(fullness.heldUntil, start + 21_000)
  })

  it("takes what was under way for what the backend takes, and does not hold it for that", () => {
    const fullness = full(20)
    assert.strictEqual(fullness.places, 20)
    assert.isAtMost(fullness.heldUntil, start)
  })

  it("takes the fewest of those that began together and were refused", () => {
    let fullness = full(99)
    for (let others = 98; others >= 20; others--) {
      fullness = Fullness.refused(
        fullness,
        { number: others, place: others, others, taken: 20 },
        100,
        undefined,
        start,
        settings
      )
    }
    assert.strictEqual(fullness.places, 20)
  })

  it("raises what turned calls away after good ends, and takes that back at a refusal", () => {
    let fullness = full(20)
    let number = 21
    const turn = () => {
      fullness = Fullness.begun(Fullness.turnedAway(fullness, "places", start))
      fullness = Fullness.completed(fullness, { number: ++number, place: 20, taken: 0 }, number, start)
    }
    while (fullness.places === 20) turn()
    assert.strictEqual(fullness.places, 21)
    const call = { number: ++number, place: 21, others: 20, taken: 28 }
    fullness = Fullness.refused(fullness, call, number, undefined, start, settings)
    assert.strictEqual(fullness.places, 20)
  })

  it("is not raised where nobody was turned away", () => {
    let fullness = full(20)
    for (let n = 22; n < 500; n++) fullness = Fullness.completed(fullness, { number: n, place: 3, taken: 0 }, n, start)
    assert.strictEqual(fullness.places, 20)
  })

  it("is forgotten after a minute in which nobody was refused or turned away, and not before", () => {
    const fullness = full(20)
    assert.strictEqual(Fullness.at(fullness, start + Fullness.quiet - 1).places, 20)
    assert.strictEqual(Fullness.at(fullness, start + Fullness.quiet), Fullness.unknown)
    const busy = Fullness.turnedAway(fullness, "places", start + 30_000)
    assert.strictEqual(Fullness.at(busy, start + 70_000).places, 20)
  })
})
