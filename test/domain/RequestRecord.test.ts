import { assert, describe, it } from "@effect/vitest"
import * as RequestRecord from "../../src/domain/RequestRecord.js"

describe("RequestRecord", () => {
  it("belongs to the month in which its request arrived, in UTC", () => {
    assert.strictEqual(RequestRecord.monthOf({ Time: "2026-11-30T23:59:59.999Z" }), "202611")
    assert.strictEqual(RequestRecord.monthOf({ Time: "2027-01-01T00:00:00.000Z" }), "202701")
  })
})
