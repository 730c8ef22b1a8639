import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as JsonObject from "../../src/domain/json/JsonObject.js"
import type * as Gateway from "../../src/Gateway.js"
import * as Caller from "../support/Caller.js"
import * as ScriptedUpstream from "../support/ScriptedUpstream.js"
import * as TestGateway from "../support/TestGateway.js"

type Script = (call: ScriptedUpstream.Call) => void
type BackendConfig = Partial<Gateway.Config["openai_clients"][number]>

const { chunk } = ScriptedUpstream

const words = Array.from({ length: 60 }, (_, n) => `${n === 0 ? "" : " "}word${n}`)
const answer = words.join("")
const half = words.slice(0, 30).join("")

/** Half of the answer, and then something when it is on its way. */
const breaksAfterHalf =
  (then: Script): Script =>
  (call) => {
    call.events(chunk({ role: "assistant", content: "" }))
    const text = words.slice(0, 30).map((content) => `data: ${JSON.stringify(chunk({ content }))}\n\n`)
    call.response.write(text.join(""), () => then(call))
  }

const dies = breaksAfterHalf((call) => call.destroy())

/** One stream through a backend that breaks and one that is asked next. */
const rescued = (first: Script, second: Script, a: BackendConfig = {}, b: BackendConfig = {}, body: object = {}) =>
  Effect.gen(function* () {
    const broken = yield* ScriptedUpstream.make(first)
    const next = yield* ScriptedUpstream.make(second)
    const gateway = yield* TestGateway.make({
      openai_clients: [
        TestGateway.backend("a", broken.url, a),
        TestGateway.backend("b", next.url, { priority: 0, ...b })
      ]
    })
    const request = { ...TestGateway.chat(), stream: true, ...body }
    const response = yield* Effect.promise(() => gateway.post("/v1/chat/completions", request))
    const text = (yield* Effect.promise(() => Caller.received(response))).text
    const record = yield* Effect.promise(() => gateway.record(0))
    const chunks = Caller.chunks(text)
    const content = chunks
      .flatMap(Caller.choices)
      .map((choice) => JsonObject.text(JsonObject.orEmpty(choice["delta"])["content"]) ?? "")
      .join("")
    return { broken, next, text, chunks, content, record }
  })

const error = (chunks: ReadonlyArray<JsonObject.JsonObject>) => JsonObject.orEmpty(chunks.at(-1)?.["error"])

describe("a committed stream that breaks off", () => {
  const ends: ReadonlyArray<readonly [string, Script, string, BackendConfig]> = [
    ["dies", dies, "UpstreamBroke", {}],
    ["ends without a finish", breaksAfterHalf((call) => call.end()), "UpstreamBroke", {}],
    ["falls silent", breaksAfterHalf(() => {}), "UpstreamStalled", { timeouts: { idle: "100ms" } }],
    [
      "reports an error",
      breaksAfterHalf((call) => call.events({ error: { message: "overloaded", code: 503 } })),
      "UpstreamErrored",
      {}
    ]
  ]
  for (const [name, script, failure, config] of ends) {
    it.scopedLive(`because its backend ${name} goes on with another backend's answer, seamlessly`, () =>
      Effect.gen(function* () {
        const { chunks, content, record, text } = yield* rescued(script, ScriptedUpstream.answerWell(answer), config)
        assert.strictEqual(content, answer)
        assert.isTrue(text.endsWith("data: [DONE]\n\n"))
        assert.strictEqual(new Set(chunks.map(({ id }) => id)).size, 1)
        assert.strictEqual(record.Outcome, "Completed")
        assert.strictEqual(record.FinishReason, "stop")
        assert.deepStrictEqual(Caller.attempts(record), [`a ${failure} 200`, "b ok 200"])
        assert.include(record.Attempts, '"rescue":"restart"')
        assert.strictEqual(Caller.contents(Caller.recorded(record))[0], answer)
      })
    )
  }

  it.scopedLive("ends with the first failure when the other answer differs, which is given up at once", () =>
    Effect.gen(function* () {
      const gone = Caller.latch()
      const { chunks, content, record, text } = yield* rescued(dies, (call) => {
        call.response.on("close", () => gone.open())
        call.events(chunk({ role: "assistant", content: "word0 word1 something else" }))
      })
      assert.strictEqual(content, half)
      assert.notInclude(text, "[DONE]")
      assert.strictEqual(error(chunks)["code"], "upstream_broke")
      assert.strictEqual(record.Outcome, "UpstreamBroke")
      assert.deepStrictEqual(Caller.attempts(record), ["a UpstreamBroke 200", "b Differs 200"])
      assert.isTrue(yield* Effect.promise(() => Caller.within(1_000, gone.promise)))
    })
  )

  it.scopedLive("ends with the first failure when the other answer is shorter", () =>
    Effect.gen(function* () {
      const { chunks, record } = yield* rescued(dies, ScriptedUpstream.answerWell("word0 word1"))
      assert.strictEqual(error(chunks)["code"], "upstream_broke")
      assert.strictEqual(record.Outcome, "UpstreamBroke")
    })
  )

  it.scopedLive("ends with the first failure when the other backend rejects the request", () =>
    Effect.gen(function* () {
      const { chunks, next, record } = yield* rescued(
        dies,
        (call) => call.json(400, { error: { message: "prefill is not supported" } }),
        { rescue: "continue" },
        { prefill: true }
      )
      assert.strictEqual(next.received.length, 1)
      assert.strictEqual(error(chunks)["code"], "upstream_broke")
      assert.strictEqual(record.Outcome, "UpstreamBroke")
      assert.deepStrictEqual(Caller.attempts(record), ["a UpstreamBroke 200", "b UpstreamRejected 400"])
    })
  )

  it.scopedLive("is not rescued when its backend says so, nor for what the caller's request brought on", () =>
    Effect.gen(function* () {
      const off = yield* rescued(dies, ScriptedUpstream.answerWell(answer), { rescue: "off" })
      assert.strictEqual(off.next.received.length, 0)
      const refused = breaksAfterHalf((call) => call.events({ error: { message: "no", code: "content_filter" } }))
      const policy = yield* rescued(refused, ScriptedUpstream.answerWell(answer))
      assert.strictEqual(policy.next.received.length, 0)
      assert.strictEqual(policy.record.Outcome, "UpstreamErrored")
    })
  )

  it.scopedLive("is not rescued with a tool call on its way", () =>
    Effect.gen(function* () {
      const { next, record } = yield* rescued((call) => {
        const calls = [{ index: 0, id: "call_1", type: "function", function: { name: "f", arguments: '{"a' } }]
        call.response.write(`data: ${JSON.stringify(chunk({ tool_calls: calls }))}\n\n`, () => call.destroy())
      }, ScriptedUpstream.answerWell(answer))
      assert.strictEqual(next.received.length, 0)
      assert.strictEqual(record.Outcome, "UpstreamBroke")
    })
  )

  it.scopedLive("is continued from a prefix by a backend that takes one", () =>
    Effect.gen(function* () {
      const { content, next, record } = yield* rescued(
        dies,
        ScriptedUpstream.answerWell(words.slice(27).join("")),
        { rescue: "continue" },
        { prefill: true }
      )
      const messages = JsonObject.listOf(next.received[0]?.body["messages"]).map(JsonObject.orEmpty)
      assert.deepStrictEqual(messages.at(-1), { role: "assistant", content: half })
      assert.strictEqual(content, answer)
      assert.include(record.Attempts, '"rescue":"continue"')
    })
  )

  it.scopedLive("is continued by any other when it is asked to go on", () =>
    Effect.gen(function* () {
      const { content, next } = yield* rescued(dies, ScriptedUpstream.answerWell(words.slice(30).join("")), {
        rescue: "continue"
      })
      const messages = JsonObject.listOf(next.received[0]?.body["messages"]).map(JsonObject.orEmpty)
      assert.deepStrictEqual(
        messages.map(({ role }) => role),
        ["user", "assistant", "user"]
      )
      assert.strictEqual(content, answer)
    })
  )

  it.scopedLive("is rescued again when the one that went on with it breaks too", () =>
    Effect.gen(function* () {
      const first = yield* ScriptedUpstream.make(dies)
      const second = yield* ScriptedUpstream.make((call) => {
        const text = words.slice(0, 45).map((content) => `data: ${JSON.stringify(chunk({ content }))}\n\n`)
        call.response.writeHead(200, { "content-type": "text/event-stream" })
        call.response.write(text.join(""), () => call.destroy())
      })
      const third = yield* ScriptedUpstream.make(ScriptedUpstream.answerWell(answer))
      const gateway = yield* TestGateway.make({
        openai_clients: [
          TestGateway.backend("a", first.url, { fallback: "b" }),
          { ...TestGateway.backend("b", second.url, { fallback: "c" }), model_match: { type: "exact", value: ["mb"] } },
          { ...TestGateway.backend("c", third.url), model_match: { type: "exact", value: ["mc"] } }
        ]
      })
      const heard = yield* Effect.promise(() => Caller.ask(gateway.client, true))
      assert.strictEqual(heard.content, answer)
      const record = yield* Effect.promise(() => gateway.record(0))
      assert.deepStrictEqual(Caller.attempts(record), ["a UpstreamBroke 200", "b UpstreamBroke 200", "c ok 200"])
    })
  )

  it.scopedLive("keeps the special prefix that was sent, and none of the other's", () =>
    Effect.gen(function* () {
      const { content } = yield* rescued(
        dies,
        ScriptedUpstream.answerWell(answer),
        { special_prefix: "[a]" },
        { special_prefix: "[b]" }
      )
      assert.strictEqual(content, `[a]\n${answer}`)
    })
  )

  it.scopedLive("reports the usage of all that was spent", () =>
    Effect.gen(function* () {
      const usage = { prompt_tokens: 3, completion_tokens: 30, total_tokens: 33 }
      const { chunks, record } = yield* rescued(
        breaksAfterHalf((call) => {
          const last = chunk({ content: " word30" }, null, { usage })
          call.response.write(`data: ${JSON.stringify(last)}\n\n`, () => call.destroy())
        }),
        ScriptedUpstream.answerWell(answer),
        {},
        {},
        { stream_options: { include_usage: true } }
      )
      assert.deepInclude(JsonObject.orEmpty(chunks.at(-1)?.["usage"]), { completion_tokens: 90, total_tokens: 96 })
      assert.strictEqual(record.TotalTokens, 96)
    })
  )

  it.scopedLive("stops when the caller leaves during the rescue, and lets go of the other backend", () =>
    Effect.gen(function* () {
      const asked = Caller.latch()
      const closed = Caller.latch()
      const broken = yield* ScriptedUpstream.make(dies)
      const next = yield* ScriptedUpstream.make((call) => {
        call.response.on("close", () => closed.open())
        asked.open()
      })
      const gateway = yield* TestGateway.make({
        openai_clients: [TestGateway.backend("a", broken.url), TestGateway.backend("b", next.url, { priority: 0 })]
      })
      const { request, response } = Caller.raw(`${gateway.url}/v1/chat/completions`, {
        body: { ...TestGateway.chat(), stream: true }
      })
      yield* Effect.promise(async () => {
        ;(await response).resume()
        await asked.promise
        request.destroy()
      })
      assert.isTrue(yield* Effect.promise(() => Caller.within(1_000, closed.promise)))
      const record = yield* Effect.promise(() => gateway.record(0))
      assert.strictEqual(record.Outcome, "CallerLeft")
      assert.strictEqual(Caller.contents(Caller.recorded(record))[0], half)
    })
  )
})
