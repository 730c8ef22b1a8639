import { assert, describe, it } from "@effect/vitest"
import * as fc from "effect/FastCheck"
import * as Schema from "effect/Schema"
import * as RequestRecord from "../../../src/domain/record/RequestRecord.js"
import * as Records from "../../support/Records.js"

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

  it("weighs every text with what it takes", () => {
    const texts = RequestRecord.columns.filter((name) => typeof Records.record("a", everyText)[name] === "string")
    const light = RequestRecord.weigh(Records.record("a"))
    assert.lengthOf(texts, 16)
    for (const name of texts) {
      for (const [text, width] of [
        ["x".repeat(100_000), 1],
        ["é".repeat(100_000), 1],
        [`${"x".repeat(99_999)}日`, 2],
        ["\ud83d".repeat(100_000), 2]
      ] as const) {
        const weight = RequestRecord.weigh(Records.record("a", { [name]: text })) - light
        assert.approximately(weight, 100_000 * width, 200, name)
      }
    }
  })

  it("bounds names, errors, numbers and times, and nothing else", () => {
    const plain = Records.record("a", everyText)
    assert.deepStrictEqual(RequestRecord.bounded(plain), plain)
    const long = "n".repeat(100_000)
    const poisoned = RequestRecord.bounded(
      Records.record(long, {
        ...Object.fromEntries(Object.keys(everyText).map((name) => [name, long])),
        Time: "never",
        LatencyMs: Number.NaN,
        TtftMs: Number.NEGATIVE_INFINITY,
        TotalTokens: 1e300
      })
    )
    assert.deepInclude(poisoned, {
      Time: "1970-01-01T00:00:00.000Z",
      LatencyMs: 0,
      TtftMs: null,
      TotalTokens: null,
      Attempts: "[]",
      Headers: "{}",
      Request: long,
      Response: long
    })
    for (const name of ["id", "Model", "RequestedModel", "Backend", "Caller", "FinishReason"] as const) {
      assert.strictEqual(poisoned[name]?.length, 512, name)
    }
    assert.strictEqual(poisoned.Error?.length, 4_000)
  })

  it("bounds a record in which one column is beyond, and copies none that fits", () => {
    const plain = Records.record("a", everyText)
    assert.strictEqual(RequestRecord.boundedLogged(plain), plain)
    const bodies = ["Request", "Response"] as const
    const long = "n".repeat(70_000)
    for (const name of RequestRecord.columns.filter((each) => each !== "Request" && each !== "Response")) {
      const beyond = { ...plain, [name]: typeof plain[name] === "string" ? long : 1e300 }
      const bounded = RequestRecord.boundedLogged(beyond)
      assert.notDeepEqual(bounded, beyond, name)
      assert.strictEqual(RequestRecord.boundedLogged(bounded), bounded, name)
    }
    for (const name of bodies) assert.strictEqual(RequestRecord.boundedLogged({ ...plain, [name]: long })[name], long)
  })

  it("knows without a look at the characters what cannot weigh much", () => {
    const plain = Records.record("a", { Request: "ü".repeat(10_000) })
    const weight = RequestRecord.weighAll([plain, plain])
    assert.isTrue(RequestRecord.mayWeigh([plain, plain], weight))
    assert.isFalse(RequestRecord.mayWeigh([plain, plain], 4 * weight))
  })

  it("says why bodies are missing, and keeps an error that is there", () => {
    const cause = new Error("outer", { cause: new Error("too big") })
    assert.deepInclude(RequestRecord.withheld({ ...Records.record("a"), amends: true }, cause), {
      amends: true,
      Request: null,
      Response: null,
      Error: "The bodies are not stored: too big"
    })
    assert.strictEqual(RequestRecord.withheld(Records.record("a", { Error: "mine" }), cause).Error, "mine")
  })

  it("belongs to no month when its time is none", () => {
    for (const Time of ["", "never", "../../etc", "2026", "\u0000"])
      assert.strictEqual(RequestRecord.monthOf({ Time }), "")
  })
})

const everyText = {
  Model: "m",
  RequestedModel: "m",
  Backend: "b",
  FinishReason: "stop",
  Attempts: "[]",
  Headers: "{}",
  Request: "{}",
  Response: "{}",
  Error: "e",
  Caller: "c",
  Cleaned: "user_turns=1"
}
