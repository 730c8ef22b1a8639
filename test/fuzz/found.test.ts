import { assert, describe, it } from "@effect/vitest"
import * as ErrorBody from "../../src/domain/failure/ErrorBody.js"
import * as JsonObject from "../../src/domain/json/JsonObject.js"
import { assemble, chunk, delta, repair, repairWhole } from "../domain/generators.js"

/** What the fuzzer found, each as small as it can be. */

const hello = delta({ role: "assistant", content: "hello" })
const stop = delta({}, "stop")

const deltas = (...events: ReadonlyArray<JsonObject.JsonObject | string>) =>
  repair(events).chunks.map((each) => JsonObject.orEmpty(JsonObject.listOf(each["choices"])[0])["delta"])

const nested = (depth: number) => "[".repeat(depth) + "]".repeat(depth)

describe("found by fuzzing", () => {
  it("a value nested so deeply that it could be read but not written", () => {
    const { chunks, end } = repair([hello, `{"choices":[{"delta":{"x":${nested(20_000)}}}]}`, stop])
    assert.deepStrictEqual(chunks, [hello])
    assert.strictEqual(end?._tag, "Truncated")
    assert.isTrue(JsonObject.parse(`{"x":${nested(20_000)}}`)._tag === "None")
    assert.isTrue(JsonObject.parse(`{"x":${nested(500)},"y":"${"[".repeat(5000)}"}`)._tag === "Some")
    assert.strictEqual(ErrorBody.read(nested(20_000), 400).error.type, "invalid_request_error")
  })

  it("an error whose code cannot become a number", () => {
    for (const code of [{ valueOf: 1, toString: 1 }, [[]], {}]) {
      const { end } = repair([{ error: { message: "boom", code, type: code, status: code } }])
      assert.strictEqual(end?._tag === "Errored" && end.status, 502)
    }
    const broken = repair([{ error: { message: "boom", status: 429.5 } }]).end
    assert.strictEqual(broken?._tag === "Errored" && broken.status, 502)
  })

  it("a time that JSON cannot write", () => {
    for (const created of ["1e999", "1e300", "0.5", "-1", '"1"', "null"]) {
      const [first] = repair([
        JSON.stringify({ ...hello, created: 0 }).replace('"created":0', `"created":${created}`)
      ]).chunks
      assert.strictEqual(first?.["created"], 1_700_000_000, created)
    }
  })

  it("usage without a count, with impossible counts, and with details that are none", () => {
    const usageOf = (usage: JsonObject.JsonObject) => repair([hello, stop, chunk([], { usage })]).usage
    assert.isUndefined(usageOf({}))
    assert.isUndefined(usageOf({ prompt_tokens: 1e300, total_tokens: 2 ** 53 }))
    assert.deepStrictEqual(
      usageOf({ total_tokens: 3, prompt_tokens_details: 5, completion_tokens_details: { reasoning_tokens: 1 } }),
      { prompt_tokens: 0, completion_tokens: 0, total_tokens: 3, completion_tokens_details: { reasoning_tokens: 1 } }
    )
  })

  it("fields of a delta that are of a type no client expects", () => {
    const wrong = { refusal: {}, reasoning: 5, reasoning_content: [], annotations: "x", audio: "x", vendor: 5 }
    assert.deepStrictEqual(deltas(hello, delta(wrong)).at(-1), {
      reasoning: "5",
      annotations: [{ type: "text", text: "x" }],
      audio: { data: "x" },
      vendor: 5
    })
    const choice = { index: 0, delta: { content: "a" }, finish_reason: null }
    const logprobsOf = (logprobs: unknown) =>
      JsonObject.orEmpty(JsonObject.listOf(repair([chunk([{ ...choice, logprobs }])]).chunks[0]?.["choices"])[0])[
        "logprobs"
      ]
    assert.isNull(logprobsOf("x"))
    assert.deepStrictEqual(logprobsOf({ content: 5, refusal: [], x: 1 }), { content: null, refusal: [], x: 1 })
  })

  it("a key named `__proto__`, through which an answer could say what it does not say", () => {
    const hostile = '{"__proto__":{"role":"x","content":"c","tool_calls":[1]},"content":"a"}'
    const repaired = repair([`{"choices":[{"index":0,"delta":${hostile}}]}`, stop])
    const [choice] = JsonObject.listOf(assemble(repaired)?.["choices"]).map(JsonObject.orEmpty)
    assert.deepStrictEqual(choice?.["message"], { role: "assistant", content: "a", refusal: null })
    assert.strictEqual(Object.getPrototypeOf(repaired.chunks[0]), Object.prototype)
  })

  it("a function call that says nothing, and one that never says its name", () => {
    assert.deepStrictEqual(deltas(hello, delta({ function_call: { name: null, arguments: null } }), stop), [
      { role: "assistant", content: "hello" },
      {}
    ])
    const unnamed = repairWhole(chunk([{ index: 0, message: { function_call: { arguments: "{}" } } }]))
    const [choice] = JsonObject.listOf(assemble(unnamed)?.["choices"]).map(JsonObject.orEmpty)
    assert.deepStrictEqual(JsonObject.orEmpty(choice?.["message"])["function_call"], { name: "", arguments: "{}" })
  })

  it("sound that is not complete although its end is named, and a complete one beside a call", () => {
    const unfinished = repair([delta({ audio: { id: "x", data: "AA", expires_at: null } })])
    assert.strictEqual(unfinished.end?._tag, "Truncated")
    const call = { index: 0, id: "a", type: "function", function: { name: "f", arguments: "[]" } }
    const { chunks } = repair([delta({ tool_calls: [call] }), delta({ audio: { expires_at: 5 } })])
    assert.deepStrictEqual(chunks.at(-1), delta({}, "tool_calls"))
  })

  it("a call without arguments whose finish only the end of sound implies", () => {
    const call = { index: 0, id: "a", type: "function", function: { name: "f", arguments: "" } }
    const { chunks } = repair([delta({ tool_calls: [call] }), delta({ audio: { expires_at: 5 } })])
    assert.deepStrictEqual(chunks.slice(-2), [
      delta({ tool_calls: [{ index: 0, function: { arguments: "{}" } }] }),
      delta({}, "tool_calls")
    ])
  })

  it("a call without arguments that is completed beside a function call, in an order of its own", () => {
    const call = { index: 0, id: "a", type: "function", function: { name: "f", arguments: "" } }
    const once = repair([
      delta({ role: "assistant", tool_calls: [call] }),
      delta({ function_call: { name: "f", arguments: "{" } }, "tool_calls")
    ]).chunks
    assert.strictEqual(JSON.stringify(repair(once).chunks), JSON.stringify(once))
  })

  it("usage that was hidden behind another one without a count", () => {
    const usage = { prompt_tokens: 9, completion_tokens: 4, total_tokens: 13 }
    const once = repair([hello, delta({}, "stop", { usage: { cost: "0" }, x_groq: { usage } })])
    assert.deepStrictEqual(once.usage, usage)
    assert.deepStrictEqual(repair(once.chunks).chunks, once.chunks)
  })

  it("choices of a whole answer that have no index, of which only the first was heard", () => {
    const said = (content: string) => ({ message: { role: "assistant", content } })
    const body = assemble(repairWhole(chunk([said("a"), said("b")])))
    const contents = JsonObject.listOf(body?.["choices"])
      .map(JsonObject.orEmpty)
      .map(({ index, message }) => [index, JsonObject.orEmpty(message)["content"]])
    assert.deepStrictEqual(contents, [
      [0, "a"],
      [1, "b"]
    ])
  })

  it("a chunk that changed when it was added to the answer", () => {
    const message = { function_call: { name: "f", arguments: "{" } }
    const chunks = [
      chunk([{ index: 0, text: "", message }], { object: "text_completion" }),
      chunk([{ index: 0, text: "", delta: message, finish_reason: "stop" }], { object: "text_completion" })
    ]
    const repaired = repair(chunks, { operation: "text" })
    const before = JSON.stringify(repaired.chunks)
    assemble(repaired, "text")
    assert.strictEqual(JSON.stringify(repaired.chunks), before)
  })
})
