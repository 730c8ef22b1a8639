import { assert, describe, it } from "@effect/vitest"
import * as Either from "effect/Either"
import * as Schema from "effect/Schema"
import * as Retention from "../../../src/domain/config/Retention.js"

const archive = (month: string, size = 10) => ({ name: `record_${month}.db`, month, size })

const names = (list: ReadonlyArray<Retention.Archive>) => list.map(({ month }) => month)

describe("Retention", () => {
  it("is read as months or as a size", () => {
    const decode = Schema.decodeSync(Retention.RetentionText)
    assert.deepStrictEqual(decode("12 months"), { _tag: "Months", months: 12 })
    assert.deepStrictEqual(decode("1 month"), { _tag: "Months", months: 1 })
    assert.deepStrictEqual(decode("50GiB"), { _tag: "Size", bytes: 50 * 1024 ** 3 })
    for (const text of ["", "0 months", "12", "-1 months", "forever", "0B", "12 days"]) {
      assert.isTrue(Either.isLeft(Schema.decodeEither(Retention.RetentionText)(text)), text)
    }
  })

  it("lets go what is more months old, over the turn of the year too", () => {
    const archives = ["202512", "202510", "202511", "202409"].map((month) => archive(month))
    const expired = Retention.expired(archives, { _tag: "Months", months: 2 }, "202601", 0)
    assert.deepStrictEqual(names(expired), ["202409", "202510"])
  })

  it("lets go the oldest until the rest is small enough, and never more", () => {
    const archives = ["202511", "202509", "202510"].map((month) => archive(month))
    const at = (bytes: number) => names(Retention.expired(archives, { _tag: "Size", bytes }, "202512", 5))
    assert.deepStrictEqual(at(35), [])
    assert.deepStrictEqual(at(34), ["202509"])
    assert.deepStrictEqual(at(15), ["202509", "202510"])
    assert.deepStrictEqual(at(1), ["202509", "202510", "202511"])
  })
})
