import * as net from "node:net"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Caller from "../support/Caller.js"
import * as RawCaller from "../support/RawCaller.js"
import * as ScriptedUpstream from "../support/ScriptedUpstream.js"
import * as TestGateway from "../support/TestGateway.js"
import { until } from "../support/Until.js"

/** All that comes back for these bytes, until the gateway closes the connection. */
const exchange = (url: string, bytes: string): Promise<string> =>
  new Promise((resolve, reject) => {
    const { hostname, port } = new URL(url)
    let text = ""
    const socket = net.connect(Number(port), hostname, () => void socket.write(bytes))
    socket.on("data", (piece) => (text += piece.toString()))
    socket.on("end", () => socket.end())
    socket.on("close", () => resolve(text))
    socket.on("error", reject)
  })

const post = (headers: string, body: string) =>
  `POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\n${headers}\r\n\r\n${body}`

const wrong: ReadonlyArray<readonly [name: string, bytes: string, status: number]> = [
  ["no HTTP at all", "hello\r\n\r\n", 400],
  ["both a length and chunks", post("content-length: 5\r\ntransfer-encoding: chunked", "0\r\n\r\n"), 400],
  ["two lengths", post("content-length: 5\r\ncontent-length: 6", "hello"), 400],
  ["chunks that are none", post("transfer-encoding: chunked", "zz\r\nhello\r\n"), 400],
  ["more header fields than anyone sends", post(`x-long: ${"x".repeat(70 * 1024)}`, ""), 431]
]

describe("bytes that are not an HTTP request", () => {
  for (const [name, bytes, status] of wrong) {
    it.scopedLive.skipIf(TestGateway.isMounted)(
      `with ${name} get ${status} in OpenAI's shape, and no backend hears of them`,
      () =>
        Effect.gen(function* () {
          const upstream = yield* ScriptedUpstream.make(ScriptedUpstream.answerWell("Hi"))
          const gateway = yield* TestGateway.make({ openai_clients: [TestGateway.backend("a", upstream.url)] })
          const text = yield* Effect.promise(() => exchange(gateway.url, bytes))
          const [head = "", body = ""] = text.split("\r\n\r\n")
          assert.match(head, new RegExp(`^HTTP/1\\.1 ${status} `))
          assert.match(head, /\r\nx-request-id: req_[0-9a-f]{32}\r\n/)
          assert.match(head, /\r\nconnection: close/)
          const { error } = Caller.parse(body)
          assert.isObject(error)
          assert.hasAllKeys(error, ["message", "type", "param", "code"])
          assert.strictEqual(upstream.received.length, 0)
          yield* Effect.promise(() => Caller.ask(gateway.client, false))
        })
    )
  }
})

describe("HTTP/1.0", () => {
  it.scopedLive("is answered without chunks, up to the end of the connection", () =>
    Effect.gen(function* () {
      const upstream = yield* ScriptedUpstream.make(ScriptedUpstream.answerWell("Hi there"))
      const gateway = yield* TestGateway.make({ openai_clients: [TestGateway.backend("a", upstream.url)] })
      const body = JSON.stringify({ ...TestGateway.chat(), stream: true })
      const head = `POST /v1/chat/completions HTTP/1.0\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n`
      const text = yield* Effect.promise(() => exchange(gateway.url, head + body))
      assert.notMatch(text, /transfer-encoding/i)
      assert.match(text, /\r\n\r\ndata: \{/)
      assert.isTrue(text.endsWith("}\n\ndata: [DONE]\n\n"))
      assert.strictEqual((yield* Effect.promise(() => gateway.record(0))).Outcome, "Completed")
    })
  )
})

describe("connections on which nothing is asked", () => {
  it.scopedLive.skipIf(TestGateway.isMounted)("are closed where they are more than requests could need", () =>
    Effect.gen(function* () {
      const upstream = yield* ScriptedUpstream.make(ScriptedUpstream.answerWell("Hi"))
      const gateway = yield* TestGateway.make({
        openai_clients: [TestGateway.backend("a", upstream.url)],
        server: { max_in_flight: 1, queue: { size: 1 } }
      })
      const open = yield* Effect.promise(() =>
        Promise.all(Array.from({ length: 256 }, () => RawCaller.connect(gateway.url)))
      )
      const more = yield* Effect.promise(() => RawCaller.connect(gateway.url))
      yield* Effect.promise(() => until(() => more.received.ended))
      assert.isFalse(open.some(({ received }) => received.ended))
      open[0]?.socket.destroy()
      yield* Effect.promise(() => until(() => open[0]?.received.ended === true))
      yield* Effect.promise(() => Caller.ask(gateway.client, false))
      for (const { socket } of open) socket.destroy()
    })
  )
})
