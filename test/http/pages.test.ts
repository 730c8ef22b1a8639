import * as net from "node:net"
import { assert, describe, it } from "@effect/vitest"
import * as HttpRouter from "@effect/platform/HttpRouter"
import * as HttpServer from "@effect/platform/HttpServer"
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import { createServer } from "node:http"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as LogLevel from "effect/LogLevel"
import * as ConfigRef from "../../src/config/ConfigRef.js"
import * as Gateway from "../../src/Gateway.js"
import * as RequestLog from "../../src/records/RequestLog.js"
import * as Caller from "../support/Caller.js"
import * as JsonObject from "../../src/domain/json/JsonObject.js"
import * as LogLines from "../support/LogLines.js"
import * as ScriptedUpstream from "../support/ScriptedUpstream.js"
import * as TestGateway from "../support/TestGateway.js"

/** A request exactly as it is written; resolves with the status and the body of the answer. */
const send = (url: string, head: ReadonlyArray<string>, body = "") =>
  Effect.async<{ readonly status: number; readonly head: string; readonly body: JsonObject.JsonObject }>((resume) => {
    const { hostname, port } = new URL(url)
    const socket = net.connect(Number(port), hostname)
    const pieces: Array<Buffer> = []
    socket.on("data", (bytes) => pieces.push(bytes))
    socket.on("close", () => {
      const [answer = "", ...rest] = Buffer.concat(pieces).toString().split("\r\n\r\n")
      const status = Number(/^HTTP\/1\.1 (\d+)/.exec(answer)?.[1])
      resume(Effect.succeed({ status, head: answer.toLowerCase(), body: Caller.parse(rest.join("\r\n\r\n")) }))
    })
    socket.write([...head, "connection: close", `content-length: ${Buffer.byteLength(body)}`, "", body].join("\r\n"))
  })

const chat = JSON.stringify(TestGateway.chat())

const codeOf = (body: JsonObject.JsonObject) => JsonObject.orEmpty(body["error"])["code"]

const serving = (server: Gateway.Config["server"] = {}) =>
  Effect.gen(function* () {
    const upstream = yield* ScriptedUpstream.make((call) =>
      call.received.method === "GET"
        ? call.json(200, { data: [{ id: "test-model" }] })
        : ScriptedUpstream.answerWell("Hi")(call)
    )
    const gateway = yield* TestGateway.make({
      openai_clients: [TestGateway.backend("a", upstream.url, { api_key: "sk-of-the-operator" })],
      server: { operator_endpoints: true, ...server }
    })
    return { gateway, upstream, port: new URL(gateway.url).port }
  })

const paths = ["/v1/models", "/models", "/v1/models/test-model", "/health", "/ready", "/v1/backends", "/nowhere"]

describe("a page of a foreign origin", () => {
  const page = ["origin: https://evil.example", "sec-fetch-site: cross-site", "sec-fetch-mode: no-cors"]

  it.scopedLive("spends nothing by a post without a preflight, as a form or by fetch", () =>
    Effect.gen(function* () {
      const { gateway, port, upstream } = yield* serving()
      for (const type of ["text/plain;charset=UTF-8", "application/x-www-form-urlencoded", "multipart/form-data"]) {
        for (const path of [
          "/v1/chat/completions",
          "/chat/completions",
          "/v1/completions",
          "/v1/chat/completions?x=1"
        ]) {
          for (const headers of [
            page,
            page.slice(0, 1),
            page.slice(1),
            ["origin: null"],
            ["sec-fetch-site: same-site"]
          ]) {
            const head = [`POST ${path} HTTP/1.1`, `host: 127.0.0.1:${port}`, `content-type: ${type}`, ...headers]
            const { body, status } = yield* send(gateway.url, head, chat)
            assert.strictEqual(status, 403)
            assert.strictEqual(codeOf(body), "origin_not_allowed")
            assert.include(JSON.stringify(body), "server.cors_origins")
          }
        }
      }
      assert.lengthOf(upstream.received, 0)
      assert.lengthOf(gateway.records, 0)
    })
  )

  it.scopedLive.skipIf(TestGateway.isMounted)("reads and asks nothing by an image, a script or a link", () =>
    Effect.gen(function* () {
      const { gateway, port, upstream } = yield* serving()
      for (const path of paths) {
        const head = [`GET ${path} HTTP/1.1`, `host: localhost:${port}`, "sec-fetch-site: cross-site"]
        assert.strictEqual((yield* send(gateway.url, head)).status, 403, path)
      }
      assert.lengthOf(upstream.received, 0)
    })
  )

  it.scopedLive("is told by a preflight that it may not", () =>
    Effect.gen(function* () {
      const { gateway, port } = yield* serving()
      const head = ["OPTIONS /v1/chat/completions HTTP/1.1", `host: localhost:${port}`, ...page]
      const answer = yield* send(gateway.url, head)
      assert.strictEqual(answer.status, 204)
      assert.notInclude(answer.head, "access-control")
    })
  )

  it.scopedLive("may call where it is listed, from another site too, and pages of the gateway's own host always", () =>
    Effect.gen(function* () {
      const { gateway, port } = yield* serving({ cors_origins: ["https://app.example"] })
      for (const origin of ["https://app.example", `http://127.0.0.1:${port}`]) {
        const site = origin.startsWith("https") ? "cross-site" : "same-origin"
        const headers = [`origin: ${origin}`, `sec-fetch-site: ${site}`, "content-type: application/json"]
        const head = ["POST /v1/chat/completions HTTP/1.1", `host: 127.0.0.1:${port}`, ...headers]
        assert.strictEqual((yield* send(gateway.url, head, chat)).status, 200, origin)
      }
      const former = [`POST /v1/chat/completions HTTP/1.1`, `host: 127.0.0.1:${port}`, "origin: http://localhost:3000"]
      assert.strictEqual((yield* send(gateway.url, former, chat)).status, 403)
    })
  )
})

describe("a name that leads to this machine", () => {
  it.scopedLive.skipIf(TestGateway.isMounted)("is refused on every path, whatever its page says it is", () =>
    Effect.gen(function* () {
      const { gateway, port, upstream } = yield* serving()
      for (const host of [
        `evil.example:${port}`,
        "evil.example",
        `localhost.evil.example:${port}`,
        `127.0.0.1.nip.io`
      ]) {
        for (const extra of [[], [`origin: http://${host}`, "sec-fetch-site: same-origin"]]) {
          for (const path of paths) {
            const { body, status } = yield* send(gateway.url, [`GET ${path} HTTP/1.1`, `host: ${host}`, ...extra])
            assert.strictEqual(status, 403, path)
            assert.strictEqual(codeOf(body), "host_not_allowed")
            assert.include(JSON.stringify(body), "server.hosts")
          }
          const post = [
            "POST /v1/chat/completions HTTP/1.1",
            `host: ${host}`,
            "content-type: application/json",
            ...extra
          ]
          assert.strictEqual((yield* send(gateway.url, post, chat)).status, 403)
        }
      }
      assert.lengthOf(upstream.received, 0)
      assert.lengthOf(gateway.records, 0)
    })
  )

  it.scopedLive("is served where it is one of its own or listed", () =>
    Effect.gen(function* () {
      const { gateway } = yield* serving({ hosts: ["host.docker.internal", "*.team.dev"] })
      for (const host of [
        "localhost",
        "app.localhost:1",
        "127.9.9.9",
        "[::1]:8",
        "host.docker.internal:8000",
        "a.team.dev"
      ]) {
        const head = ["POST /v1/chat/completions HTTP/1.1", `host: ${host}`, "content-type: application/json"]
        assert.strictEqual((yield* send(gateway.url, head, chat)).status, 200, host)
      }
    })
  )

  it.scopedLive("is not said twice", () =>
    Effect.gen(function* () {
      const { gateway, port, upstream } = yield* serving()
      for (const second of ["evil.example", `127.0.0.1:${port}`]) {
        const head = ["POST /v1/chat/completions HTTP/1.1", `host: 127.0.0.1:${port}`, `Host: ${second}`]
        const { body, status } = yield* send(gateway.url, head, chat)
        assert.strictEqual(status, 400)
        assert.strictEqual(codeOf(body), "bad_request")
      }
      assert.lengthOf(upstream.received, 0)
    })
  )
})

describe("who is no page", () => {
  it.scopedLive("is served as ever: the official client, fetch in Node, and a request without anything", () =>
    Effect.gen(function* () {
      const { gateway, port } = yield* serving()
      assert.strictEqual((yield* Effect.promise(() => Caller.ask(gateway.client, true))).content, "Hi")
      assert.strictEqual((yield* Effect.promise(() => gateway.post("/v1/chat/completions", chat))).status, 200)
      const bare = ["POST /v1/chat/completions HTTP/1.1", `host: 127.0.0.1:${port}`]
      assert.strictEqual((yield* send(gateway.url, bare, chat)).status, 200)
      assert.strictEqual((yield* send(gateway.url, ["GET /v1/models HTTP/1.0"])).status, 200)
    })
  )
})

describe("a path", () => {
  it.scopedLive("is served as it is written and no other way, with any query", () =>
    Effect.gen(function* () {
      const { gateway, port, upstream } = yield* serving()
      const get = (path: string) => send(gateway.url, [`GET ${path} HTTP/1.1`, `host: localhost:${port}`])
      for (const path of ["/v1/backends", "/v1/models", "/health", "/v1/models/test-model", "/v1/backends?a=/V1//x;"]) {
        assert.strictEqual((yield* get(path)).status, 200, path)
      }
      const asked = upstream.received.length
      for (const path of [
        "//v1/backends",
        "/v1//backends",
        "/V1/backends",
        "/v1/Backends",
        "/%761/backends",
        "/v1/%62ackends",
        "/v1%2fbackends",
        "/v1/backends/",
        "/v1/backends;",
        "/v1/backends;x=1",
        "/v1/backends#x",
        "/v1/./backends",
        "/V1/models",
        "//models",
        "/models/",
        "/Health",
        "/V1/models/test-model",
        "/v1//models/test-model"
      ]) {
        const { body, status } = yield* get(path)
        assert.strictEqual(status, 404, path)
        assert.strictEqual(codeOf(body), "unknown_url", path)
      }
      for (const path of [
        "/V1/chat/completions",
        "//v1/chat/completions",
        "/v1/chat/completions/",
        "/chat/completions;"
      ]) {
        const head = [`POST ${path} HTTP/1.1`, `host: localhost:${port}`, "content-type: application/json"]
        assert.strictEqual((yield* send(gateway.url, head, chat)).status, 404, path)
      }
      assert.lengthOf(upstream.received, asked)
      assert.lengthOf(gateway.records, 0)
    })
  )

  it.scopedLive("and a model are named in errors in a few words only", () =>
    Effect.gen(function* () {
      const { gateway, port } = yield* serving()
      const long = `${"x".repeat(180)}${"👋".repeat(5_000)}`
      const encoded = encodeURIComponent(long).slice(0, 12_000)
      for (const path of [`/${encoded}`, `/v1/models/${encoded}`]) {
        const { body } = yield* send(gateway.url, [`GET ${path} HTTP/1.1`, `host: localhost:${port}`])
        assert.isAtMost(JSON.stringify(body).length, 500)
      }
      const post = (model: string) =>
        Effect.promise(() => gateway.post("/v1/chat/completions", { ...TestGateway.chat(), model }))
      const refused = yield* post("m".repeat(513))
      assert.strictEqual(refused.status, 400)
      assert.deepInclude(yield* Effect.promise(() => Caller.errorOf(refused)), { param: "model" })
      const unknown = yield* post(long.slice(0, 512))
      assert.strictEqual(unknown.status, 404)
      const { message } = yield* Effect.promise(() => Caller.errorOf(unknown))
      assert.isAtMost(String(message).length, 300)
      assert.notMatch(String(message), /[\ud800-\udbff](?![\udc00-\udfff])/)
    })
  )
})

describe("the routes in a host's server", () => {
  const mounted = (server: Gateway.Config["server"]) =>
    Effect.gen(function* () {
      const upstream = yield* ScriptedUpstream.make(ScriptedUpstream.answerWell("Hi"))
      const log = LogLines.make()
      const gateway = Gateway.layerCustom.pipe(
        Layer.provide([
          RequestLog.layerMemory([]),
          ConfigRef.layerStatic({
            openai_clients: [TestGateway.backend("a", upstream.url)],
            ...(server ? { server } : {})
          })
        ])
      )
      const router = HttpRouter.empty.pipe(HttpRouter.mount("/llm", Gateway.routes))
      const layer = HttpServer.serve(router).pipe(
        Layer.provideMerge(NodeHttpServer.layer(createServer, { port: 0, host: "127.0.0.1" })),
        Layer.provide(gateway),
        Layer.provide(Layer.merge(log.layer, Logger.minimumLogLevel(LogLevel.Debug)))
      )
      const url = Gateway.addressOf(Context.get(yield* Layer.build(layer), HttpServer.HttpServer))
      const ask = (path: string, ...headers: ReadonlyArray<string>) =>
        send(url, [`POST ${path} HTTP/1.1`, ...headers], chat)
      return { ask, log, upstream }
    })

  it.scopedLive("refuse foreign pages and other spellings too, and leave names to the host", () =>
    Effect.gen(function* () {
      const { ask, log, upstream } = yield* mounted({})
      const path = "/llm/v1/chat/completions"
      const refused = yield* ask(path, "host: app.example", "origin: https://evil.example")
      assert.strictEqual(refused.status, 403)
      assert.strictEqual(codeOf(refused.body), "origin_not_allowed")
      assert.match(yield* Effect.promise(() => log.line("Refused")), /^DEBUG .*evil\.example/)
      assert.strictEqual((yield* ask("/llm/V1/chat/completions", "host: app.example")).status, 404)
      assert.strictEqual((yield* ask("/llm/v1/chat/completions/", "host: app.example")).status, 404)
      assert.lengthOf(upstream.received, 0)
      assert.strictEqual((yield* ask(path, "host: app.example")).status, 200)
      assert.strictEqual((yield* ask(path, "host: app.example", "origin: https://app.example")).status, 200)
    })
  )

  it.scopedLive("heed the names that are listed", () =>
    Effect.gen(function* () {
      const { ask } = yield* mounted({ hosts: ["app.example"] })
      const path = "/llm/v1/chat/completions"
      assert.strictEqual((yield* ask(path, "host: app.example")).status, 200)
      assert.strictEqual(codeOf((yield* ask(path, "host: evil.example")).body), "host_not_allowed")
    })
  )
})
