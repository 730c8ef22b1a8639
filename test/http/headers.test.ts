import type * as http from "node:http"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type * as Gateway from "../../src/Gateway.js"
import * as JsonObject from "../../src/domain/json/JsonObject.js"
import * as Caller from "../support/Caller.js"
import * as ScriptedUpstream from "../support/ScriptedUpstream.js"
import * as TestGateway from "../support/TestGateway.js"

/** What the backend received for one request with these headers, exactly. */
const sent = (config: Partial<Gateway.Config["openai_clients"][number]>, headers: http.OutgoingHttpHeaders) =>
  Effect.gen(function* () {
    const upstream = yield* ScriptedUpstream.make(ScriptedUpstream.answerWell("Hi"))
    const gateway = yield* TestGateway.make({ openai_clients: [TestGateway.backend("a", upstream.url, config)] })
    const { response } = Caller.raw(`${gateway.url}/v1/chat/completions`, { headers, body: TestGateway.chat() })
    yield* Effect.promise(async () => Caller.textOf(await response))
    const record = yield* Effect.promise(() => gateway.record(0))
    return { headers: upstream.received[0]?.headers ?? {}, record, port: new URL(upstream.url).port }
  })

describe("the key that goes upstream", () => {
  const own = { api_key: "sk-configured" }
  const cases: ReadonlyArray<
    readonly [name: string, config: object, headers: http.OutgoingHttpHeaders, expected: string | undefined]
  > = [
    [
      "the configured one before the caller's",
      own,
      { authorization: "Bearer sk-c", "x-api-key": "x" },
      "sk-configured"
    ],
    ["the configured one alone", own, {}, "sk-configured"],
    ["the caller's Authorization", {}, { authorization: "Bearer sk-caller" }, "sk-caller"],
    ["the caller's Authorization in lower case", {}, { authorization: "bearer sk-caller" }, "sk-caller"],
    ["the caller's Authorization without Bearer", {}, { authorization: "sk-caller" }, "sk-caller"],
    ["Authorization before x-api-key", {}, { authorization: "Bearer sk-caller", "x-api-key": "sk-x" }, "sk-caller"],
    ["x-api-key", {}, { "x-api-key": "sk-x" }, "sk-x"],
    ["x-api-key when Authorization is empty", {}, { authorization: "Bearer ", "x-api-key": "sk-x" }, "sk-x"],
    ["the caller's when the configured one is blank", { api_key: "  " }, { authorization: "Bearer sk-c" }, "sk-c"],
    ["none", {}, {}, undefined]
  ]
  for (const [name, config, headers, expected] of cases) {
    it.scopedLive(name, () =>
      Effect.gen(function* () {
        const { headers: received, record } = yield* sent(config, headers)
        assert.strictEqual(received.authorization, expected === undefined ? undefined : `Bearer ${expected}`)
        assert.notProperty(received, "x-api-key")
        for (const secret of ["sk-caller", "sk-configured", "sk-x"]) assert.notInclude(JSON.stringify(record), secret)
      })
    )
  }

  it.scopedLive("is the one of the official client", () =>
    Effect.gen(function* () {
      const upstream = yield* ScriptedUpstream.make(ScriptedUpstream.answerWell("Hi"))
      const gateway = yield* TestGateway.make({ openai_clients: [TestGateway.backend("a", upstream.url)] })
      yield* Effect.promise(() => Caller.ask(gateway.client, true))
      assert.strictEqual(upstream.received[0]?.headers.authorization, "Bearer sk-caller-key")
    })
  )
})

describe("the headers that go upstream", () => {
  it.scopedLive("are none of the caller's but the harmless ones", () =>
    Effect.gen(function* () {
      const dropped = {
        "x-hop": "1",
        "keep-alive": "timeout=5",
        "proxy-authorization": "Basic eDp5",
        "proxy-connection": "keep-alive",
        te: "trailers",
        cookie: "session=1",
        origin: "http://localhost:3000",
        referer: "http://localhost:3000/page",
        forwarded: "for=1.2.3.4",
        "x-forwarded-for": "1.2.3.4",
        "x-forwarded-host": "example.com",
        "x-real-ip": "1.2.3.4",
        "cf-connecting-ip": "1.2.3.4",
        via: "1.1 proxy",
        "sec-fetch-mode": "cors",
        "openai-organization": "org-of-the-caller",
        "openai-project": "proj-of-the-caller",
        "api-key": "azure-key",
        "x-goog-api-key": "google-key",
        "x-stainless-lang": "js",
        "x-something-else": "1",
        "accept-language": "de"
      }
      const kept = {
        "idempotency-key": "idem-1",
        "openai-beta": "assistants=v2",
        traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        tracestate: "a=b"
      }
      const { headers, port, record } = yield* sent(
        { api_key: "own" },
        { ...dropped, ...kept, connection: "close, x-hop", "accept-encoding": "gzip, br", "user-agent": "caller/1" }
      )
      for (const name of Object.keys(dropped)) assert.notProperty(headers, name)
      for (const [name, value] of Object.entries(kept)) assert.strictEqual(headers[name], value)
      assert.strictEqual(headers["accept-encoding"], "identity")
      assert.strictEqual(headers.host, `127.0.0.1:${port}`)
      assert.strictEqual(headers["content-type"], "application/json")
      assert.notInclude(headers["user-agent"], "caller/1")
      assert.strictEqual(headers.connection, "keep-alive")
      const logged = Caller.parse(record.Headers)
      assert.strictEqual(logged["user-agent"], "caller/1")
      assert.strictEqual(logged["cookie"], "[redacted]")
      for (const secret of ["eDp5", "session=1", "azure-key", "google-key"]) assert.notInclude(record.Headers, secret)
    })
  )

  it.scopedLive("are the configured ones, which come before all others", () =>
    Effect.gen(function* () {
      const { headers } = yield* sent(
        {
          api_key: "sk-configured",
          headers: { "X-Team": "blue", "OpenAI-Organization": "org-ours", Authorization: "Token t", "user-agent": "us" }
        },
        { "x-team": "red", "openai-organization": "org-theirs" }
      )
      assert.strictEqual(headers["x-team"], "blue")
      assert.strictEqual(headers["openai-organization"], "org-ours")
      assert.strictEqual(headers.authorization, "Token t")
      assert.strictEqual(headers["user-agent"], "us")
    })
  )

  it.scopedLive("say how long the body is", () =>
    Effect.gen(function* () {
      const { headers, record } = yield* sent({}, { "transfer-encoding": "chunked" })
      assert.notProperty(headers, "transfer-encoding")
      assert.strictEqual(headers["content-length"], String(Buffer.byteLength(record.Request ?? "")))
    })
  )

  it.scopedLive("have a base_url with a path, a slash at its end and a query", () =>
    Effect.gen(function* () {
      const upstream = yield* ScriptedUpstream.make(ScriptedUpstream.answerWell("Hi"))
      const url = `${new URL(upstream.url).origin}/deep/v1/?api-version=1`
      const gateway = yield* TestGateway.make({ openai_clients: [TestGateway.backend("a", url)] })
      yield* Effect.promise(() => Caller.ask(gateway.client, false))
      assert.strictEqual(upstream.received[0]?.path, "/deep/v1/chat/completions?api-version=1")
      assert.strictEqual(upstream.received[0]?.method, "POST")
    })
  )
})

const unwanted = {
  "set-cookie": "__cf_bm=1",
  server: "cloudflare",
  "openai-organization": "org-of-the-operator",
  "openai-project": "proj-of-the-operator",
  "x-ratelimit-remaining-requests": "3",
  "x-request-id": "upstream-id",
  "cf-ray": "1",
  "alt-svc": "h3",
  via: "1.1 proxy",
  "strict-transport-security": "max-age=1",
  "x-internal": "1"
}

/** An upstream whose answers carry headers that are nobody's business. */
const talkative = ScriptedUpstream.make((call) => {
  const harmless = { "openai-processing-ms": "12", "openai-version": "2020-10-01" }
  for (const [name, value] of Object.entries({ ...unwanted, ...harmless })) call.response.setHeader(name, value)
  if (call.received.body["user"] === "fail") return call.json(400, { error: { message: "no" } })
  ScriptedUpstream.answerWell("Hi there")(call)
})

describe("the headers that come back", () => {
  for (const [name, body, status] of [
    ["of an answer", {}, 200],
    ["of a stream", { stream: true }, 200],
    ["of an error", { user: "fail" }, 400]
  ] as const) {
    it.scopedLive(`${name} are ours and nothing of the backend's account`, () =>
      Effect.gen(function* () {
        const upstream = yield* talkative
        const gateway = yield* TestGateway.make({
          openai_clients: [TestGateway.backend("a", upstream.url, { api_key: "own" })]
        })
        const response = yield* Effect.promise(() =>
          gateway.post("/v1/chat/completions", { ...TestGateway.chat(), ...body })
        )
        assert.strictEqual(response.status, status)
        const text = yield* Effect.promise(() => response.text())
        for (const [header, value] of Object.entries(unwanted)) {
          if (header === "x-request-id") assert.notStrictEqual(response.headers.get(header), value)
          else assert.isNull(response.headers.get(header), header)
        }
        assert.strictEqual(response.headers.get("openai-processing-ms"), "12")
        assert.strictEqual(response.headers.get("x-upstream-request-id"), "upstream-id")
        assert.isNull(response.headers.get("content-encoding"))
        const record = yield* Effect.promise(() => gateway.record(0))
        assert.strictEqual(response.headers.get("x-request-id"), record.id)
        if ("stream" in body) return
        assert.strictEqual(response.headers.get("content-type"), "application/json")
        assert.strictEqual(response.headers.get("content-length"), String(Buffer.byteLength(text)))
      })
    )
  }

  it.scopedLive("with the caller's own key: the headers of its account pass both ways", () =>
    Effect.gen(function* () {
      const upstream = yield* talkative
      const gateway = yield* TestGateway.make({
        openai_clients: [TestGateway.backend("a", upstream.url, { api_key: "caller" })]
      })
      const asked = {
        authorization: "Bearer theirs",
        "openai-organization": "org-of-the-caller",
        "openai-project": "proj-of-the-caller",
        "http-referer": "https://app.example",
        "x-title": "App"
      }
      for (const body of [{}, { stream: true }, { user: "fail" }]) {
        const response = yield* Effect.promise(() =>
          gateway.post("/v1/chat/completions", { ...TestGateway.chat(), ...body }, asked)
        )
        yield* Effect.promise(() => response.text())
        for (const header of ["openai-organization", "openai-project", "x-ratelimit-remaining-requests"] as const)
          assert.strictEqual(response.headers.get(header), unwanted[header])
        for (const header of ["set-cookie", "server", "via", "x-internal"])
          assert.isNull(response.headers.get(header), header)
        assert.deepInclude(upstream.received.at(-1)?.headers, asked)
      }
    })
  )

  it.scopedLive("of a stream are exactly those of an event stream, and its bytes only data lines", () =>
    Effect.gen(function* () {
      const upstream = yield* ScriptedUpstream.make(ScriptedUpstream.answerWell("Grüße, 世界 👋"))
      const gateway = yield* TestGateway.make({ openai_clients: [TestGateway.backend("a", upstream.url)] })
      const response = yield* Effect.promise(() =>
        gateway.post("/v1/chat/completions", { ...TestGateway.chat(), stream: true }, { "accept-encoding": "gzip, br" })
      )
      const names = [...response.headers.keys()].sort()
      assert.deepStrictEqual(names, [
        "cache-control",
        "connection",
        "content-type",
        "date",
        "keep-alive",
        "transfer-encoding",
        "x-accel-buffering",
        "x-request-id"
      ])
      assert.strictEqual(response.headers.get("content-type"), "text/event-stream; charset=utf-8")
      assert.strictEqual(response.headers.get("cache-control"), "no-cache")
      assert.strictEqual(response.headers.get("x-accel-buffering"), "no")
      const bytes = Buffer.from(yield* Effect.promise(() => response.arrayBuffer()))
      assert.notStrictEqual(bytes[0], 0xef)
      const text = bytes.toString("utf8")
      assert.notInclude(text, "\r")
      for (const event of text.split("\n\n").slice(0, -1)) {
        assert.match(event, /^data: (\{.*\}|\[DONE\])$/)
      }
      assert.include(text, "世界")
      assert.isTrue(text.endsWith("}\n\ndata: [DONE]\n\n"))
    })
  )

  it.scopedLive("of an answer count bytes, not characters", () =>
    Effect.gen(function* () {
      const upstream = yield* ScriptedUpstream.make(ScriptedUpstream.answerWell("Grüße, 世界 👋"))
      const gateway = yield* TestGateway.make({ openai_clients: [TestGateway.backend("a", upstream.url)] })
      const response = yield* Effect.promise(() => gateway.post("/v1/chat/completions", TestGateway.chat()))
      assert.strictEqual(response.headers.get("transfer-encoding"), null)
      const bytes = yield* Effect.promise(() => response.arrayBuffer())
      assert.strictEqual(response.headers.get("content-length"), String(bytes.byteLength))
      assert.deepStrictEqual(Caller.contents(Caller.parse(Buffer.from(bytes).toString("utf8"))), ["Grüße, 世界 👋"])
    })
  )

  it.scopedLive("have an x-request-id of their own on every response", () =>
    Effect.gen(function* () {
      const upstream = yield* ScriptedUpstream.make(ScriptedUpstream.answerWell("Hi"))
      const gateway = yield* TestGateway.make({ openai_clients: [TestGateway.backend("a", upstream.url)] })
      const chat = TestGateway.chat()
      const requests: ReadonlyArray<readonly [method: string, path: string, body: unknown]> = [
        ["POST", "/v1/chat/completions", chat],
        ["POST", "/v1/chat/completions", { ...chat, stream: true }],
        ["POST", "/v1/chat/completions", { ...chat, model: "none" }],
        ["POST", "/v1/chat/completions", "nonsense"],
        ["GET", "/v1/chat/completions", undefined],
        ["OPTIONS", "/v1/chat/completions", undefined],
        ["GET", "/v1/models", undefined],
        ["GET", "/health", undefined],
        ["HEAD", "/health", undefined],
        ["GET", "/no/such/path", undefined],
        ["DELETE", "/", undefined]
      ]
      const ids: Array<string | null> = []
      for (const [method, path, body] of requests) {
        const response = yield* Effect.promise(() =>
          fetch(`${gateway.url}${path}`, {
            method,
            headers: { "x-request-id": "the-callers-own" },
            ...(body === undefined ? {} : { body: JSON.stringify(body) })
          })
        )
        yield* Effect.promise(() => response.text())
        ids.push(response.headers.get("x-request-id"))
      }
      for (const id of ids) assert.match(id ?? "", /^req_[0-9a-f]{32}$/)
      assert.strictEqual(new Set(ids).size, requests.length)
      yield* Effect.promise(() => gateway.record(3))
      assert.deepStrictEqual(
        gateway.records.map(({ id }) => id),
        ids.slice(0, 4)
      )
    })
  )

  it.scopedLive("give the official client its request id", () =>
    Effect.gen(function* () {
      const upstream = yield* ScriptedUpstream.make(ScriptedUpstream.answerWell("Hi"))
      const gateway = yield* TestGateway.make({ openai_clients: [TestGateway.backend("a", upstream.url)] })
      const answer = yield* Effect.promise(() => gateway.client.chat.completions.create(TestGateway.chat()))
      const record = yield* Effect.promise(() => gateway.record(0))
      assert.strictEqual(answer._request_id, record.id)
    })
  )
})

describe("a browser", () => {
  const origins = ["http://localhost:3000", "http://127.0.0.1:8080", "https://app.example.com", "https://a.team.dev"]
  const strangers = [
    "https://evil.example",
    "http://localhost.evil.example",
    "https://app.example.com.evil.dev",
    "null"
  ]
  const corsOrigins = ["http://localhost:*", "http://127.0.0.1:*", "https://app.example.com", "https://*.team.dev"]

  const gatewayOf = Effect.gen(function* () {
    const upstream = yield* ScriptedUpstream.make(ScriptedUpstream.answerWell("Hi there"))
    return yield* TestGateway.make({
      openai_clients: [TestGateway.backend("a", upstream.url)],
      server: { cors_origins: corsOrigins }
    })
  })

  const requests = [
    ["an answer", "POST", "/v1/chat/completions", TestGateway.chat()],
    ["a stream", "POST", "/v1/chat/completions", { ...TestGateway.chat(), stream: true }],
    ["an error", "POST", "/v1/chat/completions", { ...TestGateway.chat(), model: "none" }],
    ["a malformed request", "POST", "/v1/chat/completions", {}],
    ["an unknown path", "GET", "/nowhere", undefined],
    ["a wrong method", "GET", "/v1/completions", undefined],
    ["the models", "GET", "/v1/models", undefined],
    ["the health", "GET", "/health", undefined]
  ] as const

  for (const [name, method, path, body] of requests) {
    it.scopedLive(`may read ${name} from an allowed origin, and from no other`, () =>
      Effect.gen(function* () {
        const gateway = yield* gatewayOf
        const from = (origin: string | undefined) =>
          Effect.promise(async () => {
            const response = await fetch(`${gateway.url}${path}`, {
              method,
              headers: origin === undefined ? {} : { origin },
              ...(body === undefined ? {} : { body: JSON.stringify(body) })
            })
            await response.text()
            return response.headers
          })
        for (const origin of origins) {
          const headers = yield* from(origin)
          assert.strictEqual(headers.get("access-control-allow-origin"), origin)
          assert.match(headers.get("vary") ?? "", /origin/i)
          const exposed = (headers.get("access-control-expose-headers") ?? "").split(/,\s*/)
          assert.includeMembers(exposed, ["x-request-id", "retry-after", "retry-after-ms", "x-should-retry"])
        }
        for (const origin of strangers) {
          const headers = yield* from(origin)
          assert.isNull(headers.get("access-control-allow-origin"), origin)
          assert.match(headers.get("vary") ?? "", /origin/i)
        }
        assert.isNull((yield* from(undefined)).get("access-control-allow-origin"))
      })
    )
  }

  it.scopedLive("is told what it may send, on every path", () =>
    Effect.gen(function* () {
      const gateway = yield* gatewayOf
      const preflight = (path: string, origin: string) =>
        Effect.promise(() =>
          fetch(`${gateway.url}${path}`, {
            method: "OPTIONS",
            headers: {
              origin,
              "access-control-request-method": "POST",
              "access-control-request-headers": "authorization,content-type,x-stainless-os"
            }
          })
        )
      for (const path of [
        "/v1/chat/completions",
        "/chat/completions",
        "/v1/completions",
        "/v1/models",
        "/health",
        "/x"
      ]) {
        const response = yield* preflight(path, "http://localhost:3000")
        assert.strictEqual(response.status, 204, path)
        assert.strictEqual(yield* Effect.promise(() => response.text()), "")
        assert.strictEqual(response.headers.get("access-control-allow-origin"), "http://localhost:3000")
        assert.match(response.headers.get("access-control-allow-methods") ?? "", /POST/)
        const allowed = (response.headers.get("access-control-allow-headers") ?? "").split(/,\s*/)
        assert.includeMembers(allowed, [
          "authorization",
          "content-type",
          "x-api-key",
          "openai-organization",
          "openai-project",
          "x-stainless-lang",
          "x-stainless-os",
          "x-stainless-arch",
          "x-stainless-runtime",
          "x-stainless-runtime-version",
          "x-stainless-package-version",
          "x-stainless-retry-count",
          "x-stainless-timeout"
        ])
        const other = yield* preflight(path, "https://evil.example")
        assert.isNull(other.headers.get("access-control-allow-origin"))
        assert.isNull(other.headers.get("access-control-allow-headers"))
      }
      assert.strictEqual(gateway.records.length, 0)
    })
  )

  it.scopedLive("of localhost is allowed unless the configuration says otherwise", () =>
    Effect.gen(function* () {
      const upstream = yield* ScriptedUpstream.make(ScriptedUpstream.answerWell("Hi"))
      const backends = [TestGateway.backend("a", upstream.url)]
      const open = yield* TestGateway.make({ openai_clients: backends })
      const closed = yield* TestGateway.make({ openai_clients: backends, server: { cors_origins: [] } })
      const allowed = (gateway: TestGateway.TestGateway) =>
        Effect.promise(async () => {
          const response = await fetch(`${gateway.url}/health`, { headers: { origin: "http://localhost:5173" } })
          return response.headers.get("access-control-allow-origin")
        })
      assert.strictEqual(yield* allowed(open), "http://localhost:5173")
      assert.isNull(yield* allowed(closed))
    })
  )

  it.scopedLive("gets whatever headers the official client sends through the preflight", () =>
    Effect.gen(function* () {
      const gateway = yield* gatewayOf
      yield* Effect.promise(() => Caller.ask(gateway.client, true))
      const record = yield* Effect.promise(() => gateway.record(0))
      // Those that a browser sets itself or may always send.
      const free = [
        "host",
        "connection",
        "content-length",
        "accept",
        "accept-language",
        "accept-encoding",
        "user-agent"
      ]
      const own = ["sec-fetch-mode", "transfer-encoding"]
      const asked = Object.keys(JsonObject.orEmpty(Caller.parse(record.Headers))).filter(
        (name) => ![...free, ...own].includes(name)
      )
      const response = yield* Effect.promise(() =>
        fetch(`${gateway.url}/v1/chat/completions`, { method: "OPTIONS", headers: { origin: "http://localhost:1" } })
      )
      const allowed = (response.headers.get("access-control-allow-headers") ?? "").split(/,\s*/)
      assert.includeMembers(allowed, asked)
    })
  )
})
