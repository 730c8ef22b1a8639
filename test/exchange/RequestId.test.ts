import { assert, describe, it } from "@effect/vitest"
import * as RequestId from "../../src/exchange/RequestId.js"

const timeOf = (id: string) => Number.parseInt(id.slice("req_".length, "req_".length + 12), 16)

describe("RequestId", () => {
  it("begins with the time, so that ids sort by it", () => {
    const before = Date.now()
    const ids = Array.from({ length: 2_000 }, RequestId.make)
    for (const id of ids) assert.match(id, /^req_[0-9a-f]{32}$/)
    const times = ids.map(timeOf)
    assert.isAtLeast(Math.min(...times), before)
    assert.isAtMost(Math.max(...times), Date.now())
    assert.deepStrictEqual(
      times,
      [...times].sort((a, b) => a - b)
    )
  })

  it("ends in 20 digits that never come again", () => {
    const ends = Array.from({ length: 20_000 }, () => RequestId.make().slice(-20))
    assert.strictEqual(new Set(ends).size, ends.length)
    for (const digit of [0, 10, 19]) assert.isAbove(new Set(ends.map((end) => end[digit])).size, 15)
  })
})
