import { assert, describe, it } from "@effect/vitest"
import * as fc from "effect/FastCheck"
import * as JsonBounds from "../../../src/domain/json/JsonBounds.js"
import { holds } from "../generators.js"

const count = (value: unknown): number =>
  typeof value === "object" && value !== null
    ? Object.values(value).reduce((sum: number, each: unknown) => sum + count(each), 1)
    : 1

const depthOf = (value: unknown): number =>
  typeof value === "object" && value !== null ? 1 + Math.max(0, ...Object.values(value).map(depthOf)) : 0

const nested = (levels: number, inner = ""): string => "[".repeat(levels) + inner + "]".repeat(levels)

describe("JsonBounds", () => {
  it("counts the values of any JSON text, whatever stands in its strings", () => {
    const strings = fc.oneof(fc.string(), fc.stringMatching(/^[[\]{},:"\\]*$/))
    const { tree } = fc.letrec<{ tree: unknown }>((tie) => ({
      tree: fc.oneof(
        { depthSize: "small", withCrossShrink: true },
        fc.oneof(strings, fc.double({ noNaN: true, noDefaultInfinity: true }), fc.boolean(), fc.constant(null)),
        fc.array(tie("tree"), { maxLength: 6 }),
        fc.dictionary(strings, tie("tree"), { maxKeys: 6 })
      )
    }))
    const claim = (value: unknown) => {
      const text = JSON.stringify(value)
      const values = count(value)
      assert.isUndefined(JsonBounds.scan(text, values).excess, text)
      if (values > 1) assert.strictEqual(JsonBounds.scan(text, values - 1).excess, "values", text)
    }
    holds(tree, claim, 2_000)
  })

  it("knows how deep a text is nested, in lists and in objects", () => {
    const levels = fc.integer({ min: 500, max: 525 })
    holds(fc.tuple(levels, fc.string()), ([depth, text]) => {
      const value: unknown = JSON.parse(nested(depth, JSON.stringify({ [text]: text })))
      const isDeep = depthOf(value) > JsonBounds.maxDepth
      assert.strictEqual(JsonBounds.scan(JSON.stringify(value)).excess, isDeep ? "depth" : undefined)
    })
  })

  it("does not take what stands in a string for a level or a value", () => {
    for (const text of ["[".repeat(2_000), '"['.repeat(2_000), "\\[".repeat(2_000), '\\"['.repeat(2_000)]) {
      assert.isUndefined(JsonBounds.scan(JSON.stringify([text, "\\"]), 3).excess)
    }
  })

  it("finds an end in what is no JSON", () => {
    for (const text of ['"', '"\\', "\\".repeat(3_000), "]".repeat(3_000), "{}".repeat(3_000)]) {
      assert.isUndefined(JsonBounds.scan(text).excess)
    }
  })
})
