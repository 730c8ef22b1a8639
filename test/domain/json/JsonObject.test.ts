import { assert, describe, it } from "@effect/vitest"
import * as Option from "effect/Option"
import * as JsonObject from "../../../src/domain/json/JsonObject.js"

describe("JsonObject", () => {
  it("is an object, not a list, null or anything else", () => {
    for (const value of [{}, { a: 1 }]) assert.isTrue(JsonObject.is(value))
    for (const value of [[], null, undefined, "x", 1, true]) assert.isFalse(JsonObject.is(value))
  })

  it("is read from text that holds one", () => {
    assert.deepStrictEqual(JsonObject.parse(' {"a":[1]}\n'), Option.some({ a: [1] }))
    for (const text of ["", "{", "[]", "null", "1", '"x"', "{}{}"]) {
      assert.deepStrictEqual(JsonObject.parse(text), Option.none(), text)
    }
  })

  it("stands in for what is not there", () => {
    assert.deepStrictEqual(JsonObject.orEmpty({ a: 1 }), { a: 1 })
    assert.deepStrictEqual(JsonObject.orEmpty([1]), {})
    assert.deepStrictEqual(JsonObject.listOf([1]), [1])
    assert.deepStrictEqual(JsonObject.listOf({ length: 1 }), [])
    assert.strictEqual(JsonObject.text("a"), "a")
    for (const nothing of ["", null, undefined, 5]) assert.isUndefined(JsonObject.text(nothing))
    assert.deepStrictEqual(JsonObject.withoutNulls({ a: null, b: undefined, c: 0, d: "" }), { c: 0, d: "" })
    assert.deepStrictEqual(JsonObject.empty(), {})
  })
})
