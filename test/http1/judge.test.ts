import * as http from "node:http"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as fc from "effect/FastCheck"
import * as ConnectionPool from "../../src/http1/ConnectionPool.js"
import { ask } from "../support/Asking.js"
import * as RawServer from "../support/RawServer.js"

const heads = [
  "HTTP/1.1 200 OK\r\n",
  "HTTP/1.1 204 No Content\r\n",
  "HTTP/1.0 200 OK\r\n",
  "HTTP/1.1 500\r\n",
  "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n"
]

const lines = [
  "content-length: 5\r\n",
  "Content-Length: 11\r\n",
  "transfer-encoding: chunked\r\n",
  "connection: close\r\n",
  "connection: keep-alive\r\n",
  "x-a:\tb c \r\n",
  "x-a: d\r\n"
]

const bodies = [
  "hello",
  "hello world",
  "5\r\nhello\r\n0\r\n\r\n",
  "5;a=b\r\nhello\r\nB\r\n hello worl\r\n0\r\nx: y\r\n\r\n",
  ""
]

const responses = fc
  .tuple(fc.constantFrom(...heads), fc.subarray(lines), fc.constantFrom(...bodies))
  .map(([head, headers, body]) => `${head}${headers.join("")}\r\n${body}`)

/** A response in which some characters are others. */
const damaged = fc
  .tuple(
    responses,
    fc.array(fc.tuple(fc.nat(), fc.constantFrom("", " ", "\r", "\n", ":", "0", "9", "a", "\0", "\xe9")), {
      maxLength: 2
    })
  )
  .map(([text, changes]) =>
    changes.reduce((changed, [at, by]) => {
      const place = at % changed.length
      return changed.slice(0, place) + by + changed.slice(place + 1)
    }, text)
  )

interface Read {
  readonly status: number
  readonly body: string
}

/** What Node's own client makes of what a server says. */
const byNode = (port: number): Promise<Read | string> =>
  new Promise((resolve) => {
    const request = http.get({ port, host: "127.0.0.1", agent: false }, (response) => {
      let body = ""
      response.setEncoding("latin1")
      response.on("data", (text: string) => (body += text))
      response.on("end", () => resolve({ status: response.statusCode ?? 0, body }))
      response.on("error", (error) => resolve(error.message))
    })
    request.on("error", (error) => resolve(error.message))
  })

const byUs = (port: number): Promise<Read | string> => {
  const pool = ConnectionPool.make({ url: new URL(`http://127.0.0.1:${port}`), timeout: 5_000 })
  const pieces: Array<Uint8Array> = []
  const asking = ask(pool, {}, { onResponseData: (_, bytes) => pieces.push(bytes) })
  return asking.end
    .then(
      () => ({ status: Number(asking.told[1]), body: Buffer.concat(pieces).toString("latin1") }),
      (cause: Error) => cause.message
    )
    .finally(() => pool.destroy())
}

// On purpose: a bare CR, which ends lines for some, a status of no class, and a body in a coding that nobody asked for.
const isRefused = (said: string, node: Read, ours: Read | string): boolean =>
  /\r(?!\n)/.test(said) || node.status < 100 || (typeof ours === "string" && ours.includes(": transfer-encoding: "))

describe("whatever a server says", () => {
  it.scopedLive("is read as Node's own client reads it, where that reads it", () =>
    Effect.gen(function* () {
      let text = ""
      const server = yield* RawServer.make((socket) => void socket.end(text, "latin1"))
      let both = 0
      yield* Effect.promise(() =>
        fc.assert(
          fc.asyncProperty(damaged, async (said) => {
            text = said
            const [node, ours] = [await byNode(server.port), await byUs(server.port)]
            if (typeof node === "string" || isRefused(said, node, ours)) return
            both++
            assert.deepEqual(ours, node)
          }),
          { seed: 20_261_126, numRuns: 1000 }
        )
      )
      assert.isAbove(both, 100)
    })
  )
})
