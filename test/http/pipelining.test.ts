import * as http from "node:http"
import * as HttpRouter from "@effect/platform/HttpRouter"
import * as HttpServer from "@effect/platform/HttpServer"
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import { assert, describe, it } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as LogLevel from "effect/LogLevel"
import * as Gateway from "../../src/Gateway.js"
import * as Testing from "../../src/testing/Testing.js"
import * as RawCaller from "../support/RawCaller.js"
import * as ScriptedUpstream from "../support/ScriptedUpstream.js"
import * as Stopping from "../support/Stopping.js"
import * as TestGateway from "../support/TestGateway.js"
import { until } from "../support/Until.js"

const asking = (count: number, more: object = {}) =>
  Array.from({ length: count }, (_, n) =>
    RawCaller.request({ ...TestGateway.chat(), ...more, messages: [{ role: "user", content: `number ${n}` }] })
  ).join("")

const outcomes = (records: ReadonlyArray<{ readonly Outcome: string }>) => records.map(({ Outcome }) => Outcome)

/** Echoes the number that it was asked with. */
const echo = (call: ScriptedUpstream.Call) =>
  ScriptedUpstream.answerWell(/number \d+/.exec(JSON.stringify(call.received.body))?.[0] ?? "")(call)

const configOf = (upstream: ScriptedUpstream.ScriptedUpstream, more: object = {}) => ({
  openai_clients: [TestGateway.backend("a", upstream.url)],
  server: { drain: "30s", ...more }
})

describe("requests that are written before the answer to the first has come", () => {
  it.scopedLive("are answered in their order, one after the other", () =>
    Effect.gen(function* () {
      let most = 0
      const upstream: ScriptedUpstream.ScriptedUpstream = yield* ScriptedUpstream.make((call) => {
        most = Math.max(most, upstream.busy())
        echo(call)
      })
      const gateway = yield* Stopping.make(configOf(upstream))
      const { received, socket } = yield* Effect.promise(() => RawCaller.connect(gateway.url))
      socket.write(asking(8))
      yield* Effect.promise(() => until(() => (received.text.match(/HTTP\/1\.1 200/g) ?? []).length === 8))
      assert.deepStrictEqual(
        received.text.match(/number \d/g),
        [0, 1, 2, 3, 4, 5, 6, 7].map((n) => `number ${n}`)
      )
      assert.strictEqual(most, 1)
      socket.destroy()
    })
  )

  for (const stream of [false, true]) {
    for (const moment of ["before the answer", "in the middle of the first answer"] as const) {
      it.scopedLive(`end when the caller leaves ${moment}${stream ? " of a stream" : ""}, each with a row`, () =>
        Effect.gen(function* () {
          const upstream = yield* ScriptedUpstream.make((call) => {
            if (moment === "before the answer") return
            if (stream) call.events(ScriptedUpstream.chunk({ content: "begun" }))
            else call.write("{")
          })
          const gateway = yield* Stopping.make(configOf(upstream, { max_in_flight: 1 }))
          const { received, socket } = yield* Effect.promise(() => RawCaller.connect(gateway.url))
          socket.write(asking(5, { stream }))
          yield* Effect.promise(() => until(() => upstream.busy() === 1))
          if (stream && moment !== "before the answer") {
            yield* Effect.promise(() => until(() => received.text.includes("begun")))
          }
          socket.destroy()
          yield* Effect.promise(() => until(() => gateway.records.length === 5))
          assert.deepStrictEqual(outcomes(gateway.records), Array(5).fill("CallerLeft"))
          yield* Effect.promise(() => until(() => upstream.busy() === 0))
          // The only place is free again, and nothing keeps the gateway from stopping.
          const next = yield* Effect.promise(() => RawCaller.connect(gateway.url))
          next.socket.write(asking(1))
          yield* Effect.promise(() => until(() => upstream.busy() === 1))
          next.socket.destroy()
          assert.isBelow(yield* Effect.flatten(gateway.stop), 5_000)
        })
      )
    }
  }

  for (const [name, behind] of [
    ["a large body", RawCaller.request({ ...TestGateway.chat(), user: "x".repeat(200_000) })],
    ["a body in chunks that goes on", `${RawCaller.chunkedHead}30d40\r\n${"x".repeat(200_000)}\r\n`],
    [
      "a GET with a large body",
      `GET /health HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: 9999999\r\n\r\n${"x".repeat(200_000)}`
    ]
  ] as const) {
    it.scopedLive(`do not hide that the caller has left: ${name}`, () =>
      Effect.gen(function* () {
        const upstream = yield* ScriptedUpstream.make(() => {})
        const gateway = yield* Stopping.make(configOf(upstream))
        const { socket } = yield* Effect.promise(() => RawCaller.connect(gateway.url))
        socket.write(asking(1) + behind)
        yield* Effect.promise(() => until(() => upstream.busy() === 1 && socket.writableLength === 0))
        socket.destroy()
        yield* Effect.promise(() => until(() => upstream.busy() === 0))
        yield* Effect.promise(() => until(() => gateway.records.length > 0))
        assert.deepStrictEqual(new Set(outcomes(gateway.records)), new Set(["CallerLeft"]))
      })
    )
  }

  it.scopedLive("let the first be answered where what follows is no HTTP", () =>
    Effect.gen(function* () {
      const open: Array<ScriptedUpstream.Call> = []
      const upstream = yield* ScriptedUpstream.make((call) => void open.push(call))
      const gateway = yield* Stopping.make(configOf(upstream))
      const { received, socket } = yield* Effect.promise(() => RawCaller.connect(gateway.url))
      socket.write(`${asking(1)}hello\r\n\r\n`)
      yield* Effect.promise(() => until(() => open.length === 1))
      for (const call of open) ScriptedUpstream.answerWell("Hi")(call)
      yield* Effect.promise(() => until(() => received.ended))
      assert.match(received.text, /^HTTP\/1\.1 200 OK/)
    })
  )

  it.scopedLive("are not served any more where they are too many to be meant", () =>
    Effect.gen(function* () {
      const upstream = yield* ScriptedUpstream.make(() => {})
      const gateway = yield* Stopping.make(configOf(upstream))
      const { received, socket } = yield* Effect.promise(() => RawCaller.connect(gateway.url))
      socket.write(asking(40))
      yield* Effect.promise(() => until(() => received.ended))
      yield* Effect.promise(() => until(() => upstream.busy() === 0))
      assert.isAtMost(upstream.received.length, 1)
      assert.deepStrictEqual(new Set(outcomes(gateway.records)), new Set(["CallerLeft"]))
    })
  )
})

describe("requests that a host's server takes together", () => {
  it.scopedLive("end when their caller leaves, each with a row", () =>
    Effect.gen(function* () {
      const gateway = Testing.make({
        config: { openai_clients: [TestGateway.backend("a", "https://a.example/v1")] },
        script: Testing.silent
      })
      const router = HttpRouter.empty.pipe(HttpRouter.mount("/llm", Gateway.routes))
      const host = HttpServer.serve(router).pipe(
        Layer.provideMerge(NodeHttpServer.layer(() => http.createServer(), { port: 0, host: "127.0.0.1" })),
        Layer.provide(gateway.layer),
        Layer.provide(Logger.minimumLogLevel(LogLevel.None))
      )
      const url = Gateway.addressOf(Context.get(yield* Layer.build(host), HttpServer.HttpServer))
      const { socket } = yield* Effect.promise(() => RawCaller.connect(url))
      socket.write(asking(3).replaceAll("POST /v1", "POST /llm/v1"))
      yield* Effect.promise(() => until(() => gateway.calls.length === 3))
      socket.destroy()
      yield* Effect.promise(() => until(() => gateway.records.length === 3))
      assert.deepStrictEqual(outcomes(gateway.records), Array(3).fill("CallerLeft"))
    })
  )
})
