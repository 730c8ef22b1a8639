import { assert, describe, it } from "@effect/vitest"
import * as HttpServer from "@effect/platform/HttpServer"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as ConfigRef from "../../src/config/ConfigRef.js"
import * as Gateway from "../../src/Gateway.js"
import * as UnknownPaths from "../../src/http/UnknownPaths.js"
import * as RequestLog from "../../src/records/RequestLog.js"
import * as LogLines from "../support/LogLines.js"
import * as RawCaller from "../support/RawCaller.js"
import * as TestGateway from "../support/TestGateway.js"
import { until } from "../support/Until.js"

const started = Effect.gen(function* () {
  const log = LogLines.make()
  const gateway = Gateway.layerCustom.pipe(
    Layer.provide([
      RequestLog.layerMemory([]),
      ConfigRef.layerStatic({ openai_clients: [TestGateway.backend("a", "http://127.0.0.1:9")] })
    ])
  )
  const layer = Gateway.serve({ host: "127.0.0.1", port: 0 }).pipe(Layer.provide(gateway), Layer.provide(log.layer))
  const url = Gateway.addressOf(Context.get(yield* Layer.build(layer), HttpServer.HttpServer))
  const ask = (path: string, init: RequestInit = {}) =>
    Effect.promise(async () => {
      const response = await fetch(`${url}${path}`, init)
      await response.text()
      return response.status
    })
  const unknown = () => log.lines.filter((line) => line.includes("Unknown path"))
  return { ask, unknown, url }
})

describe("a path that is not served", () => {
  it.scopedLive("leaves one line for each path, method and caller", () =>
    Effect.gen(function* () {
      const { ask, unknown } = yield* started
      const key = { authorization: "Bearer sk-a-secret-of-a-caller" }
      for (let n = 0; n < 3; n++) {
        assert.strictEqual(yield* ask("/api/v1/responses?x=secret"), 404)
        assert.strictEqual(yield* ask("/api/v1/responses", { method: "POST" }), 404)
        assert.strictEqual(yield* ask("/api/v1/responses", { headers: key }), 404)
        assert.strictEqual(yield* ask("/v1/chat/completions/", { method: "POST" }), 404)
        assert.strictEqual(yield* ask("/v1/models/", { method: "OPTIONS" }), 204)
        assert.strictEqual(yield* ask("/health"), 200)
      }
      const lines = unknown()
      assert.lengthOf(lines, 4)
      assert.strictEqual(lines[0], "INFO Unknown path: GET /api/v1/responses, asked by 127.0.0.1")
      assert.strictEqual(lines[1], "INFO Unknown path: POST /api/v1/responses, asked by 127.0.0.1")
      assert.match(lines[2] ?? "", / GET \/api\/v1\/responses, asked by 127\.0\.0\.1 with the key [\da-f]{12}$/)
      assert.strictEqual(lines[3], "INFO Unknown path: POST /v1/chat/completions/, asked by 127.0.0.1")
      assert.notInclude(lines.join("\n"), "secret")
    })
  )

  it.scopedLive("is told without the keys in it, wherever they stand", () =>
    Effect.gen(function* () {
      const { unknown, url } = yield* started
      for (const [target, key] of [
        ["http://user:hush@localhost/v1/a", ""],
        ["http://user:hush@localhost", ""],
        ["/v1/hush-of-a-caller/a", "hush-of-a-caller"],
        ["/v1/sk-hush-hush-hush/a", ""],
        ["/v1/b;api_key=hush", ""],
        ["/v1/c&token=hush", ""]
      ]) {
        const { received, socket } = yield* Effect.promise(() => RawCaller.connect(url))
        const authorization = key === "" ? "" : `authorization: Bearer ${key}\r\n`
        socket.write(`GET ${target} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n${authorization}\r\n`)
        yield* Effect.promise(() => until(() => received.ended))
        socket.destroy()
      }
      const lines = unknown()
      assert.lengthOf(lines, 6)
      assert.notInclude(lines.join("\n"), "hush")
      assert.include(lines[0], "GET /v1/a, asked by")
    })
  )

  it.scopedLive("is told on one line, cut, however it is written", () =>
    Effect.gen(function* () {
      const { unknown, url } = yield* started
      for (const path of [`/${"x".repeat(9_000)}`, "/\u009b31m", "/\u0085\u00ad"]) {
        const { received, socket } = yield* Effect.promise(() => RawCaller.connect(url))
        socket.write(Buffer.from(`GET ${path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n`, "latin1"))
        yield* Effect.promise(() => until(() => received.ended))
        socket.destroy()
      }
      const lines = unknown()
      assert.isAtLeast(lines.length, 1)
      for (const line of lines) {
        assert.isBelow(line.length, 300)
        assert.match(line, /^[ -~…�]+$/)
      }
    })
  )
})

describe("GET /v1/health", () => {
  it.scopedLive("is GET /health", () =>
    Effect.gen(function* () {
      const { ask, unknown } = yield* started
      assert.deepStrictEqual([yield* ask("/v1/health"), yield* ask("/health")], [200, 200])
      assert.strictEqual(yield* ask("/v1/health", { method: "POST" }), 405)
      assert.lengthOf(unknown(), 0)
    })
  )
})

describe("the lines of unknown paths", () => {
  it("are few in a minute, and say how many were left out", () => {
    const paths = UnknownPaths.make()
    const told = (from: number, count: number, now: number) =>
      Array.from({ length: count }, (_, n) => paths.line(`GET /${from + n}`, now)).filter((line) => line !== undefined)
    assert.lengthOf(told(0, 1_000, 0), UnknownPaths.mostPerMinute)
    assert.lengthOf(told(1_000, 10, 59_999), 0)
    assert.deepStrictEqual(told(2_000, 2, 60_000), [
      "GET /2000; 1000 more such requests were left out before",
      "GET /2001"
    ])
  })

  it("are remembered, but not all for ever", () => {
    const paths = UnknownPaths.make()
    const told = (n: number) => paths.line(`GET /${n}`, n * 60_000) !== undefined
    for (let n = 0; n < UnknownPaths.mostKnown; n++) assert.isTrue(told(n))
    assert.isUndefined(paths.line("GET /0", 1e9))
    assert.isTrue(told(UnknownPaths.mostKnown))
    assert.isDefined(paths.line("GET /0", 1e9))
    assert.isUndefined(paths.line(`GET /${UnknownPaths.mostKnown}`, 1e9))
  })
})
