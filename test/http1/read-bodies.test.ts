import { Readable } from "node:stream"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as ConnectionPool from "../../src/http1/ConnectionPool.js"
import { ask, broken, ended } from "../support/Asking.js"
import * as Caller from "../support/Caller.js"
import * as RawServer from "../support/RawServer.js"

const poolOf = (port: number) =>
  Effect.acquireRelease(
    Effect.sync(() => ConnectionPool.make({ url: new URL(`http://127.0.0.1:${port}/v1`), timeout: 5_000 })),
    (pool) => Effect.promise(() => pool.destroy())
  )

const answer = "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello"

const piece = Buffer.alloc(64 * 1024, "x")

/** A body of so many pieces, and how many of them have been read. */
const bodyOf = (count: number) => {
  const state = { read: 0, isOpen: true }
  const pieces = function* () {
    try {
      for (; state.read < count; state.read++) yield piece
    } finally {
      state.isOpen = false
    }
  }
  return { state, body: Readable.from(pieces(), { objectMode: false }), length: count * piece.length }
}

const sent = ({ body, length }: ReturnType<typeof bodyOf>) => ({
  method: "POST" as const,
  headers: { "content-length": String(length) },
  body
})

describe("a body that is read while it is sent", () => {
  it.scopedLive("arrives whole, and its connection serves again", () =>
    Effect.gen(function* () {
      const seen = { text: "", answered: 0 }
      const server = yield* RawServer.make((socket, text) => {
        seen.text += text
        const isWhole = seen.text.length >= seen.text.indexOf("\r\n\r\n") + 4 + 20 * piece.length
        if (!isWhole) return
        seen.answered++
        socket.write(answer)
      })
      const pool = yield* poolOf(server.port)
      for (let n = 0; n < 2; n++) {
        seen.text = ""
        const body = bodyOf(20)
        assert.strictEqual(yield* ended(ask(pool, sent(body))), "hello")
        assert.isFalse(body.state.isOpen)
        assert.strictEqual(seen.text.match(/content-length/g)?.length, 1)
      }
      assert.strictEqual(server.sockets.length, 1)
    })
  )

  it.scopedLive("waits for a server that does not read", () =>
    Effect.gen(function* () {
      const begun = Caller.latch()
      const server = yield* RawServer.make((socket) => {
        socket.pause()
        begun.open()
      })
      const pool = yield* poolOf(server.port)
      const body = bodyOf(1_000)
      const asking = ask(pool, sent(body))
      yield* Effect.promise(() => begun.promise)
      let before = -1
      while (before !== body.state.read) {
        before = body.state.read
        yield* Effect.sleep("100 millis")
      }
      assert.isBelow(body.state.read, 500)
      asking.controller()?.abort(new Error("enough"))
      yield* broken(asking)
      body.body.destroy()
      yield* Effect.promise(() => new Promise((resolve) => body.body.once("close", resolve)))
      assert.isFalse(body.state.isOpen)
    })
  )

  it.scopedLive("does not go on behind an answer that comes before its end: its connection serves nobody else", () =>
    Effect.gen(function* () {
      const server = yield* RawServer.make((socket) => {
        if (socket.bytesWritten === 0) socket.write("HTTP/1.1 413 Too Large\r\ncontent-length: 2\r\n\r\nno")
        socket.pause()
      })
      const pool = yield* poolOf(server.port)
      assert.strictEqual(yield* ended(ask(pool, sent(bodyOf(1_000)))), "no")
      assert.strictEqual(yield* ended(ask(pool)), "no")
      assert.strictEqual(server.sockets.length, 2)
    })
  )

  it.scopedLive("that breaks off breaks its connection", () =>
    Effect.gen(function* () {
      const server = yield* RawServer.make(() => {})
      const pool = yield* poolOf(server.port)
      const pieces = function* () {
        yield piece
        throw new Error("the disk is gone")
      }
      const body = Readable.from(pieces(), { objectMode: false })
      const headers = { "content-length": String(2 * piece.length) }
      assert.strictEqual(yield* broken(ask(pool, { method: "POST", headers, body })), "the disk is gone")
    })
  )
})
