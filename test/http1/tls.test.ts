import { createSecureContext, TLSSocket } from "node:tls"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as ConnectionPool from "../../src/http1/ConnectionPool.js"
import { ask, broken, ended } from "../support/Asking.js"
import * as RawServer from "../support/RawServer.js"
import { until } from "../support/Until.js"
import { cert, key } from "../support/certificate.js"

const answer = "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello"

const secureContext = () => createSecureContext({ ca: cert })

const poolOf = (port: number, more: Partial<Parameters<typeof ConnectionPool.make>[0]> = {}) =>
  Effect.acquireRelease(
    Effect.sync(() =>
      ConnectionPool.make({ url: new URL(`https://localhost:${port}/v1`), timeout: 5_000, secureContext, ...more })
    ),
    (pool) => Effect.promise(() => pool.destroy())
  )

describe("a connection with TLS", () => {
  it.scopedLive("names its host, agrees on HTTP/1.1, and serves again", () =>
    Effect.gen(function* () {
      const names: Array<string> = []
      const secure = {
        cert,
        key,
        ALPNProtocols: ["http/1.1"],
        SNICallback: (name: string, done: (error: Error | null) => void) => {
          names.push(name)
          done(null)
        }
      }
      const server = yield* RawServer.make((socket) => void socket.write(answer), { secure })
      const pool = yield* poolOf(server.port)
      assert.deepEqual([yield* ended(ask(pool)), yield* ended(ask(pool))], ["hello", "hello"])
      assert.strictEqual(server.sockets.length, 1)
      assert.deepEqual(names, ["localhost"])
      assert.propertyVal(server.sockets[0], "alpnProtocol", "http/1.1")
    })
  )

  it.scopedLive("goes on with the session of the one before", () =>
    Effect.gen(function* () {
      const server = yield* RawServer.make(
        (socket) => void socket.end(answer.replace("\r\n", "\r\nconnection: close\r\n")),
        { secure: { cert, key } }
      )
      const pool = yield* poolOf(server.port)
      // The server's sockets tell only while they are there.
      const hello = () => Effect.promise(() => ask(pool).end)
      assert.deepEqual([yield* hello(), yield* hello()], ["hello", "hello"])
      const reused = server.sockets.map((socket) => socket instanceof TLSSocket && socket.isSessionReused() === true)
      assert.deepEqual(reused, [false, true])
    })
  )

  it.scopedLive("carries large bodies both ways", () =>
    Effect.gen(function* () {
      const body = "caf\xe9 ".repeat(1_000_000)
      const size = Buffer.byteLength(body)
      let read = 0
      const server = yield* RawServer.make(
        (socket, text) => {
          read += text.length
          if (read >= size) socket.end(`HTTP/1.1 200 OK\r\ncontent-length: ${size}\r\n\r\n${body}`)
        },
        { secure: { cert, key } }
      )
      const pool = yield* poolOf(server.port)
      const asking = ask(
        pool,
        { method: "POST", body },
        {
          onResponseData: (controller) => {
            controller.pause()
            setImmediate(() => controller.resume())
          }
        }
      )
      assert.isTrue((yield* ended(asking)) === body)
    })
  )

  it.scopedLive("is not made to whom nobody vouches for", () =>
    Effect.gen(function* () {
      const server = yield* RawServer.make((socket) => void socket.write(answer), { secure: { cert, key } })
      const pool = ConnectionPool.make({ url: new URL(`https://localhost:${server.port}`), timeout: 5_000 })
      const asking = ask(pool)
      assert.match(yield* broken(asking), /self-signed certificate/)
      assert.deepEqual(asking.told, ["error"])
    })
  )

  it.scopedLive("is not made to another host than the certificate's", () =>
    Effect.gen(function* () {
      const server = yield* RawServer.make((socket) => void socket.write(answer), { secure: { cert, key } })
      const pool = yield* poolOf(server.port, { url: new URL(`https://127.0.0.1:${server.port}`) })
      assert.match(yield* broken(ask(pool)), /IP: 127\.0\.0\.1 is not in the cert's list/)
    })
  )

  it.scopedLive("is given up when it takes too long", () =>
    Effect.gen(function* () {
      const server = yield* RawServer.make(() => {})
      const asking = ask(yield* poolOf(server.port, { timeout: 50 }))
      assert.strictEqual(yield* broken(asking), "no connection within 50 ms")
      assert.deepEqual(asking.told, ["error"])
      yield* Effect.promise(() => until(() => server.sockets.every(({ destroyed }) => destroyed)))
    })
  )
})
