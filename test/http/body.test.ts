import * as zlib from "node:zlib"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import OpenAI from "openai"
import type { RequestRecord } from "../../src/domain/record/RequestRecord.js"
import * as Caller from "../support/Caller.js"
import * as ScriptedUpstream from "../support/ScriptedUpstream.js"
import * as TestGateway from "../support/TestGateway.js"

const started = (maxBody?: string | number) =>
  Effect.gen(function* () {
    const upstream = yield* ScriptedUpstream.make(ScriptedUpstream.answerWell("Hi"))
    const gateway = yield* TestGateway.make({
      openai_clients: [TestGateway.backend("a", upstream.url)],
      ...(maxBody === undefined ? {} : { server: { max_body: maxBody } })
    })
    return { upstream, gateway }
  })

const message = { role: "user", content: "Hi" }
const model = "test-model"

interface Bad {
  readonly name: string
  readonly body: unknown
  readonly param: string | null
  readonly path?: string
}

const bad: ReadonlyArray<Bad> = [
  { name: "no JSON", body: "hello", param: null },
  { name: "cut JSON", body: '{"model":"test-model","messages":[{"role":"us', param: null },
  { name: "nothing", body: "", param: null },
  { name: "a JSON list", body: "[1]", param: null },
  { name: "a JSON string", body: '"hello"', param: null },
  { name: "null", body: "null", param: null },
  { name: "no model", body: { messages: [message] }, param: "model" },
  { name: "an empty model", body: { model: "", messages: [message] }, param: "model" },
  { name: "a number for the model", body: { model: 4, messages: [message] }, param: "model" },
  { name: "null for the model", body: { model: null, messages: [message] }, param: "model" },
  { name: "no messages", body: { model }, param: "messages" },
  { name: "null for the messages", body: { model, messages: null }, param: "messages" },
  { name: "a text for the messages", body: { model, messages: "Hi" }, param: "messages" },
  { name: "an object for the messages", body: { model, messages: message }, param: "messages" },
  { name: "no message in the list", body: { model, messages: [] }, param: "messages" },
  { name: "a text in the list", body: { model, messages: ["Hi"] }, param: "messages" },
  { name: "a message without a role", body: { model, messages: [{ content: "Hi" }] }, param: "messages" },
  { name: "only empty messages", body: { model, messages: [{ role: "user", content: "  " }] }, param: "messages" },
  { name: "a text for stream", body: { model, messages: [message], stream: "true" }, param: "stream" },
  {
    name: "a list for stream_options",
    body: { model, messages: [message], stream_options: [] },
    param: "stream_options"
  },
  { name: "a legacy request without a model", body: { prompt: "Hi" }, param: "model", path: "/v1/completions" },
  { name: "a legacy request that is no JSON", body: "Hi", param: null, path: "/v1/completions" }
]

const isBadRequest = (response: Response, error: object, record: RequestRecord, param: string | null) => {
  assert.strictEqual(response.status, 400)
  assert.strictEqual(response.headers.get("content-type"), "application/json")
  assert.hasAllKeys(error, ["message", "type", "param", "code"])
  assert.propertyVal(error, "type", "invalid_request_error")
  assert.propertyVal(error, "param", param)
  assert.strictEqual(record.Outcome, "BodyMalformed")
  assert.strictEqual(record.Status, 400)
  assert.strictEqual(record.id, response.headers.get("x-request-id"))
  assert.strictEqual(record.Attempts, "[]")
}

describe("a request body", () => {
  for (const { body, name, param, path = "/v1/chat/completions" } of bad) {
    it.scopedLive(`with ${name} is answered with 400, recorded once, and nobody is asked`, () =>
      Effect.gen(function* () {
        const { gateway, upstream } = yield* started()
        const response = yield* Effect.promise(() => gateway.post(path, body))
        const error = yield* Effect.promise(() => Caller.errorOf(response))
        const record = yield* Effect.promise(() => gateway.record(0))
        isBadRequest(response, error, record, param)
        assert.isNotEmpty(error["message"])
        if (param !== null && name !== "only empty messages") assert.include(error["message"], `'${param}'`)
        assert.strictEqual(gateway.records.length, 1)
        assert.strictEqual(upstream.received.length, 0)
        // The same connection still serves.
        yield* Effect.promise(() => Caller.ask(gateway.client, false))
      })
    )
  }

  const text = JSON.stringify(TestGateway.chat())
  const send = (gateway: TestGateway.TestGateway, encoding: string, body: Uint8Array) =>
    Effect.promise(() =>
      fetch(`${gateway.url}/v1/chat/completions`, {
        method: "POST",
        headers: { "content-type": "application/json", "content-encoding": encoding },
        body
      })
    )

  it.scopedLive("that is compressed is read, and sent on uncompressed", () =>
    Effect.gen(function* () {
      const { gateway, upstream } = yield* started()
      const bodies = [
        ["gzip", zlib.gzipSync(text)],
        ["GZIP ", zlib.gzipSync(text)],
        ["deflate", zlib.deflateSync(text)],
        ["br", zlib.brotliCompressSync(text)],
        ["identity", Buffer.from(text)]
      ] as const
      for (const [encoding, body] of bodies) {
        const response = yield* send(gateway, encoding, body)
        assert.strictEqual(response.status, 200, encoding)
        yield* Effect.promise(() => response.text())
      }
      for (const { body, headers } of upstream.received) {
        assert.deepStrictEqual(body, TestGateway.chat())
        assert.notProperty(headers, "content-encoding")
      }
      assert.lengthOf(upstream.received, bodies.length)
    })
  )

  it.scopedLive("that begins with a byte order mark is read", () =>
    Effect.gen(function* () {
      const { gateway, upstream } = yield* started()
      const marked = Buffer.from(`\ufeff${text}`)
      for (const [encoding, body] of [["identity", marked] as const, ["gzip", zlib.gzipSync(marked)] as const]) {
        const response = yield* send(gateway, encoding, body)
        assert.strictEqual(response.status, 200, encoding)
        yield* Effect.promise(() => response.text())
      }
      assert.deepStrictEqual(
        upstream.received.map(({ body }) => body),
        [TestGateway.chat(), TestGateway.chat()]
      )
      const twice = yield* send(gateway, "identity", Buffer.from(`\ufeff\ufeff${text}`))
      assert.strictEqual(twice.status, 400)
      yield* Effect.promise(() => twice.text())
    })
  )

  it.scopedLive("that is compressed in an unknown way is refused with 415, which says the known ones", () =>
    Effect.gen(function* () {
      const { gateway, upstream } = yield* started()
      for (const [number, encoding] of ["zstd", "gzip, br", "x"].entries()) {
        const response = yield* send(gateway, encoding, Buffer.from(text))
        assert.strictEqual(response.status, 415)
        assert.strictEqual(response.headers.get("accept-encoding"), "gzip, deflate, br")
        const error = yield* Effect.promise(() => Caller.errorOf(response))
        assert.propertyVal(error, "code", "request_body_encoding_unsupported")
        assert.strictEqual((yield* Effect.promise(() => gateway.record(number))).Outcome, "EncodingUnsupported")
      }
      assert.strictEqual(upstream.received.length, 0)
      yield* Effect.promise(() => Caller.ask(gateway.client, false))
    })
  )

  it.scopedLive("that is not what its encoding says, or cut off, is malformed", () =>
    Effect.gen(function* () {
      const { gateway, upstream } = yield* started()
      const wrong = [Buffer.from(text), zlib.gzipSync(text).subarray(0, -9), zlib.brotliCompressSync(text)]
      for (const [number, body] of wrong.entries()) {
        const response = yield* send(gateway, "gzip", body)
        const error = yield* Effect.promise(() => Caller.errorOf(response))
        isBadRequest(response, error, yield* Effect.promise(() => gateway.record(number)), null)
        assert.match(String(error["message"]), /compressed/)
      }
      assert.strictEqual(upstream.received.length, 0)
      yield* Effect.promise(() => Caller.ask(gateway.client, false))
    })
  )

  it.scopedLive("is read whatever its content type says, in any pieces", () =>
    Effect.gen(function* () {
      const { gateway, upstream } = yield* started()
      const text = JSON.stringify({ ...TestGateway.chat(), messages: [{ role: "user", content: "世界 👋" }] })
      yield* Effect.promise(async () => {
        const { request, response } = Caller.rawOpen(`${gateway.url}/v1/chat/completions`, "POST", {
          "content-type": "text/plain"
        })
        for (const byte of Buffer.from(text)) request.write(Buffer.of(byte))
        request.end()
        assert.strictEqual((await response).statusCode, 200)
        await Caller.textOf(await response)
      })
      const content = upstream.received[0]?.body["messages"]
      assert.deepStrictEqual(content, [{ role: "user", content: "世界 👋" }])
    })
  )

  it.scopedLive("keeps what the gateway does not know", () =>
    Effect.gen(function* () {
      const { gateway, upstream } = yield* started()
      const body = {
        ...TestGateway.chat(),
        vendor: { deep: [1, null, { x: "y" }] },
        seed: 12345678901,
        temperature: 0.1,
        stream: false,
        tools: [{ type: "function", function: { name: "f", parameters: { type: "object" } } }]
      }
      yield* Effect.promise(async () => (await gateway.post("/v1/chat/completions", body)).text())
      assert.deepStrictEqual(upstream.received[0]?.body, body)
    })
  )
})

describe("a request body that is too large", () => {
  const large = JSON.stringify({ ...TestGateway.chat(), padding: "x".repeat(3 * 1024 * 1024) })

  const isTooLarge = (status: number | undefined, body: string, record: RequestRecord) => {
    assert.strictEqual(status, 413)
    const { error } = Caller.parse(body)
    assert.isObject(error)
    assert.containsAllKeys(error, ["message", "type", "param", "code"])
    assert.strictEqual(record.Outcome, "BodyTooLarge")
    assert.strictEqual(record.Status, 413)
  }

  it.scopedLive("by its content-length gets a 413 that the official client reads, and is recorded once", () =>
    Effect.gen(function* () {
      const { gateway, upstream } = yield* started("64KiB")
      const request = { ...TestGateway.chat(), messages: [{ role: "user" as const, content: "x".repeat(3 << 20) }] }
      for (const number of [0, 1, 2]) {
        const error = yield* Effect.promise(() => Caller.rejection(gateway.client.chat.completions.create(request)))
        assert.instanceOf(error, OpenAI.APIError)
        assert.strictEqual(error.status, 413)
        assert.include(error.message, "65536")
        assert.strictEqual((yield* Effect.promise(() => gateway.record(number))).Outcome, "BodyTooLarge")
      }
      assert.strictEqual(upstream.received.length, 0)
      yield* Effect.promise(() => Caller.ask(gateway.client, false))
      assert.strictEqual(gateway.records.length, 4)
    })
  )

  it.scopedLive("without a content-length gets a 413 that the caller reads", () =>
    Effect.gen(function* () {
      const { gateway, upstream } = yield* started("64KiB")
      yield* Effect.promise(async () => {
        const { request, response } = Caller.rawOpen(`${gateway.url}/v1/chat/completions`)
        for (let at = 0; at < large.length; at += 64 * 1024) request.write(large.slice(at, at + 64 * 1024))
        request.end()
        const incoming = await response
        isTooLarge(incoming.statusCode, await Caller.textOf(incoming), await gateway.record(0))
      })
      assert.strictEqual(upstream.received.length, 0)
      assert.strictEqual(gateway.records.length, 1)
    })
  )

  it.scopedLive("is refused before all of it has come, with and without a content-length", () =>
    Effect.gen(function* () {
      const { gateway } = yield* started(1024)
      for (const [number, headers] of [{ "content-length": String(large.length) }, {}].entries()) {
        yield* Effect.promise(async () => {
          const { request, response } = Caller.rawOpen(`${gateway.url}/v1/chat/completions`, "POST", headers)
          request.write(large.slice(0, 4_096))
          const incoming = await response
          isTooLarge(incoming.statusCode, await Caller.textOf(incoming), await gateway.record(number))
          request.destroy()
        })
      }
    })
  )

  it.scopedLive("only when it is unpacked gets a 413 as soon as it has outgrown the limit", () =>
    Effect.gen(function* () {
      const { gateway, upstream } = yield* started("64KiB")
      const bomb = zlib.gzipSync(Buffer.alloc(256 * 1024 * 1024, " "), { level: 1 })
      for (const [number, body] of [zlib.gzipSync(large), bomb.subarray(0, 60_000)].entries()) {
        const response = yield* Effect.promise(() =>
          fetch(`${gateway.url}/v1/chat/completions`, {
            method: "POST",
            headers: { "content-encoding": "gzip" },
            body
          })
        )
        const answer = yield* Effect.promise(() => response.text())
        isTooLarge(response.status, answer, yield* Effect.promise(() => gateway.record(number)))
      }
      assert.strictEqual(upstream.received.length, 0)
      yield* Effect.promise(() => Caller.ask(gateway.client, false))
    })
  )

  it.scopedLive("by one byte is too large, and not by none", () =>
    Effect.gen(function* () {
      const text = JSON.stringify(TestGateway.chat())
      const { gateway } = yield* started(text.length)
      const fits = yield* Effect.promise(() => gateway.post("/v1/chat/completions", text))
      assert.strictEqual(fits.status, 200)
      yield* Effect.promise(() => fits.text())
      const over = yield* Effect.promise(() => gateway.post("/v1/chat/completions", `${text} `))
      assert.strictEqual(over.status, 413)
      yield* Effect.promise(() => over.text())
    })
  )

  it.scopedLive("asks with `expect: 100-continue` and learns it without sending the body", () =>
    Effect.gen(function* () {
      const { gateway } = yield* started(1024)
      yield* Effect.promise(async () => {
        const { request, response } = Caller.rawOpen(`${gateway.url}/v1/chat/completions`, "POST", {
          "content-length": String(large.length),
          expect: "100-continue"
        })
        request.flushHeaders()
        const incoming = await response
        isTooLarge(incoming.statusCode, await Caller.textOf(incoming), await gateway.record(0))
        request.destroy()
      })
    })
  )
})

describe("a path", () => {
  const get = (gateway: TestGateway.TestGateway, path: string, method = "GET") =>
    Effect.promise(() => fetch(`${gateway.url}${path}`, { method }))

  it.scopedLive("that is unknown is answered with 404 in OpenAI's shape", () =>
    Effect.gen(function* () {
      const { gateway } = yield* started()
      for (const [path, method] of [
        ["/", "GET"],
        ["/v1", "GET"],
        ["/v1/nothing?api-key=sk-secret-123456", "POST"],
        ["/v1/chat/completions/extra", "POST"],
        ["/V1/CHAT/COMPLETIONS/x", "PATCH"],
        ["/%E0%A4%A", "GET"]
      ] as const) {
        const response = yield* get(gateway, path, method)
        assert.strictEqual(response.status, 404, path)
        assert.match(response.headers.get("content-type") ?? "", /^application\/json/)
        const text = yield* Effect.promise(() => response.text())
        const { error } = Caller.parse(text)
        assert.isObject(error)
        assert.hasAllKeys(error, ["message", "type", "param", "code"])
        assert.propertyVal(error, "type", "invalid_request_error")
        assert.notInclude(text, "sk-secret")
      }
      assert.strictEqual(gateway.records.length, 0)
    })
  )

  it.scopedLive("asked with the wrong method is answered with 405, which says the right one", () =>
    Effect.gen(function* () {
      const { gateway, upstream } = yield* started()
      for (const [path, method, allow] of [
        ["/v1/chat/completions", "GET", "POST"],
        ["/v1/chat/completions", "DELETE", "POST"],
        ["/chat/completions", "PUT", "POST"],
        ["/v1/completions", "PATCH", "POST"],
        ["/v1/models", "POST", "GET"],
        ["/health", "POST", "GET"]
      ] as const) {
        const response = yield* get(gateway, path, method)
        assert.strictEqual(response.status, 405, `${method} ${path}`)
        assert.include((response.headers.get("allow") ?? "").split(/,\s*/), allow)
        const error = yield* Effect.promise(() => Caller.errorOf(response))
        assert.hasAllKeys(error, ["message", "type", "param", "code"])
      }
      const head = yield* get(gateway, "/v1/chat/completions", "HEAD")
      assert.strictEqual(head.status, 405)
      assert.strictEqual(upstream.received.length, 0)
    })
  )

  it.scopedLive("/health says that the process lives, and nothing else", () =>
    Effect.gen(function* () {
      const { gateway, upstream } = yield* started()
      const response = yield* get(gateway, "/health")
      assert.strictEqual(response.status, 200)
      assert.match(response.headers.get("content-type") ?? "", /^application\/json/)
      assert.strictEqual(yield* Effect.promise(() => response.text()), '{"status":"ok"}')
      const head = yield* get(gateway, "/health", "HEAD")
      assert.strictEqual(head.status, 200)
      assert.strictEqual(yield* Effect.promise(() => head.text()), "")
      assert.strictEqual(gateway.records.length, 0)
      assert.strictEqual(upstream.received.length, 0)
    })
  )

  it.scopedLive("may leave out /v1 and carry a query", () =>
    Effect.gen(function* () {
      const { gateway, upstream } = yield* started()
      const client = new OpenAI({ baseURL: gateway.url, apiKey: "sk-caller-key", maxRetries: 0 })
      assert.strictEqual((yield* Effect.promise(() => Caller.ask(client, false))).content, "Hi")
      assert.strictEqual((yield* Effect.promise(() => Caller.ask(client, true))).content, "Hi")
      const legacy = yield* Effect.promise(() => gateway.post("/completions?x=1", { model, prompt: "Hi" }))
      yield* Effect.promise(() => legacy.text())
      assert.deepStrictEqual(
        upstream.received.map(({ path }) => path),
        ["/v1/chat/completions", "/v1/chat/completions", "/v1/completions"]
      )
      const models = yield* Effect.promise(() => client.models.list())
      assert.deepStrictEqual(
        models.data.map(({ id }) => id),
        ["test-model"]
      )
    })
  )
})
