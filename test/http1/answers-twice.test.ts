import type * as net from "node:net"
import { createSecureContext } from "node:tls"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as ConnectionPool from "../../src/http1/ConnectionPool.js"
import { ask, ended, rested } from "../support/Asking.js"
import { cert, key } from "../support/certificate.js"
import * as RawServer from "../support/RawServer.js"

const answerTo = (path: string) => `HTTP/1.1 200 OK\r\ncontent-length: ${path.length}\r\n\r\n${path}`

/** A pool, and a server that writes whatever it likes for each path that it is asked for. */
const against = (write: (socket: net.Socket, answer: string, path: string) => void, secure = false) =>
  Effect.gen(function* () {
    const onRead = (socket: net.Socket, text: string) => {
      for (const [, path = ""] of text.matchAll(/GET (\S+)/g)) write(socket, answerTo(path), path)
    }
    const server = yield* RawServer.make(onRead, secure ? { secure: { cert, key } } : {})
    const url = new URL(`${secure ? "https" : "http"}://localhost:${server.port}`)
    const pool = yield* Effect.acquireRelease(
      Effect.sync(() =>
        ConnectionPool.make({
          url,
          timeout: 5_000,
          ...(secure ? { secureContext: () => createSecureContext({ ca: cert }) } : {})
        })
      ),
      (pool) => Effect.promise(() => pool.destroy())
    )
    return { pool, server }
  })

/** So many callers, each of whom asks again as soon as it is answered, each time for something else; who got what is not its own? */
const askAll = async (pool: ConnectionPool.ConnectionPool, callers: number, each: number) => {
  const wrong: Array<string> = []
  const call = async (caller: number) => {
    for (let times = 0; times < each; times++) {
      const path = `/${caller}/${times}`
      const text = await ask(pool, { path }).end.catch(() => path)
      if (text !== path) wrong.push(`${path} got ${text}`)
    }
  }
  await Promise.all(Array.from({ length: callers }, (_, caller) => call(caller)))
  return wrong
}

describe("a server that answers twice", () => {
  it.scopedLive.each<[string, boolean, (socket: net.Socket, answer: string) => void]>([
    ["in one write", false, (socket, answer) => void socket.write(answer + answer)],
    ["in one write, over TLS", true, (socket, answer) => void socket.write(answer + answer)],
    [
      "in two records of TLS",
      true,
      (socket, answer) => {
        socket.cork()
        socket.write(answer)
        socket.write(answer)
        socket.uncork()
      }
    ],
    [
      "right behind",
      false,
      (socket, answer) => {
        socket.write(answer)
        setImmediate(() => socket.write(answer))
      }
    ],
    [
      "at the end of what is read at once",
      false,
      (socket, answer) => {
        const [, path = ""] = answer.split("\r\n\r\n")
        const head = `HTTP/1.1 200 OK\r\ncontent-length: ${path.length}\r\nx-fill: `
        const fill = "x".repeat(64 * 1024 - head.length - 4 - path.length)
        socket.write(`${head}${fill}\r\n\r\n${path}${answer}`)
      }
    ]
  ])("%s gives nobody another's answer", ([, secure, write]) =>
    Effect.gen(function* () {
      const { pool } = yield* against(write, secure)
      assert.deepStrictEqual(yield* Effect.promise(() => askAll(pool, 8, 50)), [])
    })
  )

  it.scopedLive("a moment later gives hardly anybody another's answer, and gets no second request", () =>
    Effect.gen(function* () {
      const { pool, server } = yield* against((socket, answer) => {
        socket.write(answer)
        setTimeout(() => socket.write(answer), 2)
      })
      const wrong = yield* Effect.promise(() => askAll(pool, 8, 50))
      assert.isAtMost(wrong.length, 8)
      const before = server.sockets.length
      for (const path of ["/a", "/b", "/c"]) assert.strictEqual(yield* ended(ask(pool, { path })), path)
      assert.strictEqual(server.sockets.length, before + 3)
    })
  )
})

describe("a server that answers once", () => {
  it.scopedLive.each([1, 8, 32])("keeps its connections for %d callers", (callers) =>
    Effect.gen(function* () {
      const { pool, server } = yield* against((socket, answer) => void socket.write(answer))
      const each = Math.ceil(3_000 / callers)
      assert.deepStrictEqual(yield* Effect.promise(() => askAll(pool, callers, each)), [])
      // Whoever asks without a pause needs more than one, since each rests a moment.
      assert.isBelow(server.sockets.length, 500)
      yield* Effect.promise(rested)
      const before = server.sockets.length
      for (let times = 0; times < 20; times++) assert.strictEqual(yield* ended(ask(pool, { path: "/x" })), "/x")
      assert.strictEqual(server.sockets.length, before)
    })
  )
})
