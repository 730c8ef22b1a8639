import { assert, describe, it } from "@effect/vitest"
import * as Option from "effect/Option"
import { JsonNumber } from "../../../src/domain/json/JsonNumber.js"
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

  it("has an empty object told from everything else that holds nothing", () => {
    assert.isTrue(JsonObject.isEmpty({}))
    for (const value of [{ a: undefined }, [], "", null, undefined, 0, new JsonNumber("1.0")]) {
      assert.isFalse(JsonObject.isEmpty(value))
    }
  })

  it("has the digits of a number as they came, and of nothing else", () => {
    assert.strictEqual(JsonObject.digits(new JsonNumber("9223372036854775807")), "9223372036854775807")
    assert.strictEqual(JsonObject.digits(1.5), "1.5")
    for (const none of ["1", null, undefined, [], {}, true]) assert.isUndefined(JsonObject.digits(none))
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
