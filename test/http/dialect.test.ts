import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type * as Gateway from "../../src/Gateway.js"
import * as JsonObject from "../../src/domain/json/JsonObject.js"
import * as Caller from "../support/Caller.js"
import * as ScriptedUpstream from "../support/ScriptedUpstream.js"
import * as TestGateway from "../support/TestGateway.js"

const { chunk } = ScriptedUpstream

/** A gateway before one backend with this configuration, answered by this script. */
const before = (
  script: (call: ScriptedUpstream.Call) => void | Promise<void>,
  config: Partial<Gateway.Config["openai_clients"][number]>,
  under = ""
) =>
  Effect.gen(function* () {
    const upstream = yield* ScriptedUpstream.make(script)
    const url = `${new URL(upstream.url).origin}${under === "" ? "/v1" : under}`
    const gateway = yield* TestGateway.make({ openai_clients: [TestGateway.backend("a", url, config)] })
    return { upstream, gateway }
  })

describe("a backend with ways of its own", () => {
  it.scopedLive("has the model in its path, a key header and other names (Azure)", () =>
    Effect.gen(function* () {
      const { gateway, upstream } = yield* before(
        ScriptedUpstream.answerWell("Hi"),
        {
          api_key: "azure-key-1",
          key_header: "api-key",
          max_tokens: 100,
          rename_params: { max_tokens: "max_completion_tokens" }
        },
        "/openai/deployments/{model}/?api-version=2024-10-21"
      )
      yield* Effect.promise(() => Caller.ask(gateway.client, true))
      const [sent] = upstream.received
      if (sent === undefined) return assert.fail("nothing was sent")
      assert.strictEqual(sent.path, "/openai/deployments/test-model/chat/completions?api-version=2024-10-21")
      assert.strictEqual(sent.headers["api-key"], "azure-key-1")
      assert.notProperty(sent.headers, "authorization")
      assert.propertyVal(sent.body, "max_completion_tokens", 100)
      assert.notProperty(sent.body, "max_tokens")
      const record = yield* Effect.promise(() => gateway.record(0))
      assert.notInclude(JSON.stringify(record), "azure-key-1")
    })
  )

  it.scopedLive("knows less of messages and tools, and gets what it knows", () =>
    Effect.gen(function* () {
      const { gateway, upstream } = yield* before(ScriptedUpstream.answerWell("Hi"), {
        system_role: "system",
        text_parts: "join",
        drop_params: ["tools[].function.strict", "messages[].content[].cache_control"]
      })
      const part = (text: string) => ({ type: "text", text, cache_control: { type: "ephemeral" } })
      const image = { type: "image_url", image_url: { url: "data:,", detail: "low" } }
      const body = {
        ...TestGateway.chat(),
        messages: [
          { role: "developer", content: [part("Be brief."), part("Be kind.")] },
          { role: "user", content: [part("What is it?"), image] }
        ],
        tools: [{ type: "function", function: { name: "f", strict: true, parameters: { type: "object" } } }]
      }
      yield* Effect.promise(() => gateway.post("/v1/chat/completions", body).then((response) => response.text()))
      assert.deepStrictEqual(upstream.received[0]?.body, {
        ...body,
        messages: [
          { role: "system", content: "Be brief.\nBe kind." },
          { role: "user", content: [{ type: "text", text: "What is it?" }, image] }
        ],
        tools: [{ type: "function", function: { name: "f", parameters: { type: "object" } } }]
      })
    })
  )

  it.scopedLive("is asked of its stream nothing, and the caller's usage comes all the same if it is sent", () =>
    Effect.gen(function* () {
      const { gateway, upstream } = yield* before(
        (call) =>
          "stream_options" in call.received.body
            ? call.json(400, { error: { message: "unknown field stream_options" } })
            : ScriptedUpstream.answerWell("Hi there")(call),
        { ask_usage: false }
      )
      const body = { ...TestGateway.chat(), stream: true, stream_options: { include_usage: true } }
      const response = yield* Effect.promise(() => gateway.post("/v1/chat/completions", body))
      const chunks = Caller.chunks(yield* Effect.promise(() => response.text()))
      assert.deepInclude(chunks.at(-1)?.["usage"], { prompt_tokens: 3, completion_tokens: 2 })
      assert.notProperty(upstream.received[0]?.body, "stream_options")
      assert.strictEqual((yield* Effect.promise(() => gateway.record(0))).TotalTokens, 5)
    })
  )

  it.scopedLive("repeats itself in every chunk, and the caller hears everything once", () =>
    Effect.gen(function* () {
      const { gateway } = yield* before(
        (call) => {
          call.events(...["H", "Hel", "Hello"].map((content) => chunk({ role: "assistant", content })))
          call.events(chunk({ content: "Hello" }, "stop"), "[DONE]")
          call.end()
        },
        { cumulative_content: true }
      )
      for (const stream of [true, false]) {
        assert.strictEqual((yield* Effect.promise(() => Caller.ask(gateway.client, stream))).content, "Hello")
      }
    })
  )

  it.scopedLive("says in an inner error what callers must not see", () =>
    Effect.gen(function* () {
      const innererror = { hint: "key sk-configured-12345 at 127.0.0.1", nested: [{ key: "sk-configured-12345" }] }
      const committed = Caller.latch()
      const { gateway } = yield* before(
        async (call) => {
          call.events(chunk({ role: "assistant", content: "He" }))
          await committed.promise
          call.events({
            error: { message: "bad sk-configured-12345", type: "t", code: "sk-configured-12345", innererror }
          })
          call.end()
        },
        { api_key: "sk-configured-12345" }
      )
      const response = yield* Effect.promise(() =>
        gateway.post("/v1/chat/completions", { ...TestGateway.chat(), stream: true })
      )
      committed.open()
      const { text } = yield* Effect.promise(() => Caller.received(response))
      const error = JsonObject.orEmpty(Caller.parse(Caller.events(text).at(-1) ?? "")["error"])
      assert.deepStrictEqual(error["innererror"], {
        hint: "key [redacted] at [redacted]",
        nested: [{ key: "[redacted]" }]
      })
      assert.notInclude(text, "sk-configured")
    })
  )

  it.scopedLive("has a request id that the caller can quote, and hears of headers that it was promised", () =>
    Effect.gen(function* () {
      const { gateway, upstream } = yield* before(
        (call) => {
          call.response.setHeader("x-request-id", "theirs-1")
          ScriptedUpstream.answerWell("Hi")(call)
        },
        { forward_headers: ["x-session-id"] }
      )
      const response = yield* Effect.promise(() =>
        gateway.post("/v1/chat/completions", TestGateway.chat(), { "x-session-id": "s-1", "x-other": "no" })
      )
      yield* Effect.promise(() => response.text())
      assert.strictEqual(response.headers.get("x-upstream-request-id"), "theirs-1")
      assert.match(response.headers.get("x-request-id") ?? "", /^req_/)
      assert.strictEqual(upstream.received[0]?.headers["x-session-id"], "s-1")
      assert.notProperty(upstream.received[0]?.headers, "x-other")
    })
  )
})
