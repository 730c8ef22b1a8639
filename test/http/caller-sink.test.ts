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

/** All that a caller of this version is sent. */
const answered = (
  version: "1.0" | "1.1",
  respond: (response: http.ServerResponse) => void,
  connection: "close" | "keep-alive" = "close"
) =>
  Effect.gen(function* () {
    const server = http.createServer((_, response) => respond(response))
    yield* Effect.acquireRelease(
      Effect.promise(async () => once(server.listen(0, "127.0.0.1"), "listening")),
      () => Effect.sync(() => server.close().closeAllConnections())
    )
    return yield* Effect.promise(async () => {
      const socket = net.connect(portOf(server), "127.0.0.1")
      socket.write(`GET / HTTP/${version}\r\nhost: x\r\nconnection: ${connection}\r\n\r\n`)
      return Buffer.concat(await socket.toArray())
    })
  }).pipe(Effect.scoped)

const headEnd = "\r\n\r\n"

const headOf = (respond: (response: http.ServerResponse) => void) =>
  Effect.map(answered("1.1", respond), (all) => all.subarray(0, all.indexOf(headEnd) + 2))

/** The body that a caller is sent over a sink; `before` sees the response first. */
const received = (version: "1.0" | "1.1", before: (response: http.ServerResponse) => void = () => {}) =>
  answered(version, (response) => {
    before(response)
    const sink = CallerSink.make(response, () => ({}))
    sink.start(200, { "content-type": "text/event-stream" })
    for (const piece of pieces) sink.write(piece)
    sink.end(last, () => {})
  }).pipe(Effect.map((all) => all.subarray(all.indexOf(headEnd) + 4).toString("utf8")))

/** The body of an answer that broke off, to a caller that would keep its connection. */
const brokenOff = (version: "1.0" | "1.1", before: (response: http.ServerResponse) => void = () => {}) =>
  answered(
    version,
    (response) => {
      before(response)
      const sink = CallerSink.make(response, () => ({}))
      sink.start(200, { "content-type": "text/event-stream" })
      sink.write("data: é\n\n")
      sink.endShort("data: {}\n\n", () => {})
    },
    "keep-alive"
  ).pipe(Effect.map((all) => all.subarray(all.indexOf(headEnd) + 4)))

const chunked = (texts: ReadonlyArray<string>) =>
  texts.map((text) => `${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`).join("")

/** Passes on later what is written, as a compression does. */
const compress = (response: http.ServerResponse) => {
  const write = response.write.bind(response)
  const end = response.end.bind(response)
  Object.assign(response, {
    write: (text: string) => {
      setImmediate(() => void write(text))
      return true
    },
    end: () => void setImmediate(() => void end()),
    flush: () => {}
  })
}

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

  it.live("hands plain texts to whoever stands in the way of the last one alone", () =>
    Effect.gen(function* () {
      const seen: Array<unknown> = []
      yield* received("1.1", (response) => WireTap.watch(response, "end", ([text]) => seen.push(text)))
      assert.deepStrictEqual(seen, [last])
    })
  )

  it.live("sends the head in its own bytes, whatever the first text is", () =>
    Effect.gen(function* () {
      for (const text of ["plain", "é 漢"]) {
        const head = yield* headOf((response) => {
          const sink = CallerSink.make(response, () => ({}))
          sink.start(200, { "x-name": "caf\xe9" })
          sink.write(text)
          sink.end("", () => {})
        })
        assert.include(head.toString("latin1"), "x-name: caf\xe9\r\n")
      }
    })
  )

  it.live("closes the connection behind a body that broke off, without the chunk that would end it", () =>
    Effect.gen(function* () {
      assert.strictEqual(String(yield* brokenOff("1.1")), chunked(["data: é\n\n", "data: {}\n\n"]))
      assert.strictEqual(String(yield* brokenOff("1.0")), "data: é\n\ndata: {}\n\n")
    })
  )

  it.live("does so where a compression stands between", () =>
    Effect.gen(function* () {
      const body = yield* brokenOff("1.1", (response) => compress(response))
      const text = String(body)
      assert.include(text, "data: {}")
      assert.isFalse(text.endsWith("0\r\n\r\n"))
    })
  )

  it.live("hands plain texts to whoever stands between, such as a compression", () =>
    Effect.gen(function* () {
      const seen: Array<unknown> = []
      const body = yield* received("1.1", (response) => {
        for (const method of ["write", "end"])
          WireTap.watch(response, method, ([text]) => seen.push(typeof text === "string" ? text : String(text)))
      })
      assert.deepStrictEqual(
        seen.filter((text) => text !== ""),
        [...said, last]
      )
      // Later Nodes put what waits together into one chunk.
      const lines = body.split("\r\n")
      assert.deepStrictEqual(lines.slice(-3), ["0", "", ""])
      assert.strictEqual(lines.filter((_, index) => index % 2 === 1).join(""), said.join("") + last)
    })
  )
})
