import { assert, describe, it } from "@effect/vitest"
import * as Either from "effect/Either"
import type { Ask } from "../../../../src/domain/chat/Ask.js"
import type * as JsonObject from "../../../../src/domain/json/JsonObject.js"
import * as Prepare from "../../../../src/domain/chat/request/Prepare.js"
import type { Entry } from "../../generators.js"
import { backend } from "../../generators.js"

const hi = [{ role: "user", content: "hi" }]

const request = (body: JsonObject.JsonObject, over: Partial<Ask> = {}): Ask => ({
  operation: "chat",
  model: "m",
  stream: false,
  includeUsage: false,
  body: { model: "m", messages: hi, ...body },
  ...over
})

const sent = (asked: Ask, over: Partial<Entry> = {}, model = "m") =>
  Either.getOrThrow(Prepare.make(asked, { backend: backend(over), model })).body

describe("Prepare", () => {
  it("passes the caller's body on, unknown fields too", () => {
    const body = { model: "m", messages: hi, vendor: { deep: [1, null] }, seed: 7, stream: false }
    assert.deepStrictEqual(sent(request(body)), body)
  })

  it("asks for the model of the target", () => {
    assert.strictEqual(sent(request({}), {}, "cheap")["model"], "cheap")
  })

  it("asks every stream for usage, beside what the caller asked of the stream", () => {
    const streamed = { stream: true }
    assert.deepStrictEqual(sent(request(streamed, streamed))["stream_options"], { include_usage: true })
    const wanted = { ...streamed, stream_options: { include_usage: false, include_obfuscation: false } }
    assert.deepStrictEqual(sent(request(wanted, streamed))["stream_options"], {
      include_usage: true,
      include_obfuscation: false
    })
    assert.deepStrictEqual(sent(request({ ...streamed, stream_options: null }, streamed))["stream_options"], {
      include_usage: true
    })
  })

  it("takes stream_options off where nothing is streamed, for backends refuse them", () => {
    assert.notProperty(sent(request({ stream_options: { include_usage: true } })), "stream_options")
    assert.notProperty(sent(request({}), { extra_body: { stream_options: { x: 1 } } }), "stream_options")
  })

  it("asks no stream for usage, and nothing else of it, where the backend refuses that", () => {
    const streamed = { stream: true, stream_options: { include_usage: true, include_obfuscation: false } }
    const over = { ask_usage: false, extra_body: { stream_options: { x: 1 } } }
    assert.notProperty(sent(request(streamed, { stream: true }), over), "stream_options")
    assert.notProperty(sent(request({ stream: true }, { stream: true }), over), "stream_options")
  })

  it("takes an empty list of tools off, and what says how to use it", () => {
    const empty = { tools: [], tool_choice: "auto", parallel_tool_calls: true }
    assert.deepStrictEqual(sent(request(empty)), { model: "m", messages: hi })
    assert.deepStrictEqual(sent(request({ tools: [], tool_choice: "none" })), { model: "m", messages: hi })
    assert.propertyVal(sent(request({ ...empty, tool_choice: "required" })), "tool_choice", "required")
    const used = { ...empty, tools: [{ type: "function", function: { name: "f" } }] }
    assert.deepStrictEqual(sent(request(used)), { model: "m", messages: hi, ...used })
  })

  it("speaks the target's dialect: the limit under its name, injected or clamped, and nothing that it refuses", () => {
    const over: Partial<Entry> = {
      max_tokens: 9,
      extra_body: { store: true },
      rename_params: { max_tokens: "max_completion_tokens" },
      drop_params: ["store", "messages[].reasoning_content"]
    }
    const messages = [...hi, { role: "assistant", content: "a", reasoning_content: "r" }]
    const plain = { model: "m", messages: [...hi, { role: "assistant", content: "a" }] }
    for (const [given, limit] of [
      [{}, 9],
      [{ max_tokens: 50 }, 9],
      [{ max_tokens: 5 }, 5],
      [{ max_completion_tokens: 50 }, 9],
      [{ max_completion_tokens: 50, max_tokens: 50 }, 9]
    ] as const) {
      assert.deepStrictEqual(sent(request({ ...given, messages }), over), { ...plain, max_completion_tokens: limit })
    }
  })

  it("maps the ids of tool calls to the target's form", () => {
    const call = { id: "call_1", type: "function", function: { name: "f", arguments: "{}" } }
    const messages = [
      ...hi,
      { role: "assistant", content: null, tool_calls: [call] },
      { role: "tool", tool_call_id: "call_1", content: "ok" }
    ]
    assert.deepStrictEqual(sent(request({ messages }))["messages"], messages)
    const mapped = JSON.stringify(sent(request({ messages }), { tool_call_ids: "alnum9" })["messages"])
    assert.notInclude(mapped, "call_1")
    const ids = [...mapped.matchAll(/"(?:id|tool_call_id)":"([a-z0-9]{9})"/g)].map(([, id]) => id)
    assert.lengthOf(ids, 2)
    assert.strictEqual(ids[0], ids[1])
  })

  it("cleans the messages with the target's tags", () => {
    const messages = [{ role: "assistant", content: " <t>x</t><think>y</think>ok " }, ...hi]
    assert.deepStrictEqual(sent(request({ messages }), { strip_tags: ["t"] })["messages"], [
      { role: "assistant", content: "<think>y</think>ok" },
      ...hi
    ])
  })

  it("speaks the target's dialect in messages, after they were cleaned", () => {
    const text = (value: string) => ({ type: "text", text: value, cache_control: { type: "ephemeral" } })
    const messages = [
      { role: "developer", content: [text(" a ")] },
      { role: "user", content: [text("b"), { type: "image_url", image_url: { url: "u" }, cache_control: null }] }
    ]
    const over: Partial<Entry> = {
      system_role: "system",
      text_parts: "join",
      drop_params: ["messages[].content[].cache_control", "tools[].function.strict"]
    }
    const tools = [{ type: "function", function: { name: "f", strict: true } }]
    assert.deepStrictEqual(sent(request({ messages, tools }), over), {
      model: "m",
      messages: [
        { role: "system", content: "a" },
        {
          role: "user",
          content: [
            { type: "text", text: "b" },
            { type: "image_url", image_url: { url: "u" } }
          ]
        }
      ],
      tools: [{ type: "function", function: { name: "f" } }]
    })
  })

  it("keeps the turns of a request that brings tools, whatever the target adds to it", () => {
    const messages = [{ role: "user", content: "a" }, ...hi]
    const tools = [{ type: "function", function: { name: "f" } }]
    assert.strictEqual(sent(request({ messages, tools }))["messages"], messages)
    assert.deepStrictEqual(sent(request({ messages }), { extra_body: { tools } })["messages"], hi)
    assert.deepStrictEqual(sent(request({ messages }), { clean: "none" })["messages"], messages)
  })

  it("passes on the caller's own messages where nothing is to be done with them", () => {
    const asked = request({})
    assert.strictEqual(sent(asked)["messages"], hi)
  })

  it("leaves the order of keys as it is", () => {
    const body = { stream_options: { x: 1 }, model: "m", stream: true, messages: hi, seed: 1 }
    assert.deepStrictEqual(Object.keys(sent({ ...request({}, { stream: true }), body })), Object.keys(body))
  })

  it("refuses a chat without a word in it", () => {
    const refused = Prepare.make(request({ messages: [{ role: "user", content: " " }] }), {
      backend: backend(),
      model: "m"
    })
    const failure = Either.getOrThrow(Either.flip(refused))
    assert.strictEqual(failure._tag, "BodyMalformed")
    assert.strictEqual(failure.param, "messages")
  })

  it("applies the target's parameters", () => {
    const body = sent(request({}), { stop: "x", max_tokens: 9, extra_body: { top_k: 1 } })
    assert.deepStrictEqual(body, { model: "m", messages: hi, top_k: 1, stop: ["x"], max_tokens: 9 })
  })

  it("cleans no messages that are none of a chat", () => {
    const body = { model: "m", prompt: "p", messages: [{ role: "user", content: " a " }] }
    const legacy: Ask = { ...request({}), operation: "text", body }
    assert.deepStrictEqual(sent(legacy), body)
  })

  it("sends a legacy prompt as it is", () => {
    const legacy: Ask = {
      ...request({}),
      operation: "text",
      body: { model: "m", prompt: "  <think>a</think> " }
    }
    assert.deepStrictEqual(sent(legacy, { max_tokens: 9 }), {
      model: "m",
      prompt: "  <think>a</think> ",
      max_tokens: 9
    })
  })
})
