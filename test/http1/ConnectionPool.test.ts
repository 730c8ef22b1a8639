import { once } from "node:events"
import * as http from "node:http"
import type * as net from "node:net"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { afterEach, vi } from "vitest"
import * as ConnectionPool from "../../src/http1/ConnectionPool.js"
import type { Controller } from "../../src/http1/Dispatch.js"
import type { Asking } from "../support/Asking.js"
import { ask, broken, ended } from "../support/Asking.js"
import * as RawServer from "../support/RawServer.js"
import { until } from "../support/Until.js"

const poolOf = (port: number, host = "127.0.0.1") =>
  Effect.acquireRelease(
    Effect.sync(() => ConnectionPool.make({ url: new URL(`http://${host}:${port}/v1`), timeout: 5_000 })),
    (pool) => Effect.promise(() => pool.destroy())
  )

/** A pool, and the server that it connects to. */
const against = (onRead: (socket: net.Socket, text: string) => void) =>
  Effect.gen(function* () {
    const server = yield* RawServer.make(onRead)
    return { server, pool: yield* poolOf(server.port) }
  })

const answer = "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello"

const answering = (text: string) => against((socket) => void socket.write(text, "latin1"))

describe("a request", () => {
  it.scopedLive("is written with its host and its headers", () =>
    Effect.gen(function* () {
      let text = ""
      const { pool, server } = yield* against((socket, read) => {
        text += read
        socket.write(answer)
      })
      yield* ended(ask(pool, { path: "/v1/a?b=c", headers: { authorization: "Bearer x", "x-name": "caf\xe9" } }))
      assert.deepEqual(text.split("\r\n"), [
        "GET /v1/a?b=c HTTP/1.1",
        "connection: keep-alive",
        `host: 127.0.0.1:${server.port}`,
        "authorization: Bearer x",
        "x-name: caf\xe9",
        "",
        ""
      ])
    })
  )

  it.scopedLive("goes to the host that its headers name", () =>
    Effect.gen(function* () {
      let text = ""
      const { pool } = yield* against((socket, read) => {
        text += read
        socket.write(answer)
      })
      yield* ended(ask(pool, { headers: { host: "models.internal" } }))
      assert.deepEqual(text.match(/host: .*/g), ["host: models.internal"])
    })
  )

  it.scopedLive.each(["", "plain", "caf\xe9 \u4f60\u597d \u{1f600} \ud800", "x".repeat(3_000_000)])(
    "has any body",
    (body) =>
      Effect.gen(function* () {
        const seen: Array<string> = []
        const server = http.createServer((request, response) => {
          const pieces: Array<Buffer> = []
          request.on("data", (bytes: Buffer) => pieces.push(bytes))
          request.on("end", () => {
            seen.push(Buffer.concat(pieces).toString(), String(request.headers["x-name"]))
            response.end("done")
          })
        })
        yield* Effect.acquireRelease(
          Effect.async<void>((resume) => void server.listen(0, "127.0.0.1", () => resume(Effect.void))),
          () => Effect.sync(() => server.close())
        )
        const address = server.address()
        const pool = yield* poolOf(typeof address === "object" && address !== null ? address.port : 0)
        for (const name of ["a", "caf\xe9"]) {
          assert.strictEqual(yield* ended(ask(pool, { method: "POST", headers: { "x-name": name }, body })), "done")
        }
        const sent = Buffer.from(body).toString()
        assert.deepEqual(seen, [sent, "a", sent, "caf\xe9"])
      })
  )

  it.scopedLive.each(["a\nb: c", "a\r\nb: c", "a\0", "\u4f60"])("is not sent with a header of %j", (value) =>
    Effect.gen(function* () {
      const { pool, server } = yield* answering(answer)
      const asking = ask(pool, { headers: { "x-api-key": value } })
      assert.strictEqual(yield* broken(asking), "the header 'x-api-key' has characters that cannot be sent")
      assert.deepEqual(asking.told, ["error"])
      assert.strictEqual(server.sockets.length, 0)
    })
  )

  it.scopedLive.each(["/v1/a b", "/v1/a\r\nb: c", "v1"])("is not sent with a path of %j", (path) =>
    Effect.gen(function* () {
      let text = ""
      const { pool } = yield* against((socket, read) => {
        text += read
        socket.write(answer)
      })
      yield* ended(ask(pool))
      text = ""
      const asking = ask(pool, { path })
      assert.strictEqual(yield* broken(asking), "the path is none that can be sent")
      assert.deepEqual(asking.told, ["error"])
      assert.strictEqual(text, "")
    })
  )
})

describe("a response", () => {
  it.scopedLive("comes in order, with what its headers say", () =>
    Effect.gen(function* () {
      const { pool } = yield* answering("HTTP/1.1 404 Not Found\r\ncontent-length: 2\r\nx-a: 1\r\nX-A: 2\r\n\r\nno")
      const asking = ask(pool)
      assert.strictEqual(yield* ended(asking), "no")
      assert.deepEqual(asking.told, ["start", "404", "end"])
      assert.deepInclude(yield* Effect.promise(() => asking.head), { "x-a": ["1", "2"] })
    })
  )

  it.scopedLive("may end with its connection", () =>
    Effect.gen(function* () {
      const { pool, server } = yield* against((socket) => socket.end("HTTP/1.1 200 OK\r\n\r\nhello"))
      assert.deepEqual([yield* ended(ask(pool)), yield* ended(ask(pool))], ["hello", "hello"])
      assert.strictEqual(server.sockets.length, 2)
    })
  )

  it.scopedLive.each([
    ["length", "content-length: 5\r\n\r\nhello"],
    ["length", "content-length: 0\r\n\r\n"],
    ["chunked", "transfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"],
    ["close", "\r\nhello"],
    ["close", "transfer-encoding: identity\r\n\r\nhello"],
    ["close", "\r\n"]
  ] as const)("says that it ends by its %s, from its head on to its end: %j", ([framing, text]) =>
    Effect.gen(function* () {
      const { pool } = yield* against((socket) => socket.end(`HTTP/1.1 200 OK\r\n${text}`))
      const said: Array<unknown> = []
      const hear = (controller: Controller) => void said.push(controller.framing)
      yield* ended(ask(pool, {}, { onRequestStart: hear, onResponseStart: hear, onResponseEnd: hear }))
      assert.deepEqual(said, [undefined, framing, framing])
    })
  )

  it.scopedLive.each([
    ["in its head", "HTTP/1.1 200 OK\r\ncontent-le", "the server closed the connection"],
    ["before its length", "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhello", "the server closed the connection"],
    [
      "before its last chunk",
      "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n",
      "the server closed the connection"
    ],
    ["before it began", "", "the server closed the connection"]
  ] as const)("breaks off %s", ([, text, reason]) =>
    Effect.gen(function* () {
      const { pool } = yield* against((socket) => socket.end(text))
      assert.strictEqual(yield* broken(ask(pool)), reason)
    })
  )

  it.scopedLive("breaks off when its connection is reset", () =>
    Effect.gen(function* () {
      const { pool } = yield* against((socket) => {
        socket.write("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhello")
        setImmediate(() => socket.resetAndDestroy())
      })
      assert.match(yield* broken(ask(pool)), /ECONNRESET|the server closed the connection/)
    })
  )

  it.scopedLive.each(["SSH-2.0-OpenSSH_9.6\r\n\r\n", "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nhello\r\n"])(
    "is none that is not HTTP: %j",
    (text) =>
      Effect.gen(function* () {
        const { pool, server } = yield* answering(text)
        assert.match(yield* broken(ask(pool)), /^not a response of HTTP\/1\.1: /)
        yield* Effect.promise(() => until(() => server.sockets.every(({ destroyed }) => destroyed)))
      })
  )

  it.scopedLive("is over when it is aborted, in whatever is told of it", () =>
    Effect.gen(function* () {
      const { pool, server } = yield* answering(
        `HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n${"1\r\na\r\n".repeat(9)}`
      )
      const reason = new Error("enough")
      const abort = (controller: Controller) => controller.abort(reason)
      for (const [hear, told] of [
        [{ onRequestStart: abort }, ["start", "error"]],
        [{ onResponseStart: abort }, ["start", "200", "error"]],
        [{ onResponseData: abort }, ["start", "200", "error"]]
      ] as const) {
        const asking = ask(pool, {}, hear)
        assert.strictEqual(yield* broken(asking), "enough")
        assert.deepEqual(asking.told, told)
        assert.isAtMost(asking.size(), 1)
      }
      yield* Effect.promise(() => until(() => server.sockets.every(({ destroyed }) => destroyed)))
    })
  )

  it.scopedLive("that is not asked for stays with the server", () =>
    Effect.gen(function* () {
      let sent = 0
      const { pool } = yield* against((socket) => {
        socket.write("HTTP/1.1 200 OK\r\n\r\n")
        const piece = "x".repeat(64 * 1024)
        const fill = () => {
          while (socket.write(piece)) sent += piece.length
        }
        socket.on("drain", fill)
        fill()
      })
      const asking = ask(pool, {}, { onResponseStart: (controller) => controller.pause() })
      yield* Effect.promise(() => asking.head)
      let before = -1
      yield* Effect.promise(() =>
        until(() => {
          const rests = sent === before
          before = sent
          return rests && sent > 0
        })
      )
      assert.isAtMost(asking.size(), 128 * 1024)
      const held = asking.size()
      asking.controller()?.resume()
      yield* Effect.promise(() => until(() => asking.size() > held + 1024 * 1024))
      asking.controller()?.abort(new Error("enough"))
      assert.strictEqual(yield* broken(asking), "enough")
    })
  )
})

describe("a connection", () => {
  it.scopedLive("serves one request after the other, and the last one first", () =>
    Effect.gen(function* () {
      const { pool, server } = yield* answering(answer)
      assert.deepEqual([yield* ended(ask(pool)), yield* ended(ask(pool))], ["hello", "hello"])
      assert.strictEqual(server.sockets.length, 1)
      const three = () => Effect.all([ask(pool), ask(pool), ask(pool)].map(ended), { concurrency: "unbounded" })
      yield* three()
      assert.strictEqual(server.sockets.length, 3)
      yield* three()
      assert.strictEqual(server.sockets.length, 3)
    })
  )

  it.scopedLive("serves again, but not in the turn of the loop in which it has served", () =>
    Effect.gen(function* () {
      const { pool, server } = yield* answering(answer)
      for (let times = 0; times < 3; times++) {
        let second: Asking | undefined
        yield* ended(ask(pool, {}, { onResponseEnd: () => (second = ask(pool)) }))
        assert.strictEqual(second === undefined ? "" : yield* ended(second), "hello")
      }
      assert.strictEqual(server.sockets.length, 2)
    })
  )

  it.scopedLive("is not steered by whom it has served", () =>
    Effect.gen(function* () {
      let requests = 0
      const { pool, server } = yield* against((socket) => {
        if (++requests === 1) socket.write(answer)
        else setImmediate(() => socket.write(answer))
      })
      const first = ask(pool)
      yield* ended(first)
      const second = ask(pool)
      first.controller()?.pause()
      first.controller()?.abort(new Error("too late"))
      assert.strictEqual(yield* ended(second), "hello")
      assert.strictEqual(server.sockets.length, 1)
    })
  )

  it.scopedLive.each([
    ["the server says so", "HTTP/1.1 200 OK\r\ncontent-length: 5\r\nconnection: close\r\n\r\nhello"],
    ["it would be closed at once", "HTTP/1.1 200 OK\r\ncontent-length: 5\r\nkeep-alive: timeout=1\r\n\r\nhello"],
    ["more came than the response", `${answer}!`]
  ] as const)("serves no other request when %s", ([, text]) =>
    Effect.gen(function* () {
      const { pool, server } = yield* answering(text)
      assert.deepEqual([yield* ended(ask(pool)), yield* ended(ask(pool))], ["hello", "hello"])
      assert.strictEqual(server.sockets.length, 2)
      yield* Effect.promise(() => until(() => server.sockets.every(({ destroyed }) => destroyed)))
    })
  )

  it.scopedLive("serves no other request when the response came before its request was written", () =>
    Effect.gen(function* () {
      const { pool, server } = yield* against((socket) => {
        socket.pause()
        socket.write(answer)
      })
      const body = "x".repeat(32 * 1024 * 1024)
      assert.strictEqual(yield* ended(ask(pool, { method: "POST", body })), "hello")
      yield* ended(ask(pool))
      assert.strictEqual(server.sockets.length, 2)
    })
  )

  it.scopedLive.each<[string, (socket: net.Socket) => void]>([
    ["ends", (socket) => socket.end()],
    ["is reset", (socket) => socket.resetAndDestroy()],
    ["speaks without being asked", (socket) => void socket.write("HTTP/1.1 408 Request Timeout\r\n\r\n")]
  ])("that %s while it is idle is not used again", ([, spoil]) =>
    Effect.gen(function* () {
      const { pool, server } = yield* answering(answer)
      yield* ended(ask(pool))
      const [socket] = server.sockets
      assert.isDefined(socket)
      const closed = once(socket, "close")
      spoil(socket)
      yield* Effect.promise(() => closed)
      // What the other side has closed is noticed with the next events of this process.
      yield* Effect.promise(() => new Promise((resolve) => setImmediate(() => setImmediate(resolve))))
      assert.strictEqual(yield* ended(ask(pool)), "hello")
      assert.strictEqual(server.sockets.length, 2)
    })
  )

  it.scopedLive("that is refused is an error, and nothing was begun", () =>
    Effect.gen(function* () {
      const server = yield* Effect.scoped(RawServer.make(() => {}))
      const asking = ask(yield* poolOf(server.port))
      assert.match(yield* broken(asking), /ECONNREFUSED/)
      assert.deepEqual(asking.told, ["error"])
    })
  )

  it.scopedLive("is made by whichever address of a name answers", () =>
    Effect.gen(function* () {
      const server = yield* RawServer.make((socket) => void socket.write(answer))
      const pool = yield* poolOf(server.port, "localhost")
      assert.deepEqual([yield* ended(ask(pool)), yield* ended(ask(pool))], ["hello", "hello"])
      assert.strictEqual(server.sockets.length, 1)
    })
  )
})

describe("the connections of a pool", () => {
  afterEach(() => void vi.useRealTimers())

  it.scopedLive("are closed when they were idle for four seconds, or a second before the server closes them", () =>
    Effect.gen(function* () {
      vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] })
      for (const [head, kept] of [
        ["", 4_000],
        ["keep-alive: timeout=3\r\n", 2_000],
        ["keep-alive: timeout=120\r\n", 119_000]
      ] as const) {
        const { pool, server } = yield* answering(`HTTP/1.1 200 OK\r\n${head}content-length: 5\r\n\r\nhello`)
        yield* ended(ask(pool))
        vi.advanceTimersByTime(kept - 1)
        yield* ended(ask(pool))
        assert.strictEqual(server.sockets.length, 1)
        vi.advanceTimersByTime(kept)
        yield* ended(ask(pool))
        assert.strictEqual(server.sockets.length, 2)
        vi.advanceTimersByTime(kept + 1_000)
        const isClosed = () => server.sockets.every(({ destroyed }) => destroyed)
        yield* Effect.promise(async () => {
          while (!isClosed()) await new Promise((resolve) => setImmediate(resolve))
        })
      }
    })
  )

  it.scopedLive("serve no more when they are ten minutes old, and do so for nine of them", () =>
    Effect.gen(function* () {
      vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] })
      const { pool, server } = yield* answering(
        "HTTP/1.1 200 OK\r\nkeep-alive: timeout=3600\r\ncontent-length: 5\r\n\r\nhello"
      )
      for (let minutes = 0; minutes < 9; minutes++) {
        yield* ended(ask(pool))
        vi.advanceTimersByTime(59_900)
      }
      yield* ended(ask(pool))
      assert.strictEqual(server.sockets.length, 1)
      vi.advanceTimersByTime(61_000)
      yield* ended(ask(pool))
      assert.strictEqual(server.sockets.length, 2)
    })
  )

  it.scopedLive("are closed when it retires, once they have nothing to do", () =>
    Effect.gen(function* () {
      const waiting: Array<net.Socket> = []
      const { pool, server } = yield* against((socket, text) => {
        if (text.includes("/wait")) waiting.push(socket)
        else socket.write(answer)
      })
      const held = ask(pool, { path: "/wait" })
      yield* ended(ask(pool))
      yield* Effect.promise(() => until(() => waiting.length === 1))
      pool.retire()
      yield* Effect.promise(() => until(() => server.sockets.filter(({ destroyed }) => destroyed).length === 1))
      waiting[0]?.write(answer)
      assert.strictEqual(yield* ended(held), "hello")
      yield* Effect.promise(() => until(() => server.sockets.every(({ destroyed }) => destroyed)))
    })
  )

  it.scopedLive("are closed when it is destroyed, whatever they are doing", () =>
    Effect.gen(function* () {
      const { pool, server } = yield* against((socket, text) => {
        if (!text.includes("/wait")) socket.write(answer)
      })
      const held = ask(pool, { path: "/wait" })
      yield* ended(ask(pool))
      yield* Effect.promise(() => Promise.all([pool.destroy(), pool.destroy()]))
      assert.strictEqual(yield* broken(held), "the connections were closed")
      yield* Effect.promise(() => until(() => server.sockets.every(({ destroyed }) => destroyed)))
      assert.strictEqual(yield* broken(ask(pool)), "the connections were closed")
    })
  )
})
