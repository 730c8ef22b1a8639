import { assert, describe, it } from "@effect/vitest"
import * as fc from "effect/FastCheck"
import * as Printable from "../../../src/domain/text/Printable.js"
import * as Hostile from "../../support/Hostile.js"
import { holds } from "../generators.js"

describe("Printable", () => {
  it("shows what a terminal would act upon", () => {
    assert.strictEqual(Printable.line("a\u001b[31mb\r\n\u007f\u009b\u202e\u2028\ud83d😀é"), "a␛[31mb␍␊␡����😀é")
    assert.strictEqual(Printable.lines("a\tb\n\u0000c"), "a␉b\n␀c")
    assert.strictEqual(
      Printable.json({ "\u202e": "\u001b\u007f\u0085\u2029\u{e0001}é" }),
      '{"\\u202e":"\\u001b\\u007f\\u0085\\u2029\\udb40\\udc01é"}'
    )
  })

  it("leaves nothing in a line, and one character for each", () => {
    holds(Hostile.text, (text) => {
      const line = Printable.line(text)
      assert.deepStrictEqual(Hostile.actedUpon(line), [])
      assert.notInclude(line, "\n")
      assert.strictEqual(Printable.size(line), Array.from(text).length)
      assert.strictEqual(Printable.line(line), line)
    })
  })

  it("leaves the lines of a text of lines, and nothing else in them", () => {
    holds(fc.array(Hostile.text), (texts) => {
      const whole = Printable.lines(texts.join("\n"))
      assert.deepStrictEqual(Hostile.actedUpon(whole), [])
      assert.lengthOf(whole.split("\n"), texts.join("\n").split("\n").length)
    })
  })

  it("cuts a text that is too long, and says so", () => {
    holds(fc.tuple(Hostile.text, fc.integer({ min: 2, max: 12 })), ([text, most]) => {
      const brief = Printable.brief(text, most)
      assert.isAtMost(brief.length, most)
      if (text.length <= most) return assert.strictEqual(brief, Printable.line(text))
      assert.isTrue(brief.endsWith("…"))
      assert.isTrue(Printable.line(text).startsWith(brief.slice(0, -1)))
    })
  })

  it("writes JSON that says the same, on one line, indented or not", () => {
    holds(fc.dictionary(Hostile.text, Hostile.text), (value) => {
      const line = Printable.json(value)
      assert.deepStrictEqual(Hostile.actedUpon(line + Printable.json(value, 2)), [])
      assert.notInclude(line, "\n")
      assert.deepStrictEqual(JSON.parse(line), JSON.parse(JSON.stringify(value)))
      assert.deepStrictEqual(JSON.parse(Printable.json(value, 2)), JSON.parse(line))
    })
  })
})
