import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Caller from "../support/Caller.js"
import * as ScriptedUpstream from "../support/ScriptedUpstream.js"
import * as TestGateway from "../support/TestGateway.js"

const { chunk } = ScriptedUpstream

/** An upstream that tells of its first call when the script has run for it. */
const upstreamOf = (script: (call: ScriptedUpstream.Call) => void | Promise<void>) =>
  Effect.gen(function* () {
    const arrived = Caller.latch<ScriptedUpstream.Call>()
    const upstream = yield* ScriptedUpstream.make(async (call) => {
      await script(call)
      arrived.open(call)
    })
    return { upstream, arrived: arrived.promise }
  })

/** Writes and waits until the bytes are with the operating system. */
const written = (call: ScriptedUpstream.Call, text: string): Promise<void> =>
  new Promise((resolve) => call.response.write(text, () => resolve()))

const event = (data: object): string => `data: ${JSON.stringify(data)}\n\n`

const head = { "content-type": "text/event-stream" }

/** Moments before anything is sent to the caller. */
const moments = [
  { name: "before the head of a stream", stream: true, script: () => {} },
  {
    name: "after the head of a stream, before anything else",
    stream: true,
    script: async (call: ScriptedUpstream.Call) => {
      call.response.writeHead(200, head)
      await written(call, ": hello\n\n")
    }
  },
  {
    name: "in the hold, before the first content",
    stream: true,
    script: async (call: ScriptedUpstream.Call) => {
      call.response.writeHead(200, head)
      await written(call, event(chunk({ role: "assistant", content: "" })))
    }
  },
  { name: "before the head of an answer that is not streamed", stream: false, script: () => {} },
  {
    name: "in the middle of an answer that is not streamed",
    stream: false,
    script: async (call: ScriptedUpstream.Call) => {
      call.response.writeHead(200, { "content-type": "application/json" })
      await written(call, '{"id":"x","choices":[{"index":0,"message":{"role":"assi')
    }
  },
  {
    name: "in the middle of an error's body",
    stream: false,
    script: async (call: ScriptedUpstream.Call) => {
      call.response.writeHead(500, { "content-type": "application/json" })
      await written(call, '{"error":')
    }
  }
]

describe.concurrent("a caller that leaves", () => {
  for (const path of ["/v1/chat/completions", "/v1/completions"]) {
    for (const { name, script, stream } of moments) {
      it.scopedLive(`${name}, at ${path}`, () =>
        Effect.gen(function* () {
          const { arrived, upstream } = yield* upstreamOf(script)
          const gateway = yield* TestGateway.make({
            openai_clients: [
              TestGateway.backend("a", upstream.url),
              TestGateway.backend("b", upstream.url, { priority: 0 })
            ]
          })
          const caller = new AbortController()
          const body = { ...TestGateway.chat(), prompt: "Hi", stream }
          const answer = gateway.post(path, body, {}, caller.signal)
          const refused = Caller.rejection(answer)
          const call = yield* Effect.promise(() => arrived)
          const leftAt = performance.now()
          caller.abort()
          yield* Effect.promise(() => refused)
          assert.isTrue(yield* Effect.promise(() => Caller.within(1_000, call.closed)), "upstream's socket stays open")
          assert.isFalse(call.response.writableFinished)
          const record = yield* Effect.promise(() => gateway.record(0))
          assert.isBelow(performance.now() - leftAt, 1_000)
          assert.strictEqual(record.Outcome, "CallerLeft")
          assert.strictEqual(record.Status, null)
          assert.strictEqual(record.Response, null)
          assert.strictEqual(record.TtftMs, null)
          assert.strictEqual(record.Backend, "a")
          assert.strictEqual(record.Stream, stream ? 1 : 0)
          assert.include(record.Request ?? "", "test-model")
          assert.deepInclude(record, { CompletionTokens: 0, TokensEstimated: 1 })
          assert.isAbove(record.PromptTokens ?? 0, 0)
          assert.strictEqual(upstream.received.length, 1)
        })
      )
    }
  }

  it.scopedLive("in the middle of a stream: upstream is let go and what it got is recorded", () =>
    Effect.gen(function* () {
      const { arrived, upstream } = yield* upstreamOf((call) => {
        call.events(chunk({ role: "assistant", content: "" }), chunk({ content: "Hel" }), chunk({ content: "lo" }))
      })
      const gateway = yield* TestGateway.make({ openai_clients: [TestGateway.backend("a", upstream.url)] })
      const call = yield* Effect.promise(async () => {
        let content = ""
        for await (const each of await gateway.client.chat.completions.create({
          ...TestGateway.chat(),
          stream: true
        })) {
          content += each.choices[0]?.delta.content ?? ""
          // Leaving the loop closes the official client's socket.
          if (content === "Hello") break
        }
        return arrived
      })
      assert.isTrue(yield* Effect.promise(() => Caller.within(1_000, call.closed)))
      const record = yield* Effect.promise(() => gateway.record(0))
      assert.strictEqual(record.Outcome, "CallerLeft")
      assert.strictEqual(record.Status, 200)
      assert.strictEqual(record.FinishReason, null)
      assert.deepStrictEqual(Caller.contents(Caller.recorded(record)), ["Hello"])
      assert.isNotNull(record.TtftMs)
      assert.strictEqual(record.Error, null)
      // "Hello" is five bytes; the request a short message with its role.
      assert.deepInclude(record, { CompletionTokens: 2, TokensEstimated: 1 })
      assert.isAbove(record.PromptTokens ?? 0, 2)
      assert.strictEqual(record.TotalTokens, (record.PromptTokens ?? 0) + 2)
    })
  )

  it.scopedLive("in the middle of a stream that counts as it goes: its last counts are recorded", () =>
    Effect.gen(function* () {
      const { arrived, upstream } = yield* upstreamOf((call) => {
        const counted = (content: string, completion_tokens: number) => ({
          ...chunk({ content }),
          usage: { prompt_tokens: 7, completion_tokens, total_tokens: 7 + completion_tokens }
        })
        call.events(counted("Hel", 1), counted("lo", 3))
      })
      const gateway = yield* TestGateway.make({ openai_clients: [TestGateway.backend("a", upstream.url)] })
      yield* Effect.promise(async () => {
        let content = ""
        for await (const each of await gateway.client.chat.completions.create({
          ...TestGateway.chat(),
          stream: true
        })) {
          content += each.choices[0]?.delta.content ?? ""
          if (content === "Hello") break
        }
        return (await arrived).closed
      })
      const record = yield* Effect.promise(() => gateway.record(0))
      assert.deepInclude(record, {
        Outcome: "CallerLeft",
        PromptTokens: 7,
        CompletionTokens: 3,
        TotalTokens: 10,
        TokensEstimated: null
      })
    })
  )

  it.scopedLive("in the middle of a stream that goes on and on: upstream is let go all the same", () =>
    Effect.gen(function* () {
      const closed = Caller.latch()
      const upstream = yield* ScriptedUpstream.make((call) => {
        const timer = setInterval(() => call.events(chunk({ content: "more " })), 5)
        call.response.on("close", () => {
          clearInterval(timer)
          closed.open()
        })
      })
      const gateway = yield* TestGateway.make({ openai_clients: [TestGateway.backend("a", upstream.url)] })
      const { request, response } = Caller.raw(`${gateway.url}/v1/chat/completions`, {
        body: { ...TestGateway.chat(), stream: true }
      })
      yield* Effect.promise(async () => {
        const incoming = await response
        await new Promise((resolve) => incoming.once("data", resolve))
        incoming.on("error", () => {})
        request.destroy()
      })
      assert.isTrue(yield* Effect.promise(() => Caller.within(1_000, closed.promise)))
      const record = yield* Effect.promise(() => gateway.record(0))
      assert.strictEqual(record.Outcome, "CallerLeft")
      assert.match(String(Caller.contents(Caller.recorded(record))[0]), /^more /)
    })
  )

  it.scopedLive("without having read anything of its stream: upstream is let go although it was held back", () =>
    Effect.gen(function* () {
      const stuck = Caller.latch()
      const { arrived, upstream } = yield* upstreamOf((call) => {
        const more = () => {
          if (call.response.destroyed) return
          call.events(chunk({ content: "x".repeat(256 * 1024) }))
          // The bytes of a backend that is held back stay in its own buffer.
          if (call.response.writableLength > 2 * 1024 * 1024) stuck.open()
          else setImmediate(more)
        }
        more()
      })
      const gateway = yield* TestGateway.make({ openai_clients: [TestGateway.backend("a", upstream.url)] })
      const { request, response } = Caller.raw(`${gateway.url}/v1/chat/completions`, {
        body: { ...TestGateway.chat(), stream: true }
      })
      const call = yield* Effect.promise(async () => {
        await response
        await stuck.promise
        request.destroy()
        return arrived
      })
      assert.isTrue(yield* Effect.promise(() => Caller.within(1_000, call.closed)))
      const record = yield* Effect.promise(() => gateway.record(0))
      assert.strictEqual(record.Outcome, "CallerLeft")
    })
  )

  for (const [name, status, headers] of [
    ["a wait that the backend asked for", 429, { "retry-after-ms": "400" }],
    ["the pause after a 500", 500, {}]
  ] as const) {
    it.scopedLive(`during ${name}: nobody is asked again`, () =>
      Effect.gen(function* () {
        const { arrived, upstream } = yield* upstreamOf(async (call) => {
          call.json(status, { error: { message: "not now" } }, headers)
          await call.closed
        })
        const gateway = yield* TestGateway.make({ openai_clients: [TestGateway.backend("a", upstream.url)] })
        const caller = new AbortController()
        const answer = Caller.rejection(gateway.post("/v1/chat/completions", TestGateway.chat(), {}, caller.signal))
        yield* Effect.promise(() => arrived)
        // The answer is complete for the backend; the gateway reads it within a moment.
        yield* Effect.sleep("40 millis")
        caller.abort()
        yield* Effect.promise(() => answer)
        const record = yield* Effect.promise(() => gateway.record(0))
        assert.strictEqual(record.Outcome, "CallerLeft")
        assert.strictEqual(record.Status, null)
        assert.deepStrictEqual(Caller.attempts(record), [`a UpstreamRejected ${status}`])
        // Longer than the wait would have been.
        yield* Effect.sleep("500 millis")
        assert.strictEqual(upstream.received.length, 1)
        assert.strictEqual(gateway.records.length, 1)
      })
    )
  }

  it.scopedLive("in the middle of its own request body: it is recorded, and nobody is asked", () =>
    Effect.gen(function* () {
      const upstream = yield* ScriptedUpstream.make(ScriptedUpstream.answerWell("Hi"))
      const gateway = yield* TestGateway.make({ openai_clients: [TestGateway.backend("a", upstream.url)] })
      yield* Effect.promise(async () => {
        const { request, response } = Caller.rawOpen(`${gateway.url}/v1/chat/completions`)
        await new Promise<void>((resolve) => request.write('{"model":"test-model",', () => resolve()))
        // The head has to be there before the caller can leave in the middle of the body.
        await new Promise((resolve) => setTimeout(resolve, 50))
        request.destroy()
        await Caller.rejection(response)
      })
      const record = yield* Effect.promise(() => gateway.record(0))
      assert.strictEqual(record.Outcome, "CallerLeft")
      assert.strictEqual(record.Status, null)
      assert.strictEqual(record.RequestedModel, null)
      assert.deepInclude(record, { PromptTokens: null, CompletionTokens: null, TokensEstimated: null })
      assert.strictEqual(upstream.received.length, 0)
    })
  )

  it.scopedLive("leaves the others alone", () =>
    Effect.gen(function* () {
      const proceed = Caller.latch()
      const upstream = yield* ScriptedUpstream.make(async (call) => {
        call.events(chunk({ content: "Hel" }))
        await proceed.promise
        call.events(chunk({ content: "lo" }), chunk({}, "stop"), "[DONE]")
        call.end()
      })
      const gateway = yield* TestGateway.make({ openai_clients: [TestGateway.backend("a", upstream.url)] })
      const staying = Caller.ask(gateway.client, true)
      yield* Effect.promise(async () => {
        const leaving = await gateway.client.chat.completions.create({ ...TestGateway.chat(), stream: true })
        await leaving[Symbol.asyncIterator]().next()
        leaving.controller.abort()
      })
      const left = yield* Effect.promise(() => gateway.record(0))
      assert.strictEqual(left.Outcome, "CallerLeft")
      proceed.open()
      assert.strictEqual((yield* Effect.promise(() => staying)).content, "Hello")
      const stayed = yield* Effect.promise(() => gateway.record(1))
      assert.strictEqual(stayed.Outcome, "Completed")
    })
  )
})
