import { assert, describe, it } from "@effect/vitest"
import * as AnswerChunk from "../../../../src/domain/chat/answer/AnswerChunk.js"
import * as Accumulator from "../../../../src/domain/chat/answer/Accumulator.js"
import * as JsonObject from "../../../../src/domain/json/JsonObject.js"
import { anyAnswer, assemble, chunk, delta, holds, repair, repairWhole } from "../../generators.js"
import type { Conversation } from "../../../../src/domain/operation/Operation.js"

const accumulate = (
  chunks: ReadonlyArray<JsonObject.JsonObject>,
  usage?: JsonObject.JsonObject,
  operation: Conversation = "chat"
) => {
  const accumulator = Accumulator.make(operation)
  for (const chunk of chunks) accumulator.push(AnswerChunk.make(chunk, true))
  return accumulator.result(usage)
}

/** The only message that these deltas add up to. */
const message = (...deltas: ReadonlyArray<JsonObject.JsonObject>) => {
  const body = accumulate(
    [...deltas, {}].map((fields, index) => delta(fields, index === deltas.length ? "stop" : null))
  )
  return JsonObject.orEmpty(JsonObject.listOf(body?.["choices"])[0])["message"]
}

/** A chunk of which the text alone matters. */
const repeating = (repeats: AnswerChunk.RepeatedText): AnswerChunk.AnswerChunk => ({
  ...AnswerChunk.make({}, true),
  repeats
})

describe("Accumulator", () => {
  it("has no body before the first chunk", () => {
    assert.isUndefined(accumulate([]))
    assert.isUndefined(accumulate([], { total_tokens: 1 }))
  })

  it("makes a complete body of little", () => {
    assert.deepStrictEqual(accumulate([delta({ content: "a" })]), {
      id: "id-1",
      object: "chat.completion",
      created: 1_700_000_000,
      model: "m",
      choices: [
        {
          index: 0,
          message: { role: "assistant", content: "a", refusal: null },
          logprobs: null,
          finish_reason: null
        }
      ]
    })
  })

  it("takes the usage it is given, and no other", () => {
    const usage = { total_tokens: 3 }
    assert.deepStrictEqual(accumulate([delta({})], usage)?.["usage"], usage)
    assert.notProperty(accumulate([delta({}, "stop", { usage })]), "usage")
  })

  it("keeps the last word on the whole answer, without padding", () => {
    const body = accumulate([
      delta({}, null, { system_fingerprint: "a", service_tier: "flex", obfuscation: "x" }),
      delta({}, null, { system_fingerprint: "b", service_tier: null, citations: ["u"] })
    ])
    const { id: _, object: __, created: ___, model: ____, choices: _____, ...rest } = JsonObject.orEmpty(body)
    assert.deepStrictEqual(rest, { system_fingerprint: "b", service_tier: "flex", citations: ["u"] })
  })

  it("joins texts, each under its own name", () => {
    assert.deepStrictEqual(
      message(
        { role: "assistant", content: "a", reasoning: "x" },
        { content: "b", reasoning_content: "y", refusal: "n" },
        { content: null, reasoning: "z", refusal: "o" }
      ),
      { role: "assistant", content: "ab", refusal: "no", reasoning: "xz", reasoning_content: "y" }
    )
  })

  it("takes what repeats the last chunk as it takes the chunks themselves", () => {
    const short = Accumulator.make("chat", 12)
    const accumulator = Accumulator.make("chat")
    for (const each of [accumulator, short]) {
      each.push(AnswerChunk.make(delta({ role: "assistant", content: "a" }), true))
      each.push(repeating({ index: 0, field: "content", text: "bc" }))
      each.push(repeating({ index: 1, field: "refusal", text: "def" }))
      each.push(repeating({ index: 0, field: "content", text: "g" }))
      each.push(AnswerChunk.make(delta({ content: "h" }, "stop"), true))
    }
    assert.isFalse(accumulator.truncated())
    assert.isTrue(short.truncated())
    const said = (body: JsonObject.JsonObject | undefined) =>
      JsonObject.listOf(body?.["choices"])
        .map(JsonObject.orEmpty)
        .map((choice) => JsonObject.orEmpty(choice["message"]))
    assert.deepStrictEqual(said(accumulator.result(undefined)), [
      { role: "assistant", content: "abcgh", refusal: null },
      { role: "assistant", content: null, refusal: "def" }
    ])
    assert.deepStrictEqual(said(short.result(undefined))[0], { role: "assistant", content: "abc", refusal: null })
  })

  it("tells an empty content from none, except beside tool calls", () => {
    const plain = { role: "assistant", refusal: null }
    const call = { id: "a", type: "function", function: { name: "f", arguments: "" } }
    assert.deepStrictEqual(message({ content: "" }), { ...plain, content: "" })
    assert.deepStrictEqual(message({}), { ...plain, content: null })
    assert.deepStrictEqual(message({ content: "", tool_calls: [{ index: 0, ...call }] }), {
      ...plain,
      content: null,
      tool_calls: [call]
    })
  })

  it("joins the arguments of each call and function, never their names", () => {
    assert.deepStrictEqual(
      message(
        { tool_calls: [{ index: 0, id: "a", type: "function", function: { name: "f", arguments: "" } }] },
        { tool_calls: [{ index: 1, id: "b", type: "custom", custom: { name: "g", input: "x" } }] },
        {
          tool_calls: [
            { index: 0, function: { arguments: "{" } },
            { index: 1, custom: { input: "y" } }
          ]
        },
        { tool_calls: [{ index: 0, function: { arguments: "}" }, extra_content: { s: 1 } }] }
      ),
      {
        role: "assistant",
        content: null,
        refusal: null,
        tool_calls: [
          { id: "a", type: "function", function: { name: "f", arguments: "{}" }, extra_content: { s: 1 } },
          { id: "b", type: "custom", custom: { name: "g", input: "xy" } }
        ]
      }
    )
    assert.deepStrictEqual(
      message({ function_call: { name: "f", arguments: "{" } }, { function_call: { arguments: "}" } }),
      {
        role: "assistant",
        content: null,
        refusal: null,
        function_call: { name: "f", arguments: "{}" }
      }
    )
  })

  it("takes a name that comes late", () => {
    const named = message(
      { tool_calls: [{ index: 0, id: "a", type: "function", function: { name: "", arguments: "" } }] },
      { tool_calls: [{ index: 0, function: { name: "f", arguments: "{}" } }] }
    )
    assert.deepStrictEqual(named, {
      role: "assistant",
      content: null,
      refusal: null,
      tool_calls: [{ id: "a", type: "function", function: { name: "f", arguments: "{}" } }]
    })
  })

  it("joins sound, annotations and the details of reasoning", () => {
    assert.deepStrictEqual(
      message(
        { audio: { id: "s", data: "AA", transcript: "a" }, annotations: [{ n: 1 }] },
        { audio: { data: "BB", transcript: "b" }, annotations: [{ n: 2 }] },
        { audio: { expires_at: 5 } },
        { reasoning_details: [{ index: 0, type: "reasoning.text", text: "x" }] },
        { reasoning_details: [{ index: 0, type: "reasoning.text", text: "y", signature: "s" }, { type: "other" }] }
      ),
      {
        role: "assistant",
        content: null,
        refusal: null,
        audio: { id: "s", data: "AABB", transcript: "ab", expires_at: 5 },
        annotations: [{ n: 1 }, { n: 2 }],
        reasoning_details: [{ index: 0, type: "reasoning.text", text: "xy", signature: "s" }, { type: "other" }]
      }
    )
  })

  it("joins logprobs, and keeps the last word on a choice", () => {
    const at = (over: JsonObject.JsonObject) => chunk([{ index: 0, delta: {}, finish_reason: null, ...over }])
    const body = accumulate([
      at({ logprobs: { content: [1], refusal: null }, stop_reason: null }),
      at({ logprobs: null, matched_stop: "x" }),
      at({ logprobs: { content: [2, 3], refusal: [4] }, finish_reason: "stop", matched_stop: "y" })
    ])
    assert.deepStrictEqual(body?.["choices"], [
      {
        index: 0,
        message: { role: "assistant", content: null, refusal: null },
        logprobs: { content: [1, 2, 3], refusal: [4] },
        finish_reason: "stop",
        matched_stop: "y"
      }
    ])
  })

  it("sorts the choices", () => {
    const body = accumulate(
      [1, 0].map((index) => chunk([{ index, delta: { content: `${index}` }, finish_reason: "stop" }]))
    )
    const of = (index: number) => ({
      index,
      message: { role: "assistant", content: `${index}`, refusal: null },
      logprobs: null,
      finish_reason: "stop"
    })
    assert.deepStrictEqual(body?.["choices"], [of(0), of(1)])
  })

  it("does not change the chunks it is given", () => {
    const chunks = [
      delta({ annotations: [{ n: 1 }], reasoning_details: [{ index: 0, text: "a" }] }),
      delta({ annotations: [{ n: 2 }], reasoning_details: [{ index: 0, text: "b" }] })
    ]
    const before = structuredClone(chunks)
    accumulate(chunks)
    assert.deepStrictEqual(chunks, before)
  })

  it("joins the texts and logprobs of a legacy completion", () => {
    const at = (text: string, n: number, finish_reason: string | null = null) =>
      chunk([
        {
          index: 0,
          text,
          logprobs: { tokens: [text], token_logprobs: [n], top_logprobs: null, text_offset: [n] },
          finish_reason
        }
      ])
    assert.deepStrictEqual(accumulate([at("a", 0), at("b", 1, "stop")], undefined, "text"), {
      id: "id-1",
      object: "text_completion",
      created: 1_700_000_000,
      model: "m",
      choices: [
        {
          index: 0,
          text: "ab",
          logprobs: { tokens: ["a", "b"], token_logprobs: [0, 1], top_logprobs: null, text_offset: [0, 1] },
          finish_reason: "stop"
        }
      ]
    })
  })

  it("for any answer, however it is cut: its stream adds up to its body", () =>
    holds(anyAnswer, ({ body, chunks }) => assert.deepStrictEqual(assemble(repair(chunks)), body), 500))

  it("for any answer: its body stays what it is", () =>
    holds(anyAnswer, ({ body }) => assert.deepStrictEqual(assemble(repairWhole(body)), body), 500))
})
