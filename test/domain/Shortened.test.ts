import { assert, describe, it } from "@effect/vitest"
import * as fc from "effect/FastCheck"
import { shortened } from "../../src/domain/Shortened.js"
import { holds } from "./generators.js"

describe("shortened", () => {
  it("leaves alone what is short enough, and cuts what is not", () => {
    assert.strictEqual(shortened("abcde", 5), "abcde")
    assert.strictEqual(shortened("abcdef", 5), "abcd…")
    assert.strictEqual(shortened("abc👋f", 5), "abc…")
  })

  it("for any text: is no longer than it may be, begins as the text does and halves no character", () =>
    holds(fc.tuple(fc.string({ unit: "grapheme", maxLength: 50 }), fc.integer({ min: 1, max: 40 })), ([text, most]) => {
      const short = shortened(text, most)
      assert.isAtMost(short.length, Math.max(most, 1))
      assert.isTrue(text.startsWith(short.replace(/…$/, "")) || text === short)
      assert.notMatch(short, /[\ud800-\udbff](?![\udc00-\udfff])/)
    }))
})
