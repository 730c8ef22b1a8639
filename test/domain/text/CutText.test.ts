import { assert, describe, it } from "@effect/vitest"
import * as fc from "effect/FastCheck"
import { cut } from "../../../src/domain/text/CutText.js"

const anyText = fc
  .array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 40 })
  .map((codes) => String.fromCharCode(...codes))

describe("CutText", () => {
  it.prop(
    "leaves a short text as it is, and of a longer one the beginning",
    [anyText, fc.integer({ min: 2, max: 30 })],
    ([text, most]) => {
      const short = cut(text, most)
      if (text.length <= most) return short === text
      return (
        short.length <= most && short.length >= most - 1 && text.startsWith(short.slice(0, -1)) && short.endsWith("…")
      )
    }
  )

  it("leaves alone what is short enough, and cuts what is not", () => {
    assert.strictEqual(cut("abcde", 5), "abcde")
    assert.strictEqual(cut("abcdef", 5), "abcd…")
    assert.strictEqual(cut("abc👋f", 5), "abc…")
    assert.lengthOf(cut("x".repeat(300)), 200)
  })

  it("never cuts a pair of surrogates in two", () => {
    for (let most = 2; most < 12; most++)
      assert.doesNotThrow(() => encodeURIComponent(cut("a😀😀😀😀😀😀", most)), String(most))
  })

  it("does not hold on to what it is cut from", () => {
    const before = process.memoryUsage().heapUsed
    const kept = Array.from({ length: 100 }, (_, n) => cut(`${n} ${"x".repeat(1_000_000)}`.replace("x", "y"), 512))
    assert.lengthOf(kept, 100)
    assert.isBelow(process.memoryUsage().heapUsed - before, 60_000_000)
  })
})
