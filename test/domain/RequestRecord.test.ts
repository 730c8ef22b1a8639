import { assert, describe, it } from "@effect/vitest"
import * as fc from "effect/FastCheck"
import * as Schema from "effect/Schema"
import * as RequestRecord from "../../src/domain/RequestRecord.js"
import * as Records from "../support/Records.js"

describe("RequestRecord", () => {
  it("belongs to the month in which its request arrived, in UTC", () => {
    assert.strictEqual(RequestRecord.monthOf({ Time: "2026-11-30T23:59:59.999Z" }), "202611")
    assert.strictEqual(RequestRecord.monthOf({ Time: "2027-01-01T00:00:00.000Z" }), "202701")
  })

  it("is what its schema says, whatever a field holds", () => {
    const inSchema = Schema.is(RequestRecord.LoggedRecord)
    const name = fc.constantFrom(...RequestRecord.columns, "amends", "other")
    const value = fc.constantFrom<unknown>("text", 1, Number.NaN, null, undefined, true, false, [], {}, 1n)
    fc.assert(
      fc.property(fc.array(fc.tuple(name, value), { maxLength: 2 }), fc.boolean(), (changes, missing) => {
        const record: object = { ...Records.record("a"), ...Object.fromEntries(changes) }
        if (missing && changes[0] !== undefined) Reflect.deleteProperty(record, changes[0][0])
        assert.strictEqual(RequestRecord.isLogged(record), inSchema(record))
      }),
      { numRuns: 2_000 }
    )
    for (const other of [null, undefined, "text", 1, [], {}]) assert.isFalse(RequestRecord.isLogged(other))
  })
})
