import { once } from "node:events"
import * as http from "node:http"
import * as net from "node:net"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as CallerSink from "../../src/http/CallerSink.js"
import { portOf } from "../support/ScriptedUpstream.js"
import * as WireTap from "../support/WireTap.js"

const pieces = ["data: é 漢 😀\n\n", "", "data: plain\n\n"]
const last = "data: [DONE]\n\n"

/** The body, byte for byte, that a caller of this version is sent over a sink; `before` sees the response first. */
const received = (version: "1.0" | "1.1", before: (response: http.ServerResponse) => void = () => {}) =>
  Effect.gen(function* () {
    const server = http.createServer((_, response) => {
      before(response)
      const sink = CallerSink.make(response, () => ({}))
      sink.start(200, { "content-type": "text/event-stream" })
      for (const piece of pieces) sink.write(piece)
      sink.end(last, () => {})
    })
    yield* Effect.acquireRelease(
      Effect.promise(async () => once(server.listen(0, "127.0.0.1"), "listening")),
      () => Effect.sync(() => server.close().closeAllConnections())
    )
    return yield* Effect.promise(async () => {
      const socket = net.connect(portOf(server), "127.0.0.1")
      socket.write(`GET / HTTP/${version}\r\nhost: x\r\nconnection: close\r\n\r\n`)
      const all = Buffer.concat(await socket.toArray()).toString("utf8")
      return all.slice(all.indexOf("\r\n\r\n") + 4)
    })
  }).pipe(Effect.scoped)

const chunked = (texts: ReadonlyArray<string>) =>
  texts.map((text) => `${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`).join("")

const said = pieces.filter((piece) => piece !== "")

describe("the sink over a Node response", () => {
  it.live("frames each piece as one chunk, counted in bytes", () =>
    Effect.gen(function* () {
      assert.strictEqual(yield* received("1.1"), `${chunked([...said, last])}0\r\n\r\n`)
    })
  )

  it.live("frames nothing for a caller of HTTP/1.0", () =>
    Effect.gen(function* () {
      assert.strictEqual(yield* received("1.0"), said.join("") + last)
    })
  )

  it.live("hands plain texts to whoever stands between, such as a compression", () =>
    Effect.gen(function* () {
      const seen: Array<unknown> = []
      const body = yield* received("1.1", (response) => {
        for (const method of ["write", "end"]) WireTap.watch(response, method, ([text]) => seen.push(text))
      })
      assert.deepStrictEqual(
        seen.filter((text) => text !== ""),
        [...said, last]
      )
      assert.strictEqual(body, `${chunked([...said, last])}0\r\n\r\n`)
    })
  )
})
