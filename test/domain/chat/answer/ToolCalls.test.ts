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
    const deltas = [[begin(0, "a", "f")], [more(0, '{"x"')], [more(0, ":1}")], [begin(1, "b", "g")], [more(1, "[0]")]]
    assert.deepStrictEqual(repair(...deltas), deltas)
  })

  it("repairs to nothing more when repaired again", () => {
    const once = repair(
      [raw({ id: "a" }, { name: "f", arguments: { x: 1 } }), raw({ index: 0, id: "b" }, { name: "g" })],
      [raw({ id: "b", extra_content: { x: 1 } }, { name: "g", arguments: "[0]" })]
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
    const silent = { index: 0, id: null, type: null, function: { name: null, arguments: "[0]" } }
    assert.deepStrictEqual(repair([begin(0, "a", "f")], [silent], [begin(0, "", "", "")]), [
      [begin(0, "a", "f")],
      [more(0, "[0]")],
      []
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
      calls.push([more(1, "}"), more(2, "")])
      assert.deepStrictEqual(calls.complete(false), [more(0, "{}"), more(2, "{}")])
      assert.deepStrictEqual(calls.complete(false), [])
    })

    it("have nothing where the answer was cut, unless the backend said so", () => {
      const calls = ToolCalls.make((index) => `made_${index}`)
      calls.push([begin(0, "a", "f"), begin(1, "b", "g", "{}")])
      assert.deepStrictEqual(calls.complete(true), [more(1, "{}")])
    })

    it("have nothing for the input of a custom tool, which is any text", () => {
      const calls = ToolCalls.make((index) => `made_${index}`)
      const custom = { index: 0, id: "a", type: "custom", custom: { name: "f", input: "" } }
      assert.deepStrictEqual(calls.push([custom]), [custom])
      assert.deepStrictEqual(calls.complete(false), [])
    })
  })

  it("says a name that comes late", () => {
    assert.deepStrictEqual(repair([begin(0, "a", "")], [raw({ index: 0 }, { name: "f", arguments: "[0]" })]), [
      [begin(0, "a", "")],
      [{ index: 0, function: { name: "f", arguments: "[0]" } }]
    ])
  })

  it("writes arguments that are an object as text", () => {
    assert.deepStrictEqual(repair([raw({ index: 0, id: "a" }, { name: "f", arguments: { x: [1, "é"] } })]), [
      [begin(0, "a", "f", '{"x":[1,"é"]}')]
    ])
  })

  it("counts from 0 where the backend counts from 1 or leaves gaps", () => {
    assert.deepStrictEqual(repair([begin(1, "a", "f")], [more(1, "[0]")], [begin(5, "b", "g")], [more(5, "[0]")]), [
      [begin(0, "a", "f")],
      [more(0, "[0]")],
      [begin(1, "b", "g")],
      [more(1, "[0]")]
    ])
  })

  it("tells calls apart whose indexes are missing (Gemini, older Ollama)", () => {
    assert.deepStrictEqual(
      repair(
        [raw({ id: "a" }, { name: "f", arguments: "{" })],
        [raw({}, { arguments: "}" })],
        [raw({ id: "b" }, { name: "g", arguments: "" })],
        [raw({ id: "a" }, { arguments: " " })],
        [raw({}, { arguments: "[0]" })]
      ),
      [[begin(0, "a", "f", "{")], [more(0, "}")], [begin(1, "b", "g")], [more(0, " ")], [more(1, "[0]")]]
    )
  })

  it("tells calls apart whose indexes are all 0 (Ollama)", () => {
    assert.deepStrictEqual(
      repair(
        [begin(0, "a", "f", "[0]"), begin(0, "b", "f", "[0]")],
        [begin(0, "c", "g")],
        [more(0, "[0]")],
        [begin(0, "a", "f", " ")]
      ),
      [[begin(0, "a", "f", "[0]"), begin(1, "b", "f", "[0]")], [begin(2, "c", "g")], [more(2, "[0]")], [more(0, " ")]]
    )
  })

  it("tells calls of one list apart that have neither index nor id but each a name", () => {
    assert.deepStrictEqual(
      repair([raw({}, { name: "f", arguments: "[0]" }), raw({ id: "" }, { name: "g", arguments: "[0]" })]),
      [[begin(0, "made_0", "f", "[0]"), begin(1, "made_1", "g", "[0]")]]
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

  it("skips what is no call, and what adds nothing to one", () => {
    assert.deepStrictEqual(repair([null, "x", 5, []]), [[]])
    assert.deepStrictEqual(repair([begin(0, "a", "f")], [more(0, ""), begin(0, "a", "f")])[1], [])
  })

  it("has as many calls as there are", () => {
    const many = Array.from({ length: 1_000 }, (_, index) => begin(index, `c${index}`, "f"))
    assert.deepStrictEqual(repair(many, [more(3, "[0]"), more(999, "[0]")]), [many, [more(3, "[0]"), more(999, "[0]")]])
  })

  describe("without ids, all numbered 0 or not at all", () => {
    const said = (name: string | undefined, args: string, index?: number) => raw({ index }, { name, arguments: args })
    for (const index of [0, undefined]) {
      const where = index === undefined ? "without numbers" : "numbered 0"

      it(`begin with another name (${where})`, () => {
        assert.deepStrictEqual(
          repair([said("f", '{"a":', index)], [said(undefined, "1}", index)], [said("g", "[0]", index)]),
          [[begin(0, "made_0", "f", '{"a":')], [more(0, "1}")], [begin(1, "made_1", "g", "[0]")]]
        )
      })

      it(`begin with the same name after complete arguments (${where})`, () => {
        assert.deepStrictEqual(repair([said("f", "[1]", index), said("f", "[2]", index)]), [
          [begin(0, "made_0", "f", "[1]"), begin(1, "made_1", "f", "[2]")]
        ])
        assert.deepStrictEqual(
          repair(
            [said("f", "[1]", index)],
            [said("f", "", index)],
            [said(undefined, "[", index)],
            [said(undefined, "2]", index)]
          ),
          [[begin(0, "made_0", "f", "[1]")], [], [begin(1, "made_1", "f", "[")], [more(1, "2]")]]
        )
      })

      it(`go on where the name is said with every piece (${where})`, () => {
        assert.deepStrictEqual(
          repair([said("f", '{"a', index)], [said("f", '":"}', index)], [said("f", '"}', index)]),
          [[begin(0, "made_0", "f", '{"a')], [more(0, '":"}')], [more(0, '"}')]]
        )
      })
    }
  })

  describe("several in one list are several calls", () => {
    it("where they are alike", () => {
      const roll = raw({ id: "" }, { name: "roll", arguments: '{"d":6}' })
      const [first] = repair([roll, roll, raw({}, { name: "roll", arguments: { d: 6 } })])
      assert.strictEqual(first?.length, 3)
      const numbered = { ...roll, index: 0 }
      assert.strictEqual(repair([numbered, numbered])[0]?.length, 2)
    })

    it("where they have one id, or none has arguments", () => {
      const weather = (city: string) => raw({ id: "w" }, { name: "w", arguments: `["${city}"]` })
      assert.deepStrictEqual(repair([weather("a"), weather("b")])[0], [
        begin(0, "w", "w", '["a"]'),
        begin(1, "made_1", "w", '["b"]')
      ])
      assert.deepStrictEqual(repair([raw({}, { name: "f" }), raw({}, { name: "f", arguments: "[2]" })])[0], [
        begin(0, "made_0", "f"),
        begin(1, "made_1", "f", "[2]")
      ])
    })

    it("and go on by their places", () => {
      assert.deepStrictEqual(
        repair(
          [raw({ id: "a" }, { name: "f" }), raw({ id: "b" }, { name: "g" })],
          [raw({}, { arguments: "[1]" }), raw({}, { arguments: "[2]" })]
        ),
        [
          [begin(0, "a", "f"), begin(1, "b", "g")],
          [more(0, "[1]"), more(1, "[2]")]
        ]
      )
    })

    it("whatever number they are opened with", () => {
      assert.deepStrictEqual(repair([begin(0, "x", "w")], [begin(1, "x", "w")], [more(0, "[1]")], [more(1, "[2]")]), [
        [begin(0, "x", "w")],
        [begin(1, "made_1", "w")],
        [more(0, "[1]")],
        [more(1, "[2]")]
      ])
    })
  })

  it("goes on in the middle of the arguments, whatever id is said", () => {
    assert.deepStrictEqual(repair([begin(0, "a", "f", "[")], [begin(0, "b", "f", "1]")]), [
      [begin(0, "a", "f", "[")],
      [more(0, "1]")]
    ])
  })

  it("takes what says nothing at all for no call", () => {
    for (const nothing of [{}, { id: "", function: { name: "", arguments: "" } }, { id: null, type: "function" }]) {
      const calls = ToolCalls.make(String)
      assert.deepStrictEqual(calls.push([nothing]), [])
      assert.isFalse(calls.any())
    }
  })

  it("keeps a placeholder through the spaces behind it", () => {
    const calls = ToolCalls.make(String)
    calls.push([begin(0, "a", "f", "{}")])
    assert.deepStrictEqual(calls.push([more(0, "\n")]), [])
    assert.deepStrictEqual(calls.complete(false), [more(0, "{}")])
  })

  it("has all arguments once where they are said once more at the end", () => {
    const call = begin(0, "a", "f", '{"city": "Rome", "n": 1.0}')
    for (const again of [
      call,
      more(0, '{"city": "Rome", "n": 1.0}'),
      begin(0, "a", "f", '{"city":"Rome","n":1.0}'),
      more(0, '{"n": 1.0, "city": "Rome"}')
    ]) {
      assert.deepStrictEqual(repair([call], [again]), [[call], []])
    }
  })

  it("drops a placeholder when the arguments come", () => {
    assert.deepStrictEqual(repair([begin(0, "a", "f", "{}")], [more(0, '{"a"')], [more(0, ":1}")]), [
      [begin(0, "a", "f")],
      [more(0, '{"a"')],
      [more(0, ":1}")]
    ])
  })

  it("reads indexes that are texts", () => {
    assert.deepStrictEqual(
      repair(
        [
          { ...begin(0, "a", "f"), index: "0" },
          { ...begin(1, "b", "g"), index: "1" }
        ],
        [{ ...more(0, "[1]"), index: "0" }]
      ),
      [[begin(0, "a", "f"), begin(1, "b", "g")], [more(0, "[1]")]]
    )
  })

  it("takes an id that is said anew for the same call, whatever its number, and for another one with another name", () => {
    assert.deepStrictEqual(
      repair([begin(0, "a", "f")], [begin(0, "a", "f", "[")], [begin(1, "a", "f", "1]")], [begin(2, "a", "g", "[2]")]),
      [[begin(0, "a", "f")], [more(0, "[")], [more(0, "1]")], [begin(1, "made_1", "g", "[2]")]]
    )
    assert.deepStrictEqual(repair([begin(0, "a", "f", "[1]")], [begin(1, "a", "f", "[2]")]), [
      [begin(0, "a", "f", "[1]")],
      [begin(1, "made_1", "f", "[2]")]
    ])
  })

  it("keeps what is said within the function, and reads a call that is one itself", () => {
    const signed = {
      index: 0,
      id: "a",
      type: "function",
      function: { name: "f", arguments: "[0]", thought_signature: "s" }
    }
    assert.deepStrictEqual(repair([signed]), [[signed]])
    assert.deepStrictEqual(repair([{ id: "a", name: "f", arguments: { x: 1 } }]), [[begin(0, "a", "f", '{"x":1}')]])
  })

  it("knows whether any call was made", () => {
    const calls = ToolCalls.make(String)
    calls.push([null])
    assert.isFalse(calls.any())
    calls.push([begin(0, "a", "f")])
    assert.isTrue(calls.any())
  })
})
