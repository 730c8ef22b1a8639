import { assert, describe, it } from "@effect/vitest"
import * as fc from "effect/FastCheck"
import * as Prefix from "../../../../src/domain/chat/answer/Prefix.js"
import { cut, holds } from "../../generators.js"

const through = (prefix: string, ...pieces: ReadonlyArray<string>) => pieces.map(Prefix.make(prefix))

describe("Prefix", () => {
  it("goes before the first content, once", () => {
    assert.deepStrictEqual(through("P", "a", "b", ""), ["P\na", "b", ""])
  })

  it("waits for content that is not empty", () => {
    assert.deepStrictEqual(through("P", "", "", "a"), ["", "", "P\na"])
    assert.deepStrictEqual(through("P", ""), [""])
  })

  it("is followed by exactly one newline, whoever brings some", () => {
    assert.deepStrictEqual(through("P\n", "a"), ["P\na"])
    assert.deepStrictEqual(through("P\r\n\n", "\n\r\na"), ["P\na"])
    assert.deepStrictEqual(through("P", "\n", "\n\n", "a\n\n", "\nb"), ["P\n", "", "a\n\n", "\nb"])
  })

  it("keeps newlines within itself and spaces before the content", () => {
    assert.deepStrictEqual(through("P\nQ", "  a"), ["P\nQ\n  a"])
  })

  it("changes nothing where none is configured", () => {
    assert.deepStrictEqual(through("", "\n", "a", ""), ["\n", "a", ""])
  })

  it("is the same however the content is cut", () =>
    holds(
      fc.tuple(
        fc.constantFrom("P", "P\n", "<x>\n\n"),
        fc.array(fc.constantFrom("\n", "\r\n", "a", " ", "b"), { minLength: 1, maxLength: 8 }),
        fc.array(fc.nat(12), { maxLength: 5 })
      ),
      ([prefix, letters, cuts]) => {
        const content = letters.join("")
        const expected = `${prefix.trimEnd()}\n${content.replace(/^[\r\n]+/, "")}`
        assert.strictEqual(through(prefix, ...cut(content, cuts)).join(""), expected)
      }
    ))
})
