import { assert, describe, it } from "@effect/vitest"
import * as ChoiceRepair from "../../../../src/domain/chat/answer/ChoiceRepair.js"
import * as JsonObject from "../../../../src/domain/json/JsonObject.js"

/** What the deltas of a choice become: `undefined` where there is nothing to send. */
const chat = (choices: ReadonlyArray<JsonObject.JsonObject>, prefix = "") => {
  const repair = ChoiceRepair.chat(0, prefix, (call) => `call_${call}`)
  return choices.map((choice) => repair.push(choice)?.choice)
}

const deltas = (...fields: ReadonlyArray<JsonObject.JsonObject>) =>
  chat(fields.map((delta) => ({ index: 0, delta, finish_reason: null }))).map((choice) => choice?.["delta"])

/** What ends a choice of a chat. */
const last = (...choices: ReadonlyArray<JsonObject.JsonObject>) => {
  const repair = ChoiceRepair.chat(0, "", (call) => `call_${call}`)
  for (const choice of choices) repair.push(choice)
  return repair.end()
}

const finishOf = (...choices: ReadonlyArray<JsonObject.JsonObject>) => last(...choices).at(-1)?.["finish_reason"]

const finish = (finish_reason: unknown) => ({ delta: {}, finish_reason })
const call = { index: 0, id: "a", type: "function", function: { name: "f", arguments: "{}" } }

describe("ChoiceRepair of a chat", () => {
  it("says the role in the first delta only, whatever the backend says and how often", () => {
    assert.deepStrictEqual(
      deltas({ content: "a" }, { role: "assistant", content: "b" }, { role: null, content: "c" }),
      [{ role: "assistant", content: "a" }, { content: "b" }, { content: "c" }]
    )
    assert.deepStrictEqual(deltas({ role: "model", content: "a" }), [{ role: "assistant", content: "a" }])
    assert.deepStrictEqual(deltas({ role: "" }), [{ role: "assistant" }])
  })

  it("drops a delta with nothing in it, but never the first", () => {
    const nothings = [
      {},
      { content: "" },
      { content: null },
      { role: "assistant", tool_calls: null },
      { tool_calls: [] }
    ]
    for (const nothing of nothings) {
      const [first, second] = deltas(nothing, nothing)
      assert.strictEqual(first === undefined, false)
      assert.isUndefined(second)
    }
  })

  it("gives every choice its index, an object as delta and null until the finish", () => {
    for (const raw of [{}, { delta: null }, { delta: "x" }, { index: "0", delta: {} }]) {
      assert.deepStrictEqual(chat([raw]), [{ index: 0, delta: { role: "assistant" }, finish_reason: null }])
    }
    for (const silence of [null, undefined, ""]) {
      assert.deepStrictEqual(chat([{ delta: { content: "a" }, finish_reason: silence }]), [
        { index: 0, delta: { role: "assistant", content: "a" }, finish_reason: null }
      ])
    }
  })

  it("finishes once", () => {
    assert.deepStrictEqual(last({ delta: { content: "a" } }, finish("stop"), finish("stop"), finish("length")), [
      { index: 0, delta: {}, finish_reason: "length" }
    ])
  })

  it("maps the backend's reason, wherever it says it", () => {
    assert.strictEqual(finishOf(finish("end_turn")), "stop")
    assert.strictEqual(finishOf({ delta: {}, finishReason: "MAX_TOKENS" }), "length")
    assert.strictEqual(finishOf({ delta: {}, finish_reason: null, finishReason: "SAFETY" }), "content_filter")
    assert.strictEqual(finishOf(finish({ type: "length" })), "length")
  })

  it("finishes with tool_calls where any was made, unless the answer was cut or filtered", () => {
    for (const [said, expected] of [
      ["stop", "tool_calls"],
      ["function_call", "tool_calls"],
      ["tool_use", "tool_calls"],
      ["length", "length"],
      ["content_filter", "content_filter"]
    ]) {
      assert.strictEqual(finishOf({ delta: { tool_calls: [call] } }, finish(said)), expected, said)
    }
    assert.strictEqual(finishOf({ delta: { tool_calls: [call] }, finish_reason: "stop" }), "tool_calls")
  })

  it("finishes with function_call only where a function was called", () => {
    const called = { delta: { function_call: { name: "f", arguments: "" } } }
    assert.strictEqual(finishOf(called, finish("stop")), "function_call")
    assert.strictEqual(finishOf(finish("function_call")), "stop")
  })

  it("says the name of a called function once and its arguments as text", () => {
    assert.deepStrictEqual(
      deltas(
        { function_call: { name: "f", arguments: null } },
        { function_call: { name: "f", arguments: "{" } },
        { function_call: { arguments: "}" } }
      ),
      [
        { role: "assistant", function_call: { name: "f", arguments: "" } },
        { function_call: { arguments: "{" } },
        { function_call: { arguments: "}" } }
      ]
    )
  })

  it("says the name of a called function that comes late", () => {
    assert.deepStrictEqual(
      deltas({ function_call: { name: "", arguments: "" } }, { function_call: { name: "f", arguments: "[1]" } })[1],
      {
        function_call: { name: "f", arguments: "[1]" }
      }
    )
  })

  it("splits a list of content into text and reasoning (Mistral)", () => {
    const content = [
      { type: "thinking", thinking: [{ type: "text", text: "hm" }] },
      { type: "thinking", thinking: "m" },
      { type: "text", text: "a" },
      { type: "text", text: "b" }
    ]
    assert.deepStrictEqual(deltas({ content }), [{ role: "assistant", content: "ab", reasoning_content: "hmm" }])
  })

  it("passes reasoning, refusals, sound and unknown fields on under their names", () => {
    const fields = { reasoning: "a", reasoning_content: "b", refusal: "c", audio: { data: "AA" }, vendor: 1 }
    assert.deepStrictEqual(deltas({}, fields), [{ role: "assistant" }, fields])
  })

  it("passes other fields of the choice on, and logprobs where there are some", () => {
    const logprobs = { content: [{ token: "a", logprob: -1 }], refusal: null }
    assert.deepStrictEqual(
      chat([{ delta: { content: "a" }, logprobs, stop_reason: null, content_filter_results: {} }]),
      [
        {
          index: 0,
          delta: { role: "assistant", content: "a" },
          finish_reason: null,
          logprobs,
          stop_reason: null,
          content_filter_results: {}
        }
      ]
    )
  })

  it("gives a function without arguments an empty object, unless the answer was cut off", () => {
    const call = { index: 0, id: "a", type: "function", function: { name: "f", arguments: "" } }
    const end = (finish_reason: string) => last({ delta: { tool_calls: [call] } }, { delta: {}, finish_reason })
    const added = { tool_calls: [{ index: 0, function: { arguments: "{}" } }] }
    for (const reason of ["tool_calls", "stop"]) {
      assert.deepStrictEqual(end(reason), [
        { index: 0, delta: added, finish_reason: null },
        { index: 0, delta: {}, finish_reason: "tool_calls" }
      ])
    }
    for (const reason of ["length", "content_filter"]) {
      assert.deepStrictEqual(end(reason), [{ index: 0, delta: {}, finish_reason: reason }])
    }
  })

  it("loses nothing that comes after a finish: some backends say it with every delta (Gemini)", () => {
    const said = ["a", "b"].map((content) => ({ delta: { content }, finish_reason: "stop" }))
    assert.deepStrictEqual(chat(said), [
      { index: 0, delta: { role: "assistant", content: "a" }, finish_reason: null },
      { index: 0, delta: { content: "b" }, finish_reason: null }
    ])
    assert.deepStrictEqual(last(...said), [{ index: 0, delta: {}, finish_reason: "stop" }])
  })

  it("completes a filter's note after the finish (Azure)", () => {
    const note = { index: 0, finish_reason: null, content_filter_results: { hate: { filtered: false } } }
    assert.deepStrictEqual(chat([{ delta: { content: "a" }, finish_reason: "stop" }, note])[1], { ...note, delta: {} })
  })

  it("takes a message for a delta only where nothing was said yet (MiniMax, Perplexity)", () => {
    const message = { role: "assistant", content: "whole" }
    assert.deepStrictEqual(chat([{ message, finish_reason: "stop" }]), [
      { index: 0, delta: message, finish_reason: null }
    ])
    assert.deepStrictEqual(chat([{ delta: { content: "whole" } }, { message, finish_reason: "stop" }])[1], undefined)
    assert.deepStrictEqual(chat([{ delta: { content: "wh" }, message }])[0]?.["delta"], {
      role: "assistant",
      content: "wh"
    })
  })

  it("puts the prefix before the first content and never on null", () => {
    const contents = [null, "", "a", "b"]
    const repaired = chat(
      contents.map((content) => ({ delta: { content } })),
      "P"
    )
    assert.deepStrictEqual(
      repaired.map((choice) => choice?.["delta"]),
      [{ role: "assistant", content: null }, undefined, { content: "P\na" }, { content: "b" }]
    )
    assert.deepStrictEqual(chat([{ delta: { reasoning_content: "r" } }], "P")[0]?.["delta"], {
      role: "assistant",
      reasoning_content: "r"
    })
  })

  it("knows content from preliminaries", () => {
    const content = (delta: JsonObject.JsonObject, finish_reason: unknown = null) =>
      ChoiceRepair.chat(0, "", String).push({ delta, finish_reason })?.content
    for (const delta of [{}, { role: "assistant" }, { content: "" }, { content: null }]) assert.isFalse(content(delta))
    for (const delta of [{ content: "a" }, { reasoning_content: "r" }, { refusal: "n" }, { tool_calls: [call] }]) {
      assert.isTrue(content(delta))
    }
    assert.isUndefined(content({}, "stop"))
  })

  it("reads values of another type where it can", () => {
    const call = { id: "a", type: "function", function: { name: "f", arguments: "[1]" } }
    const [said] = deltas({
      refusal: false,
      reasoning: 5,
      images: "https://a.example/b.png",
      audio: "AA",
      tool_calls: JSON.stringify([call])
    })
    assert.deepStrictEqual(said, {
      role: "assistant",
      reasoning: "5",
      images: [{ type: "image_url", image_url: { url: "https://a.example/b.png" } }],
      audio: { data: "AA" },
      tool_calls: [{ index: 0, ...call }]
    })
  })

  it("does not take for a call what the provider has called itself (Zhipu)", () => {
    const search = { id: "w", type: "web_search", web_search: { query: "q" } }
    const choices = [{ delta: { tool_calls: [search] } }, finish("stop")]
    assert.deepStrictEqual(chat(choices)[0]?.["delta"], { role: "assistant", web_search: [{ ...search }] })
    assert.strictEqual(finishOf(...choices), "stop")
  })

  it("has the arguments of a function once, and no placeholder before them", () => {
    const said = (...pieces: ReadonlyArray<string>) =>
      chat(pieces.map((args) => ({ delta: { function_call: { name: "f", arguments: args } } })))
        .map((choice) => JsonObject.orEmpty(JsonObject.orEmpty(choice?.["delta"])["function_call"])["arguments"])
        .map((args) => JsonObject.text(args) ?? "")
        .join("")
    assert.strictEqual(said("{}", '{"a"', ":1}", '{"a":1}'), '{"a":1}')
  })

  it("is finished by a reason, or by the end of a spoken answer", () => {
    const spoken = ChoiceRepair.chat(0, "", String)
    spoken.push({ delta: { audio: { id: "x", data: "AA", transcript: "a" } } })
    assert.isFalse(spoken.finished())
    assert.deepStrictEqual(spoken.end(), [])
    spoken.push({ delta: { audio: { expires_at: 5 } } })
    assert.isTrue(spoken.finished())
    assert.deepStrictEqual(spoken.end(), [{ index: 0, delta: {}, finish_reason: "stop" }])

    const written = ChoiceRepair.chat(0, "", String)
    written.push({ delta: {}, finish_reason: "length" })
    assert.isTrue(written.finished())
    assert.deepStrictEqual(written.end(), [{ index: 0, delta: { role: "assistant" }, finish_reason: "length" }])
  })
})

describe("ChoiceRepair of a legacy completion", () => {
  const text = (choices: ReadonlyArray<JsonObject.JsonObject>, prefix = "") => {
    const repair = ChoiceRepair.text(0, prefix)
    return choices.map((choice) => repair.push(choice)?.choice)
  }

  it("sends text, logprobs and one finish", () => {
    const logprobs = { tokens: ["a"], token_logprobs: [-1], top_logprobs: null, text_offset: [0] }
    assert.deepStrictEqual(
      text([
        { text: "a", logprobs },
        { text: "b" },
        { text: "" },
        { text: "", finish_reason: "eos" },
        { text: "", finish_reason: "stop" }
      ]),
      [
        { index: 0, text: "a", logprobs, finish_reason: null },
        { index: 0, text: "b", logprobs: null, finish_reason: null },
        undefined,
        undefined,
        undefined
      ]
    )
    const repair = ChoiceRepair.text(0, "")
    for (const finish_reason of ["eos", "length"]) repair.push({ text: "", finish_reason, logprobs: null })
    assert.deepStrictEqual(repair.end(), [{ index: 0, text: "", logprobs: null, finish_reason: "length" }])
  })

  it("puts the prefix before the first text", () => {
    assert.deepStrictEqual(
      text([{ text: "" }, { text: "a" }, { text: "b" }], "P").map((choice) => choice?.["text"]),
      [undefined, "P\na", "b"]
    )
  })
})
