import { assert, describe, it } from "@effect/vitest"
import * as fc from "effect/FastCheck"
import * as JsonText from "../../../src/domain/json/JsonText.js"
import { holds } from "../generators.js"

describe("JsonText", () => {
  it("ends at the first quote that is not escaped", () => {
    assert.strictEqual(JsonText.end('"abc" "', 1), 4)
    assert.strictEqual(JsonText.end('"', 0), 0)
    assert.strictEqual(JsonText.end('a\\"b\\\\"c"', 0), 6)
    assert.strictEqual(JsonText.end('\\u00e9\\n"', 0), 8)
  })

  it("has no end where it is no string", () => {
    for (const json of ["", "abc", '\n"', '\u0085"', '\\"', '\\x"', '\\N"', '\\u12"', '\\u12g4"', "\\"])
      assert.strictEqual(JsonText.end(json, 0), -1, json)
  })

  it("for any text: finds the end of what JSON writes, and reads it", () =>
    holds(fc.tuple(fc.string({ unit: "binary" }), fc.string()), ([text, rest]) => {
      const json = JSON.stringify(text)
      const end = JsonText.end(json + rest, 1)
      if (/[\x7f-\x9f]/.test(text)) return assert.strictEqual(end, -1)
      assert.strictEqual(end, json.length - 1)
      assert.strictEqual(JsonText.decode(json.slice(1, -1)), text)
      assert.strictEqual(JsonText.isPlain(text), json === `"${text}"`)
    }))
})
