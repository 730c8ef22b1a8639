import { assert, describe, it } from "@effect/vitest"
import * as FreshRecords from "../../../src/records/spool/FreshRecords.js"
import * as Records from "../../support/Records.js"

const ids = (fresh: FreshRecords.FreshRecords, start: number) => fresh.from(start)?.records.map(({ id }) => id)

describe("FreshRecords", () => {
  it("remembers what was written, batch after batch, until it is settled", () => {
    const fresh = FreshRecords.make()
    fresh.push(0, 10, Records.many(1))
    fresh.push(10, 20, Records.many(2, 1))
    assert.deepStrictEqual(ids(fresh, 0), ["r0", "r1", "r2"])
    assert.strictEqual(fresh.from(0)?.end, 20)
    fresh.settle(10)
    assert.isUndefined(fresh.from(0))
    assert.deepStrictEqual(ids(fresh, 10), ["r1", "r2"])
    fresh.clear()
    assert.isUndefined(fresh.from(10))
  })

  it("makes pieces of a bounded size, and leaves a gap for what is too much", () => {
    const fresh = FreshRecords.make()
    for (const n of [0, 1, 2]) fresh.push(n, n + 1, Records.many(300, 300 * n))
    assert.strictEqual(fresh.from(0)?.end, 2)
    fresh.settle(2)
    assert.strictEqual(fresh.from(2)?.records.length, 300)
    fresh.push(3, 4, [{ ...Records.record("large"), Request: "x".repeat(8 * 1024 ** 2) }])
    fresh.push(4, 5, Records.many(1))
    assert.strictEqual(fresh.from(2)?.end, 3)
    fresh.settle(3)
    assert.isUndefined(fresh.from(3))
    assert.deepStrictEqual(ids(fresh, 4), ["r0"])
  })
})
