import { assert, describe, it } from "@effect/vitest"
import * as fc from "effect/FastCheck"
import * as Glob from "../../../src/domain/text/Glob.js"
import { holds } from "../generators.js"

const pattern = fc.string({ unit: fc.constantFrom("a", "b", "*"), maxLength: 7 })
const text = fc.string({ unit: fc.constantFrom("a", "b"), maxLength: 9 })

/** The same, by a regular expression. */
const expected = (glob: string, of: string): boolean => new RegExp(`^${glob.replaceAll("*", ".*")}$`).test(of)

describe("Glob", () => {
  it("fits as the regular expression does", () =>
    holds(
      fc.tuple(pattern, text),
      ([glob, of]) => assert.strictEqual(Glob.fits(Glob.parse(glob), of), expected(glob, of), `${glob} ${of}`),
      5_000
    ))

  it("covers only what fits whenever the other does", () =>
    holds(
      fc.tuple(pattern, pattern, text),
      ([wide, narrow, of]) => {
        if (!Glob.covers(Glob.parse(wide), Glob.parse(narrow)) || !expected(narrow, of)) return
        assert.isTrue(expected(wide, of), `${wide} ${narrow} ${of}`)
      },
      5_000
    ))

  it("covers itself, and what is longer", () => {
    for (const [wide, narrow] of [
      ["a*b", "a*b"],
      ["*", "a*"],
      ["*a*", "*ab*"],
      ["*a*", "ba"]
    ] as const)
      assert.isTrue(Glob.covers(Glob.parse(wide), Glob.parse(narrow)), `${wide} ${narrow}`)
    assert.isFalse(Glob.covers(Glob.parse("a*"), Glob.parse("*")))
  })
})
