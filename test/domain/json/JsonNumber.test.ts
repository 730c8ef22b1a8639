import { assert, describe, it } from "@effect/vitest"
import * as Either from "effect/Either"
import * as fc from "effect/FastCheck"
import { JsonNumber } from "../../../src/domain/json/JsonNumber.js"
import * as JsonObject from "../../../src/domain/json/JsonObject.js"
import * as JsonText from "../../../src/domain/json/JsonText.js"
import { holds } from "../generators.js"

const digits = fc.stringMatching(/^(?:0|[1-9]\d{0,40})$/)
const numeral = fc
  .tuple(
    fc.constantFrom("", "-"),
    digits,
    fc.stringMatching(/^(?:|\.\d{1,40})$/),
    fc.stringMatching(/^(?:|[eE][+-]?\d{1,4})$/)
  )
  .map((parts) => parts.join(""))
const string = fc
  .oneof(fc.string(), numeral, fc.stringMatching(/^[\\"[\]{},:0-9.eE-]*$/))
  .map((text) => JSON.stringify(text))
const { json } = fc.letrec<{ json: string }>((tie) => ({
  json: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    fc.oneof(numeral, string, fc.constantFrom("true", "false", "null")),
    fc.array(tie("json"), { maxLength: 5 }).map((items) => `[${items.join(",")}]`),
    fc
      .uniqueArray(fc.tuple(string, tie("json")), { maxLength: 5, selector: ([key]) => key })
      .map((entries) => `{${entries.map(([key, value]) => `${/^"\d*"$/.test(key) ? '"k"' : key}:${value}`).join(",")}}`)
      .filter((text) => !text.includes('"k":') || text.split('"k":').length === 2)
  )
}))

const read = (text: string): unknown => Either.getOrThrow(JsonText.read(text))

describe("JsonNumber", () => {
  it("keeps every number as it was written", () => {
    holds(json, (text) => assert.strictEqual(JsonText.write(read(text)), text), 3_000)
  })

  it("reads the same value as JSON.parse, where nothing is lost by it", () => {
    holds(json, (text) => assert.strictEqual(JSON.stringify(read(text)), JSON.stringify(JSON.parse(text))), 1_000)
  })

  it("is a number to whoever asks, and no object", () => {
    const value = read("1.50")
    assert.isTrue(value instanceof JsonNumber)
    assert.isFalse(JsonObject.is(value))
    assert.strictEqual(JsonObject.number(value), 1.5)
    assert.strictEqual(JsonObject.number(2), 2)
    assert.isUndefined(JsonObject.number("2"))
  })

  it("is not taken for a text that looks like it, nor a text for it", () => {
    const text = JSON.stringify({ a: JsonText.write([read("1.0")]), b: "\u007f1.0" })
    assert.strictEqual(JsonText.write(read(text)), text)
    assert.strictEqual(JsonText.write(read(`[1.0,${text}]`)), `[1.0,${text}]`)
  })

  it("lets nobody write with its mark", () => {
    const json = JsonText.write(read("[1.0]"))
    assert.strictEqual(json, "[1.0]")
    const keyed = JsonText.read('{"a":[1.0],"b":1.0}')
    assert.isTrue(Either.isRight(keyed))
    assert.notInclude(JSON.stringify(keyed), "\u007f")
  })

  it("writes plain JSON for those who know nothing of it", () => {
    assert.strictEqual(JSON.stringify(read("[1.0,1e400,12345678901234567890]")), "[1,null,12345678901234567000]")
  })

  it("does not let what is no JSON pass", () => {
    for (const text of [
      "{1.0:2}",
      '{"a":1, 1e400 : 2}',
      "01",
      "1.",
      ".5",
      "-",
      "1e",
      "+1",
      "1.0.0",
      "[1.0",
      "NaN",
      "1.0 2.0",
      "--1",
      "0x10"
    ]) {
      assert.deepStrictEqual(JsonText.read(text), Either.left("syntax"), text)
    }
  })
})

describe("JsonText.readLoosely", () => {
  it("reads what Python writes for numbers that JSON does not have as null, outside of texts only", () => {
    const text = '{"a":NaN,"b":[-Infinity,Infinity, NaN],"c":"NaN, \\"-Infinity\\"","NaN":1.0}'
    assert.deepStrictEqual(
      JsonText.readLoosely(text),
      Either.right({ a: null, b: [null, null, null], c: 'NaN, "-Infinity"', NaN: new JsonNumber("1.0") })
    )
  })

  it("reads nothing else that is no JSON", () => {
    for (const text of ['{"a":NaNs}', "{'a':NaN}", '{"a":NaN', 'NaN"']) {
      assert.deepStrictEqual(JsonText.readLoosely(text), Either.left("syntax"), text)
    }
  })
})
