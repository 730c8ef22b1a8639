import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Caller from "../support/Caller.js"
import * as ScriptedUpstream from "../support/ScriptedUpstream.js"
import * as TestGateway from "../support/TestGateway.js"

const request = { ...TestGateway.chat(), stream: true }

/** An upstream that falls silent after its first word, until told to go on. */
const silent = (latch: Caller.Latch<void>) =>
  ScriptedUpstream.make(async (call) => {
    call.events(ScriptedUpstream.chunk({ role: "assistant", content: "One" }))
    await latch.promise
    call.events(ScriptedUpstream.chunk({}, "stop"), "[DONE]")
    call.end()
  })

describe("server.keepalive", () => {
  it.scopedLive("sends comments of one line while a stream is silent, and nothing else changes", () =>
    Effect.gen(function* () {
      const latch = Caller.latch()
      const upstream = yield* silent(latch)
      const gateway = yield* TestGateway.make({
        openai_clients: [TestGateway.backend("a", upstream.url)],
        server: { keepalive: "20ms" }
      })
      const text = yield* Effect.promise(async () => {
        const response = await gateway.post("/v1/chat/completions", request)
        let text = ""
        for await (const bytes of response.body ?? []) {
          text += Buffer.from(bytes).toString()
          if (text.split(": keepalive\n").length > 3) latch.open()
        }
        return text
      })
      assert.match(text, /^data: .*\n\n(: keepalive\n){3,}data: /)
      assert.match(text, /\n\ndata: \[DONE\]\n\n$/)
    })
  )

  it.scopedLive("is read as nothing by the official client", () =>
    Effect.gen(function* () {
      const latch = Caller.latch()
      const upstream = yield* silent(latch)
      const gateway = yield* TestGateway.make({
        openai_clients: [TestGateway.backend("a", upstream.url)],
        server: { keepalive: "5ms" }
      })
      const content = yield* Effect.promise(async () => {
        const stream = gateway.client.chat.completions.stream(TestGateway.chat())
        stream.once("content", () => setTimeout(() => latch.open(), 50))
        return (await stream.finalChatCompletion()).choices[0]?.message.content
      })
      assert.strictEqual(content, "One")
    })
  )

  /** A gateway whose only backend answers with this when it is told to, and what a caller gets of it meanwhile. */
  const early = (then: (call: ScriptedUpstream.Call) => void, beats = 3) =>
    Effect.gen(function* () {
      const latch = Caller.latch()
      const upstream = yield* ScriptedUpstream.make(async (call) => {
        await latch.promise
        then(call)
      })
      const gateway = yield* TestGateway.make({
        openai_clients: [TestGateway.backend("a", upstream.url, { retries: 0 })],
        server: { keepalive: "20ms" }
      })
      const response = yield* Effect.promise(() => gateway.post("/v1/chat/completions", request))
      let text = ""
      const isWhole = yield* Effect.promise(async () => {
        try {
          for await (const bytes of response.body ?? []) {
            text += Buffer.from(bytes).toString()
            if (text.split(": keepalive\n").length > beats) latch.open()
          }
          return true
        } catch {
          return false
        }
      })
      const record = yield* Effect.promise(() => gateway.record(0))
      return { response, text, isWhole, record }
    })

  it.scopedLive("begins before there is an answer, which comes behind it", () =>
    Effect.gen(function* () {
      const { isWhole, record, response, text } = yield* early(ScriptedUpstream.answerWell("Late"))
      assert.strictEqual(response.status, 200)
      assert.match(response.headers.get("content-type") ?? "", /^text\/event-stream/)
      assert.match(text, /^(: keepalive\n){3,}data: /)
      assert.match(text, /"content":"Late".*\n\ndata: \[DONE\]\n\n$/s)
      assert.isTrue(isWhole)
      assert.deepInclude(record, { Outcome: "Completed", Status: 200 })
    })
  )

  it.scopedLive("tells in the stream that there is no answer, which is then not whole", () =>
    Effect.gen(function* () {
      const refuses = (call: ScriptedUpstream.Call) =>
        call.json(503, { error: { message: "Out of order", type: "outage", code: "out" } })
      const { isWhole, record, response, text } = yield* early(refuses)
      assert.strictEqual(response.status, 200)
      assert.match(text, /^(: keepalive\n){3,}data: \{"error":\{"message":"Out of order".*\}\n\n$/)
      assert.isFalse(isWhole)
      assert.deepInclude(record, { Outcome: "NoBackendAvailable", Status: 200 })
    })
  )

  it.scopedLive("is heard by the official client as the answer or the error that comes behind it", () =>
    Effect.gen(function* () {
      const latch = Caller.latch()
      const upstream = yield* ScriptedUpstream.make(async (call) => {
        await latch.promise
        if (call.number === 0) ScriptedUpstream.answerWell("Late")(call)
        else call.json(400, { error: { message: "Not this", type: "invalid_request_error", code: "no" } })
      })
      const gateway = yield* TestGateway.make({
        openai_clients: [TestGateway.backend("a", upstream.url)],
        server: { keepalive: "20ms" }
      })
      setTimeout(() => latch.open(), 100)
      const heard = yield* Effect.promise(() => Caller.ask(gateway.client, true))
      assert.strictEqual(heard.content, "Late")
      const error = yield* Effect.promise(() => Caller.rejection(Caller.ask(gateway.client, true)))
      assert.include(String(error), "Not this")
    })
  )

  it.scopedLive("does not begin before an answer that comes soon, whose status and headers are its own", () =>
    Effect.gen(function* () {
      const upstream = yield* ScriptedUpstream.make((call) => call.json(400, { error: { message: "no" } }))
      const gateway = yield* TestGateway.make({
        openai_clients: [TestGateway.backend("a", upstream.url)],
        server: { keepalive: "10s" }
      })
      const response = yield* Effect.promise(() => gateway.post("/v1/chat/completions", request))
      assert.strictEqual(response.status, 400)
    })
  )

  it.scopedLive("covers the wait for a place, too, and a caller that leaves meanwhile", () =>
    Effect.gen(function* () {
      const upstream = yield* ScriptedUpstream.make(() => {})
      const gateway = yield* TestGateway.make({
        openai_clients: [TestGateway.backend("a", upstream.url)],
        server: { keepalive: "20ms", max_in_flight: 1 }
      })
      const first = new AbortController()
      const second = new AbortController()
      const ask = (signal: AbortSignal) => gateway.post("/v1/chat/completions", request, {}, signal)
      const answers = yield* Effect.promise(() => Promise.all([ask(first.signal), ask(second.signal)]))
      assert.deepStrictEqual(
        answers.map(({ status }) => status),
        [200, 200]
      )
      assert.strictEqual(upstream.received.length, 1)
      first.abort()
      second.abort()
      const rows = yield* Effect.promise(() => Promise.all([gateway.record(0), gateway.record(1)]))
      for (const { Outcome } of rows) assert.strictEqual(Outcome, "CallerLeft")
    })
  )

  it.scopedLive("is off by default", () =>
    Effect.gen(function* () {
      const upstream = yield* ScriptedUpstream.make(ScriptedUpstream.answerWell("Hello"))
      const gateway = yield* TestGateway.make({ openai_clients: [TestGateway.backend("a", upstream.url)] })
      const text = yield* Effect.promise(async () => (await gateway.post("/v1/chat/completions", request)).text())
      assert.notMatch(text, /^:/m)
    })
  )
})
