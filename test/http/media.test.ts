import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import OpenAI from "openai"
import * as Caller from "../support/Caller.js"
import * as ScriptedUpstream from "../support/ScriptedUpstream.js"
import * as TestGateway from "../support/TestGateway.js"

const sound = Buffer.from(Uint8Array.from({ length: 100_000 }, (_, n) => (n * 7 + (n >> 8)) % 256))

const speak = (call: ScriptedUpstream.Call) => {
  call.response.writeHead(200, { "content-type": "audio/mpeg", "x-secret": "no" })
  call.response.write(sound.subarray(0, 50_000))
  call.response.end(sound.subarray(50_000))
}

const one = (script: (call: ScriptedUpstream.Call) => void | Promise<void>, more: object = {}) =>
  Effect.gen(function* () {
    const upstream = yield* ScriptedUpstream.make(script)
    const gateway = yield* TestGateway.make({ openai_clients: [TestGateway.backend("a", upstream.url, more)] })
    return { upstream, gateway }
  })

const two = (first: (call: ScriptedUpstream.Call) => void, second: (call: ScriptedUpstream.Call) => void) =>
  Effect.gen(function* () {
    const a = yield* ScriptedUpstream.make(first)
    const b = yield* ScriptedUpstream.make(second)
    const gateway = yield* TestGateway.make({
      openai_clients: [
        TestGateway.backend("a", a.url, { priority: 1, retries: 0 }),
        TestGateway.backend("b", b.url, { priority: 0, retries: 0 })
      ]
    })
    return { a, b, gateway }
  })

const speech = { model: "test-model", input: "Hello", voice: "alloy" }

describe("speech", () => {
  it.scopedLive("is the backend's, byte for byte, with its content type", () =>
    Effect.gen(function* () {
      const { gateway, upstream } = yield* one(speak)
      const answer = yield* Effect.promise(() => gateway.client.audio.speech.create(speech))
      assert.strictEqual(answer.headers.get("content-type"), "audio/mpeg")
      assert.isNull(answer.headers.get("x-secret"))
      const heard = Buffer.from(yield* Effect.promise(() => answer.arrayBuffer()))
      assert.isTrue(heard.equals(sound))
      assert.deepStrictEqual(upstream.received[0]?.body, speech)
      assert.strictEqual(upstream.received[0]?.path, "/v1/audio/speech")
      const record = yield* Effect.promise(() => gateway.record(0))
      assert.deepInclude(record, { Type: "audio/speech", Outcome: "Completed", Status: 200, Stream: 0 })
      assert.deepStrictEqual(Caller.recorded(record), { content_type: "audio/mpeg", bytes: sound.length })
      assert.isNumber(record.TtftMs)
    })
  )

  it.scopedLive("is held back while the caller does not read", () =>
    Effect.gen(function* () {
      const piece = Buffer.alloc(64 * 1024)
      const enough = 1_000
      const held = Caller.latch()
      let sent = 0
      const { gateway } = yield* one(async (call) => {
        call.response.writeHead(200, { "content-type": "audio/wav" })
        while (sent < enough) {
          sent++
          if (call.response.write(piece)) continue
          const drained = new Promise((resolve) => call.response.once("drain", resolve))
          if (await Caller.within(400, drained)) continue
          held.open()
          await drained
        }
        held.open()
        call.end()
      })
      const { response } = Caller.raw(`${gateway.url}/v1/audio/speech`, { body: speech })
      const answer = yield* Effect.promise(() => response)
      yield* Effect.promise(() => held.promise)
      assert.isBelow(sent, enough)
      let size = 0
      yield* Effect.promise(async () => {
        for await (const each of answer) if (Buffer.isBuffer(each)) size += each.length
      })
      assert.strictEqual(size, enough * piece.length)
    })
  )

  it.scopedLive("that breaks off has no end", () =>
    Effect.gen(function* () {
      const { gateway } = yield* one((call) => {
        call.response.writeHead(200, { "content-type": "audio/mpeg" })
        call.response.write(sound, () => call.destroy())
      })
      const { response } = Caller.raw(`${gateway.url}/v1/audio/speech`, { body: speech })
      const { isWhole } = yield* Effect.promise(async () => Caller.received(await response))
      assert.isFalse(isWhole)
      const record = yield* Effect.promise(() => gateway.record(0))
      assert.strictEqual(record.Outcome, "UpstreamBroke")
      assert.deepStrictEqual(Caller.attempts(record), ["a UpstreamBroke 200"])
    })
  )

  it.scopedLive("stops the backend when the caller leaves", () =>
    Effect.gen(function* () {
      const closed = Caller.latch()
      const { gateway } = yield* one((call) => {
        call.response.writeHead(200, { "content-type": "audio/mpeg" })
        call.response.write(sound)
        void call.closed.then(() => closed.open())
      })
      const { request, response } = Caller.raw(`${gateway.url}/v1/audio/speech`, { body: speech })
      yield* Effect.promise(() => response)
      request.destroy()
      yield* Effect.promise(() => closed.promise)
      assert.strictEqual((yield* Effect.promise(() => gateway.record(0))).Outcome, "CallerLeft")
    })
  )

  for (const [name, script, attempt] of [
    [
      "an outage",
      (call: ScriptedUpstream.Call) => call.json(503, { error: { message: "no" } }),
      "UpstreamRejected 503"
    ],
    [
      "an error in a 200",
      (call: ScriptedUpstream.Call) => call.json(200, { error: { message: "no", code: 503 } }),
      "UpstreamRejected 503"
    ],
    [
      "a page",
      (call: ScriptedUpstream.Call) => {
        call.response.writeHead(200, { "content-type": "text/html" })
        call.response.end("<html>")
      },
      "ProtocolBroken null"
    ],
    [
      "nothing",
      (call: ScriptedUpstream.Call) => {
        call.response.writeHead(200, { "content-type": "audio/mpeg" })
        call.response.end()
      },
      "ProtocolBroken null"
    ],
    [
      "a head alone",
      (call: ScriptedUpstream.Call) => {
        call.response.writeHead(200, { "content-type": "audio/mpeg" })
        call.response.flushHeaders()
        setImmediate(() => call.destroy())
      },
      "ConnectionLost null"
    ]
  ] as const) {
    it.scopedLive(`comes from the next backend after ${name}`, () =>
      Effect.gen(function* () {
        const { gateway } = yield* two(script, speak)
        const answer = yield* Effect.promise(() => gateway.client.audio.speech.create(speech))
        assert.isTrue(Buffer.from(yield* Effect.promise(() => answer.arrayBuffer())).equals(sound))
        const record = yield* Effect.promise(() => gateway.record(0))
        assert.deepStrictEqual(Caller.attempts(record), [`a ${attempt}`, "b ok 200"])
      })
    )
  }

  const delta = { type: "speech.audio.delta", audio: sound.toString("base64") }
  const usage = { input_tokens: 3, output_tokens: 40, total_tokens: 43 }
  const done = { type: "speech.audio.done", usage }

  it.scopedLive("comes in events, of which the record keeps no sound", () =>
    Effect.gen(function* () {
      const { gateway } = yield* one((call) => {
        call.events(delta, delta, done)
        call.end()
      })
      const response = yield* Effect.promise(() =>
        gateway.post("/v1/audio/speech", { ...speech, stream_format: "sse" })
      )
      assert.strictEqual(response.headers.get("content-type"), "text/event-stream; charset=utf-8")
      const { isWhole, text } = yield* Effect.promise(() => Caller.received(response))
      assert.isTrue(isWhole)
      assert.deepStrictEqual(Caller.chunks(text), [delta, delta, done])
      const record = yield* Effect.promise(() => gateway.record(0))
      assert.deepInclude(record, {
        Outcome: "Completed",
        Stream: 1,
        PromptTokens: 3,
        CompletionTokens: 40,
        TotalTokens: 43
      })
      assert.isBelow(record.Response?.length ?? 0, 500)
      assert.propertyVal(Caller.recorded(record), "bytes", text.length)
    })
  )

  for (const [name, script, outcome, message] of [
    ["ends without its last event", (call: ScriptedUpstream.Call) => call.end(), "UpstreamBroke", "provider's stream"],
    ["breaks off", (call: ScriptedUpstream.Call) => call.destroy(), "UpstreamBroke", "provider's stream"],
    [
      "ends with an error",
      (call: ScriptedUpstream.Call) => {
        call.events({ type: "error", error: { message: "the voice is gone", code: 500 } })
        call.end()
      },
      "UpstreamErrored",
      "the voice is gone"
    ]
  ] as const) {
    it.scopedLive(`in events that ${name} ends with an error, and is not whole`, () =>
      Effect.gen(function* () {
        const { gateway } = yield* one((call) => {
          call.response.writeHead(200, { "content-type": "text/event-stream" })
          call.response.write(ScriptedUpstream.eventsOf([delta]), () => script(call))
        })
        const response = yield* Effect.promise(() =>
          gateway.post("/v1/audio/speech", { ...speech, stream_format: "sse" })
        )
        const { isWhole, text } = yield* Effect.promise(() => Caller.received(response))
        assert.isFalse(isWhole)
        const [first, last] = Caller.chunks(text)
        assert.deepStrictEqual(first, delta)
        assert.include(JSON.stringify(last?.["error"]), message)
        const record = yield* Effect.promise(() => gateway.record(0))
        assert.strictEqual(record.Outcome, outcome)
      })
    )
  }

  it.scopedLive("whose first event is an error comes from the next backend", () =>
    Effect.gen(function* () {
      const { gateway } = yield* two(
        (call) => {
          call.events({ error: { message: "overloaded", code: 503 } })
          call.end()
        },
        (call) => {
          call.events(delta, done)
          call.end()
        }
      )
      const response = yield* Effect.promise(() =>
        gateway.post("/v1/audio/speech", { ...speech, stream_format: "sse" })
      )
      assert.deepStrictEqual(Caller.chunks(yield* Effect.promise(() => response.text())), [delta, done])
    })
  )

  it.scopedLive("says what is wrong with it", () =>
    Effect.gen(function* () {
      const { gateway } = yield* one(speak)
      for (const [body, param] of [
        [{ input: "a" }, "model"],
        [{ model: "test-model", input: "" }, "input"],
        [{ model: "test-model" }, "input"]
      ] as const) {
        const response = yield* Effect.promise(() => gateway.post("/v1/audio/speech", body))
        assert.strictEqual(response.status, 400)
        assert.propertyVal(yield* Effect.promise(() => Caller.errorOf(response)), "param", param)
      }
    })
  )
})

const picture = sound.toString("base64")

const images = {
  created: 1,
  data: [{ b64_json: picture }],
  usage: { input_tokens: 5, output_tokens: 100, total_tokens: 105 }
}

const imagine = { model: "test-model", prompt: "A red apple" }

describe("images", () => {
  it.scopedLive("are the backend's, and are not kept in the record", () =>
    Effect.gen(function* () {
      const { gateway, upstream } = yield* one((call) => call.json(200, images))
      const answer = yield* Effect.promise(() => gateway.client.images.generate(imagine))
      assert.strictEqual(answer.data?.[0]?.b64_json, picture)
      assert.deepStrictEqual(upstream.received[0]?.body, imagine)
      const record = yield* Effect.promise(() => gateway.record(0))
      assert.deepInclude(record, {
        Type: "images/generations",
        PromptTokens: 5,
        CompletionTokens: 100,
        TotalTokens: 105
      })
      assert.include(record.Response ?? "", `"b64_json":"[${sound.length} bytes]"`)
    })
  )

  it.scopedLive("come in events", () =>
    Effect.gen(function* () {
      const partial = { type: "image_generation.partial_image", b64_json: picture, partial_image_index: 0 }
      const completed = { type: "image_generation.completed", b64_json: picture, usage: images.usage }
      const { gateway } = yield* one((call) => {
        call.response.writeHead(200, { "content-type": "text/event-stream" })
        for (const event of [partial, completed]) {
          call.response.write(`event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`)
        }
        call.end()
      })
      const stream = yield* Effect.promise(() => gateway.client.images.generate({ ...imagine, stream: true }))
      const seen: Array<string> = []
      yield* Effect.promise(async () => {
        for await (const event of stream) seen.push(`${event.type} ${event.b64_json === picture}`)
      })
      assert.deepStrictEqual(seen, ["image_generation.partial_image true", "image_generation.completed true"])
      const record = yield* Effect.promise(() => gateway.record(0))
      assert.deepInclude(record, { Outcome: "Completed", TotalTokens: 105, Stream: 1 })
      assert.isBelow(record.Response?.length ?? 0, 500)
    })
  )

  it.scopedLive(
    "are asked of the next backend where nothing was answered, and of nobody once they have begun to come",
    () =>
      Effect.gen(function* () {
        const refused = yield* two(
          (call) => call.json(500, { error: { message: "no" } }),
          (call) => call.json(200, images)
        )
        yield* Effect.promise(() => refused.gateway.client.images.generate(imagine))
        const first = yield* Effect.promise(() => refused.gateway.record(0))
        assert.deepStrictEqual(Caller.attempts(first), ["a UpstreamRejected 500", "b ok 200"])
        const begun = yield* two(
          (call) => {
            call.response.writeHead(200, { "content-type": "application/json" })
            call.response.write('{"data":[{"b64_json":"', () => call.destroy())
          },
          (call) => call.json(200, images)
        )
        const error = yield* Effect.promise(() => Caller.rejection(begun.gateway.client.images.generate(imagine)))
        assert.instanceOf(error, OpenAI.APIError)
        assert.propertyVal(error, "status", 502)
        const second = yield* Effect.promise(() => begun.gateway.record(0))
        assert.deepStrictEqual(Caller.attempts(second), ["a ProtocolBroken null"])
        assert.strictEqual(begun.b.received.length, 0)
      })
  )
})
