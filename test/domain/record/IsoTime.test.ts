import { assert, describe, it } from "@effect/vitest"
import * as FastCheck from "effect/FastCheck"
import * as IsoTime from "../../../src/domain/record/IsoTime.js"

describe("IsoTime", () => {
  it("says what a Date says, in whatever order the times come", () => {
    const time = FastCheck.oneof(
      FastCheck.integer({ min: -62_000_000_000_000, max: 8_640_000_000_000_000 }),
      FastCheck.integer({ min: 1_796_000_000_000, max: 1_796_000_003_000 })
    )
    FastCheck.assert(
      FastCheck.property(FastCheck.array(time), (times) => {
        for (const ms of times) assert.strictEqual(IsoTime.of(ms), new Date(ms).toISOString())
      })
    )
  })

  it("says nothing of what is no time", () => {
    for (const ms of [Number.NaN, Infinity, -Infinity, 8.65e15, 1e300]) assert.strictEqual(IsoTime.of(ms), "")
    assert.strictEqual(IsoTime.of(1_796_000_000_000.75), "2026-11-30T00:53:20.000Z")
  })
})
