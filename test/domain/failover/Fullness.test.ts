import { assert, describe, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Fullness from "../../../src/domain/failover/Fullness.js"

const settings = { open: Duration.seconds(10), openMax: Duration.minutes(5) }

const start = 1_000_000

/** One call after the other is refused, each with nothing beside it, as soon as the backend is not held any more. */
const heldFor = (asked: Duration.Duration | undefined, times: number): ReadonlyArray<number> => {
  let fullness = Fullness.unknown
  let now = start
  const until = () => Math.max(fullness.heldUntil, fullness.guessedUntil)
  return Array.from({ length: times }, (_, n) => {
    const call = { number: n + 1, place: 1, others: 0, taken: 0 }
    fullness = Fullness.refused(fullness, call, n + 1, asked, now, settings)
    const held = until() - now
    now = until()
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

/** A hundred calls begin together, and all but so many are refused. */
const storm = (taken: number): Fullness.Fullness => {
  let fullness = Fullness.unknown
  for (let others = 99; others >= taken; others--) {
    const call = { number: others + 1, place: others + 1, others, taken: others }
    fullness = Fullness.refused(fullness, call, 100, undefined, start, settings)
  }
  return fullness
}

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
    assert.strictEqual(fullness.guessedUntil, start + 21_000)
  })

  it("takes what was under way for what the backend takes, and does not hold it for that", () => {
    const fullness = full(20)
    assert.strictEqual(fullness.places, 20)
    assert.isAtMost(Math.max(fullness.heldUntil, fullness.guessedUntil), start)
  })

  it("takes the fewest of those that began together and were refused", () => {
    assert.strictEqual(storm(20).places, 20)
  })

  it("takes it for one that takes so many a second where it refuses a call beside fewer than it took at once", () => {
    const call = { number: 101, place: 10, others: 9, taken: 20 }
    const first = Fullness.refused(storm(20), call, 101, undefined, start + 900, settings)
    const { pace, places } = Fullness.refused(first, { ...call, number: 102 }, 102, undefined, start + 900, settings)
    assert.deepStrictEqual([places, pace], [Infinity, 19])
  })

  it("takes it for such a one, too, where a second later it takes one more than it took at once", () => {
    const raised = Fullness.turnedAway(storm(20), () => 20, 0, 100, start + 1_000)
    assert.strictEqual(raised.places, 21)
    const { pace, places } = Fullness.turnedAway(raised, () => 21, 0, 101, start + 1_250)
    assert.deepStrictEqual([places, pace], [Infinity, 19])
  })

  it("is raised for who is turned away, after a second, and takes that back at a refusal", () => {
    const before = storm(20)
    assert.strictEqual(Fullness.turnedAway(before, () => 0, 0, 100, start + 999).places, 20)
    const raised = Fullness.turnedAway(before, () => 0, 0, 100, start + 1_000)
    assert.strictEqual(raised.places, 21)
    const call = { number: 101, place: 21, others: 20, taken: 28 }
    const lowered = Fullness.refused(raised, call, 101, undefined, start + 1_010, settings)
    assert.strictEqual(lowered.places, 20)
    // Then forty calls pay for the next try.
    assert.strictEqual(Fullness.raisesAt(lowered, 0), Infinity)
    let later = lowered
    for (let n = 0; n < 40; n++)
      later = Fullness.completed(later, { number: 102 + n, place: 20, taken: 28 }, 142, start)
    assert.strictEqual(Fullness.raisesAt(later, 0), start + 2_010)
  })

  it("is not raised soon after a refusal that held the backend for long", () => {
    const held = Fullness.refused(
      Fullness.unknown,
      { number: 2, place: 2, others: 1, taken: 1 },
      2,
      Duration.seconds(30),
      start,
      settings
    )
    assert.isAtLeast(Fullness.raisesAt(held, 0), start + 600_000)
  })

  it("heeds no refusals that no load explains, unless they are many", () => {
    let fullness = storm(50)
    const light = { place: 2, others: 1, taken: 1 }
    for (let n = 0; n < 2; n++) {
      fullness = Fullness.refused(fullness, { ...light, number: 101 + n }, 102, undefined, start + 5_000, settings)
    }
    assert.strictEqual(fullness.places, Infinity)
    for (let n = 0; n < 40 && fullness.places === Infinity; n++) {
      fullness = Fullness.refused(fullness, { ...light, number: 103 + n }, 200, undefined, start + 6_000, settings)
    }
    assert.strictEqual(fullness.places, 1)
  })

  it("is forgotten after a minute in which nobody was refused or turned away, and not before", () => {
    const fullness = full(20)
    assert.strictEqual(Fullness.at(fullness, start + Fullness.quiet - 1).places, 20)
    assert.strictEqual(Fullness.at(fullness, start + Fullness.quiet), Fullness.unknown)
    const busy = Fullness.turnedAway(fullness, () => 0, 0, 100, start + 30_000)
    assert.isAtLeast(Fullness.at(busy, start + 70_000).places, 20)
  })
})
