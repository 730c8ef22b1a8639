import { assert, describe, it } from "@effect/vitest"
import * as Either from "effect/Either"
import type { ChatRequest } from "../../src/domain/ChatRequest.js"
import type * as JsonObject from "../../src/domain/JsonObject.js"
import * as UpstreamRequest from "../../src/domain/UpstreamRequest.js"
import type { Entry } from "./generators.js"
import { backend } from "./generators.js"

const hi = [{ role: "user", content: "hi" }]

const request = (body: JsonObject.JsonObject, over: Partial<ChatRequest> = {}): ChatRequest => ({
  kind: "chat",
  model: "m",
  stream: false,
  includeUsage: false,
  body: { model: "m", messages: hi, ...body },
  ...over
})

const sent = (asked: ChatRequest, over: Partial<Entry> = {}, model = "m") =>
  Either.getOrThrow(UpstreamRequest.make(asked, { backend: backend(over), model }))

describe("UpstreamRequest", () => {
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

  it("cleans the messages with the target's tags", () => {
    const messages = [...hi, { role: "assistant", content: " <t>x</t><think>y</think>ok " }]
    assert.deepStrictEqual(sent(request({ messages }), { strip_tags: ["t"] })["messages"], [
      ...hi,
      { role: "assistant", content: "<think>y</think>ok" }
    ])
  })

  it("refuses a chat without a word in it", () => {
    const refused = UpstreamRequest.make(request({ messages: [{ role: "user", content: " " }] }), {
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

  it("sends a legacy prompt as it is", () => {
    const legacy: ChatRequest = {
      ...request({}),
      kind: "completion",
      body: { model: "m", prompt: "  <think>a</think> " }
    }
    assert.deepStrictEqual(sent(legacy, { max_tokens: 9 }), {
      model: "m",
      prompt: "  <think>a</think> ",
      max_tokens: 9
    })
  })
})
