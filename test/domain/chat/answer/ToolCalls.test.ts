import { assert, describe, it } from "@effect/vitest"
import type * as JsonObject from "../../../../src/domain/json/JsonObject.js"
import * as ToolCalls from "../../../../src/domain/chat/answer/ToolCalls.js"

/** What the calls of each delta become. */
const repair = (...deltas: ReadonlyArray<ReadonlyArray<unknown>>) => {
  const calls = ToolCalls.make((index) => `made_${index}`)
  return deltas.map((delta) => calls.push(delta))
}

const begin = (index: number, id: string, name: string, args = "") => ({
  index,
  id,
  type: "function",
  function: { name, arguments: args }
})
const more = (index: number, args: string) => ({ index, function: { arguments: args } })

/** A call as a sloppy backend sends it. */
const raw = (over: JsonObject.JsonObject, fields: JsonObject.JsonObject) => ({ ...over, function: fields })

describe("ToolCalls", () => {
  it("leaves good calls as they are", () => {
    const deltas = [[begin(0, "a", "f")], [more(0, '{"x"')], [more(0, ":1}")], [begin(1, "b", "g")], [more(1, "{}")]]
    assert.deepStrictEqual(repair(...deltas), deltas)
  })

  it("repairs to nothing more when repaired again", () => {
    const once = repair(
      [raw({ id: "a" }, { name: "f", arguments: { x: 1 } }), raw({ index: 0, id: "b" }, { name: "g" })],
      [raw({ id: "b", extra_content: { x: 1 } }, { name: "g", arguments: "{}" })]
    )
    assert.deepStrictEqual(repair(...once), once)
  })

  it("says id, type and name once, however often the backend does", () => {
    assert.deepStrictEqual(repair([begin(0, "a", "f")], [begin(0, "a", "f", "{")], [begin(0, "a", "f", "}")]), [
      [begin(0, "a", "f")],
      [more(0, "{")],
      [more(0, "}")]
    ])
  })

  it("takes nulls and empty texts of a continuation for silence", () => {
    const silent = { index: 0, id: null, type: null, function: { name: null, arguments: "{}" } }
    assert.deepStrictEqual(repair([begin(0, "a", "f")], [silent], [begin(0, "", "", "")]), [
      [begin(0, "a", "f")],
      [more(0, "{}")],
      [more(0, "")]
    ])
  })

  it("completes a call without type, id or arguments", () => {
    assert.deepStrictEqual(repair([raw({ index: 0 }, { name: "f", arguments: null })]), [[begin(0, "made_0", "f")]])
    assert.deepStrictEqual(repair([{ index: 0, id: "a" }]), [[begin(0, "a", "")]])
  })

  describe("completed at the end", () => {
    it("have an empty object for arguments that never came", () => {
      const calls = ToolCalls.make((index) => `made_${index}`)
      calls.push([begin(0, "a", "f"), begin(1, "b", "g", "{"), begin(2, "c", "h")])
      const last = calls.push([more(1, "}"), more(2, "")])
      assert.deepStrictEqual(calls.complete(last), [more(1, "}"), more(2, "{}"), more(0, "{}")])
      assert.deepStrictEqual(calls.complete([]), [])
    })

    it("say so where they begin, if that is the end", () => {
      const calls = ToolCalls.make((index) => `made_${index}`)
      assert.deepStrictEqual(calls.complete(calls.push([begin(0, "a", "f")])), [begin(0, "a", "f", "{}")])
    })

    it("have nothing for the input of a custom tool, which is any text", () => {
      const calls = ToolCalls.make((index) => `made_${index}`)
      const custom = { index: 0, id: "a", type: "custom", custom: { name: "f", input: "" } }
      assert.deepStrictEqual(calls.complete(calls.push([custom])), [custom])
    })
  })

  it("says a name that comes late", () => {
    assert.deepStrictEqual(repair([begin(0, "a", "")], [raw({ index: 0 }, { name: "f", arguments: "{}" })]), [
      [begin(0, "a", "")],
      [{ index: 0, function: { name: "f", arguments: "{}" } }]
    ])
  })

  it("writes arguments that are an object as text", () => {
    assert.deepStrictEqual(repair([raw({ index: 0, id: "a" }, { name: "f", arguments: { x: [1, "é"] } })]), [
      [begin(0, "a", "f", '{"x":[1,"é"]}')]
    ])
    assert.strictEqual(ToolCalls.argumentsText(undefined), "")
    assert.strictEqual(ToolCalls.argumentsText(null), "")
    assert.strictEqual(ToolCalls.argumentsText("{}"), "{}")
  })

  it("counts from 0 where the backend counts from 1 or leaves gaps", () => {
    assert.deepStrictEqual(repair([begin(1, "a", "f")], [more(1, "{}")], [begin(5, "b", "g")], [more(5, "{}")]), [
      [begin(0, "a", "f")],
      [more(0, "{}")],
      [begin(1, "b", "g")],
      [more(1, "{}")]
    ])
  })

  it("tells calls apart whose indexes are missing (Gemini, older Ollama)", () => {
    assert.deepStrictEqual(
      repair(
        [raw({ id: "a" }, { name: "f", arguments: "{" })],
        [raw({}, { arguments: "}" })],
        [raw({ id: "b" }, { name: "g", arguments: "" })],
        [raw({ id: "a" }, { arguments: " " })],
        [raw({}, { arguments: "{}" })]
      ),
      [[begin(0, "a", "f", "{")], [more(0, "}")], [begin(1, "b", "g")], [more(0, " ")], [more(1, "{}")]]
    )
  })

  it("tells calls apart whose indexes are all 0 (Ollama)", () => {
    assert.deepStrictEqual(
      repair(
        [begin(0, "a", "f", "{}"), begin(0, "b", "f", "{}")],
        [begin(0, "c", "g")],
        [more(0, "{}")],
        [begin(0, "a", "f", " ")]
      ),
      [[begin(0, "a", "f", "{}"), begin(1, "b", "f", "{}")], [begin(2, "c", "g")], [more(2, "{}")], [more(0, " ")]]
    )
  })

  it("tells calls of one list apart that have neither index nor id but each a name", () => {
    assert.deepStrictEqual(
      repair([raw({}, { name: "f", arguments: "{}" }), raw({ id: "" }, { name: "g", arguments: "{}" })]),
      [[begin(0, "made_0", "f", "{}"), begin(1, "made_1", "g", "{}")]]
    )
  })

  it("repairs custom tools alike", () => {
    assert.deepStrictEqual(
      repair(
        [{ id: "a", type: "custom", custom: { name: "f", input: "x" } }],
        [{ index: null, id: "a", custom: { name: "f", input: "y" } }],
        [begin(1, "b", "g")]
      ),
      [
        [{ index: 0, id: "a", type: "custom", custom: { name: "f", input: "x" } }],
        [{ index: 0, custom: { input: "y" } }],
        [begin(1, "b", "g")]
      ]
    )
  })

  it("passes other fields on, such as Gemini's thought signatures", () => {
    const extra_content = { google: { thought_signature: "s" } }
    assert.deepStrictEqual(repair([{ ...begin(0, "a", "f"), extra_content, gone: null }]), [
      [{ ...begin(0, "a", "f"), extra_content }]
    ])
  })

  it("skips what is no call, and calls beyond the 128 that clients accept", () => {
    assert.deepStrictEqual(repair([null, "x", 5, []]), [[]])
    const many = Array.from({ length: 130 }, (_, index) => begin(index, `c${index}`, "f"))
    assert.strictEqual(repair(many)[0]?.length, 128)
    assert.deepStrictEqual(repair(many, [more(3, "{}"), more(129, "{}")])[1], [more(3, "{}")])
  })

  it("knows whether any call was made", () => {
    const calls = ToolCalls.make(String)
    calls.push([null])
    assert.isFalse(calls.any())
    calls.push([begin(0, "a", "f")])
    assert.isTrue(calls.any())
  })
})
