import * as http from "node:http"
import * as zlib from "node:zlib"
import * as HttpApp from "@effect/platform/HttpApp"
import * as HttpLayerRouter from "@effect/platform/HttpLayerRouter"
import * as HttpMiddleware from "@effect/platform/HttpMiddleware"
import * as HttpRouter from "@effect/platform/HttpRouter"
import * as HttpServer from "@effect/platform/HttpServer"
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import { assert, describe, it } from "@effect/vitest"
import * as Gateway from "causeway"
import * as Testing from "causeway/testing"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as LogLevel from "effect/LogLevel"
import * as Caller from "./support/Caller.js"
import * as TestGateway from "./support/TestGateway.js"
import { until } from "./support/Until.js"

const config: Gateway.Config = {
  openai_clients: [TestGateway.backend("a", "https://a.example/v1")],
  server: { max_body: "64KiB" }
}

/** What a host's middleware saw of each request: its body, where it read it, and the status. */
interface Seen {
  readonly statuses: Array<number>
  readonly bodies: Array<string>
}

const watching = (seen: Seen, reads?: "before" | "beside") =>
  HttpMiddleware.make((app) =>
    Effect.gen(function* () {
      const request = yield* HttpServerRequest.HttpServerRequest
      const text = Effect.map(
        Effect.orElseSucceed(request.text, () => "unreadable"),
        (text) => void seen.bodies.push(text)
      )
      if (reads === "before") yield* text
      if (reads === "beside") yield* Effect.zipRight(Effect.forkDaemon(text), Effect.sleep("50 millis"))
      yield* HttpApp.appendPreResponseHandler((_, response) =>
        Effect.succeed(HttpServerResponse.setHeader(response, "x-host", "was here"))
      )
      const response = yield* app
      seen.statuses.push(response.status)
      return response
    })
  )

type Middleware = ReturnType<typeof watching>

type Hosted = Layer.Layer<never, never, HttpServer.HttpServer | Gateway.Services>

/** The ways of having the gateway below `/llm` in a server of one's own. */
const mountings: Record<string, (middleware: Middleware) => Hosted> = {
  "HttpRouter.concat": (middleware) =>
    HttpServer.serve(HttpRouter.concat(HttpRouter.empty, Gateway.routesAt("/llm")), middleware),
  "HttpRouter.mount": (middleware) =>
    HttpServer.serve(HttpRouter.mount(HttpRouter.empty, "/llm", Gateway.routes), middleware),
  HttpLayerRouter: (middleware) =>
    HttpLayerRouter.serve(Gateway.layerRoutes("/llm"), {
      disableLogger: true,
      disableListenLog: true,
      middleware
    })
}

const hosted = (gateway: Testing.TestGateway, host: Hosted, createServer = () => http.createServer()) =>
  Effect.map(
    Layer.build(
      host.pipe(
        Layer.provideMerge(NodeHttpServer.layer(createServer, { port: 0, host: "127.0.0.1" })),
        Layer.provide(gateway.layer),
        Layer.provide(Logger.minimumLogLevel(LogLevel.None))
      )
    ),
    (context) => `${Gateway.addressOf(Context.get(context, HttpServer.HttpServer))}/llm`
  )

/** As docs/embedding.md has it. */
const withoutUpgrades = () => {
  const server = http.createServer()
  server.on("newListener", (event) => {
    if (event === "upgrade") queueMicrotask(() => server.removeAllListeners("upgrade"))
  })
  return server
}

const post = (url: string, body: string | Uint8Array<ArrayBuffer>, headers: Record<string, string> = {}) =>
  Effect.promise(async () => {
    const response = await fetch(`${url}/v1/chat/completions`, {
      method: "POST",
      headers: { "content-type": "application/json", ...headers },
      body
    })
    return { status: response.status, host: response.headers.get("x-host"), text: await response.text() }
  })

const chat = (more: object = {}) => JSON.stringify({ ...TestGateway.chat(), ...more })

for (const [name, mounted] of Object.entries(mountings)) {
  describe(`routes mounted by ${name}`, () => {
    it.scopedLive("are seen and changed by what the host has around them", () =>
      Effect.gen(function* () {
        const seen: Seen = { statuses: [], bodies: [] }
        const gateway = Testing.make({
          config,
          script: (call) =>
            call.received.body["user"] === "broken" ? Testing.reject(500)(call) : Testing.answerWell("Hi")(call)
        })
        const url = yield* hosted(gateway, mounted(watching(seen)))
        const answers = [
          yield* post(url, chat()),
          yield* post(url, chat({ stream: true })),
          yield* post(url, chat({ model: "nowhere" })),
          yield* post(url, chat({ user: "broken" })),
          yield* post(url, "x".repeat(70_000)),
          yield* post(url, new Uint8Array(zlib.gzipSync(chat())), { "content-encoding": "gzip" }),
          yield* post(url, chat(), { "content-encoding": "zip" })
        ]
        const statuses = [200, 200, 404, 500, 413, 200, 415]
        assert.deepStrictEqual(
          answers.map(({ status }) => status),
          statuses
        )
        assert.deepStrictEqual(seen.statuses, statuses)
        assert.isTrue(answers.every(({ host }) => host === "was here"))
        assert.match(answers[1]?.text ?? "", /"Hi"[^]*data: \[DONE\]\n\n$/)
        yield* Effect.promise(() => until(() => gateway.records.length === statuses.length))
        assert.deepStrictEqual(
          gateway.records.map(({ Outcome }) => Outcome),
          [
            "Completed",
            "Completed",
            "ModelNotFound",
            "NoBackendAvailable",
            "BodyTooLarge",
            "Completed",
            "EncodingUnsupported"
          ]
        )
      })
    )

    it.scopedLive("take a body that was read before from its request, or say that it is gone", () =>
      Effect.gen(function* () {
        const seen: Seen = { statuses: [], bodies: [] }
        const gateway = Testing.make({ config, script: Testing.answerWell("Hi") })
        const url = yield* hosted(gateway, mounted(watching(seen, "before")))
        // A mount makes another request of it, which does not keep what was read.
        const status = name === "HttpRouter.mount" ? 500 : 200
        for (const body of [chat(), chat({ stream: true })]) {
          assert.strictEqual((yield* post(url, body)).status, status)
          assert.strictEqual(seen.bodies.pop(), body)
        }
        const large = yield* post(url, chat({ user: "x".repeat(70_000) }))
        assert.strictEqual(large.status, name === "HttpRouter.mount" ? 500 : 413)
      })
    )

    if (name !== "HttpRouter.mount") {
      it.scopedLive("wait for a body that the host reads beside them", () =>
        Effect.gen(function* () {
          const gateway = Testing.make({ config, script: Testing.answerWell("Hi") })
          const seen: Seen = { statuses: [], bodies: [] }
          const url = yield* hosted(gateway, mounted(watching(seen, "beside")))
          const { request, response } = Caller.rawOpen(`${url}/v1/chat/completions`)
          const [start, end] = [chat().slice(0, 10), chat().slice(10)]
          request.write(start)
          yield* Effect.sleep("300 millis")
          request.end(end)
          assert.strictEqual((yield* Effect.promise(() => response)).statusCode, 200)
          assert.deepStrictEqual(seen.bodies, [chat()])
        })
      )
    }

    it.scopedLive(
      "answer who offers another protocol as if it did not, in a server that has nobody take the offer",
      () =>
        Effect.gen(function* () {
          const gateway = Testing.make({ config, script: Testing.answerWell("Hi") })
          const url = yield* hosted(gateway, mounted(watching({ statuses: [], bodies: [] })), withoutUpgrades)
          const { response } = Caller.raw(`${url}/v1/chat/completions`, {
            body: TestGateway.chat(),
            headers: { connection: "Upgrade, HTTP2-Settings", upgrade: "h2c", "http2-settings": "AAMAAABkAAQAAP__" }
          })
          const { statusCode } = yield* Effect.promise(() => response)
          assert.strictEqual(statusCode, 200)
        })
    )

    it.scopedLive("end what has broken off without the end of a body", () =>
      Effect.gen(function* () {
        const gateway = Testing.make({ config, script: Testing.breakOff("half") })
        const url = yield* hosted(gateway, mounted(watching({ statuses: [], bodies: [] })))
        const { response } = Caller.raw(`${url}/v1/chat/completions`, { body: { ...TestGateway.chat(), stream: true } })
        const { isWhole, text } = yield* Effect.promise(async () => Caller.received(await response))
        assert.isFalse(isWhole)
        assert.match(text, /"error"/)
        yield* Effect.promise(() => until(() => gateway.records.length === 1))
        assert.strictEqual(gateway.records[0]?.Outcome, "UpstreamBroke")
      })
    )
  })
}
