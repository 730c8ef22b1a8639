import { once } from "node:events"
import * as fs from "node:fs"
import * as http from "node:http"
import { TLSSocket } from "node:tls"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { vi } from "vitest"
import * as Transport from "../../src/upstream/Transport.js"
import { undici } from "../../src/upstream/UndiciTransport.js"
import { backend } from "../domain/generators.js"
import { ask, broken, ended } from "../support/Asking.js"
import * as Caller from "../support/Caller.js"
import * as Certificates from "../support/Certificates.js"
import * as ForwardProxy from "../support/ForwardProxy.js"
import * as RawServer from "../support/RawServer.js"
import * as Temp from "../support/Temp.js"
import * as TestGateway from "../support/TestGateway.js"

const transports = { http1: Transport.http1, undici }
const each = ["http1", "undici"] as const

const poolOf = (transport: keyof typeof transports, more: object) =>
  Effect.acquireRelease(
    Effect.sync(() => transports[transport].pool(backend({ timeouts: { connect: "5s" }, ...more }))),
    (pool) => Effect.promise(() => pool.destroy())
  )

const completion = {
  choices: [{ index: 0, message: { role: "assistant", content: "local" }, finish_reason: "stop" }]
}

describe("a backend on a Unix socket", () => {
  it.scopedLive.each(each)("answers under the path behind its colon, by %s", (transport) =>
    Effect.gen(function* () {
      const folder = yield* Temp.directory
      const path = `${folder}/a model:1.sock`
      const asked: Array<string> = []
      const server = http.createServer((request, response) => {
        asked.push(`${request.url} ${request.headers.host}`)
        response.setHeader("content-type", "application/json").end(JSON.stringify(completion))
      })
      yield* Effect.acquireRelease(
        Effect.promise(() => once(server.listen(path), "listening")),
        () => Effect.sync(() => server.close().closeAllConnections())
      )
      const base_url = `http+unix://${folder}/a%20model%3A1.sock:/v1`
      const gateway = yield* TestGateway.make({
        openai_clients: [TestGateway.backend("a", base_url)],
        server: { upstream: transport }
      })
      assert.strictEqual((yield* Effect.promise(() => Caller.ask(gateway.client, false))).content, "local")
      assert.deepEqual(asked, ["/v1/chat/completions localhost"])
    })
  )

  it.scopedLive("that is not there cannot be reached, and callers are not told where it would be", () =>
    Effect.gen(function* () {
      const gateway = yield* TestGateway.make({
        openai_clients: [TestGateway.backend("a", "http+unix:///nowhere/model.sock:/v1", { retries: 0 })]
      })
      const response = yield* Effect.promise(() => gateway.post("/v1/chat/completions", TestGateway.chat()))
      assert.strictEqual(response.status, 502)
      assert.notInclude(yield* Effect.promise(() => response.text()), "nowhere")
      assert.include(JSON.stringify(yield* Effect.promise(() => gateway.record(0))), "ENOENT")
    })
  )
})

const answer = "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello"

/** A server that asks for a certificate of the authority, and keeps the names that it is shown. */
const asking = (files: Certificates.Certificates) =>
  Effect.gen(function* () {
    const names: Array<unknown> = []
    const { port } = yield* RawServer.make(
      (socket) => {
        names.push(socket instanceof TLSSocket ? socket.getPeerCertificate().subject.CN : "")
        socket.write(answer)
        socket.end()
      },
      {
        secure: {
          cert: fs.readFileSync(files.server.cert),
          key: fs.readFileSync(files.server.key),
          ca: fs.readFileSync(files.ca),
          requestCert: true,
          rejectUnauthorized: true
        }
      }
    )
    return { names, origin: `https://localhost:${port}` }
  })

describe("a backend with certificates of its own", () => {
  it.scopedLive("is trusted and shown one, by either client and behind a proxy", () =>
    Effect.gen(function* () {
      const files = Certificates.make(yield* Temp.directory)
      const { names, origin } = yield* asking(files)
      const proxy = `http://${(yield* ForwardProxy.make()).url}`
      const tls = { ca: files.ca, ...files.client }
      for (const more of [{}, { proxy }]) {
        for (const transport of each) {
          const pool = yield* poolOf(transport, { base_url: origin, tls, ...more })
          assert.strictEqual(yield* ended(ask(pool, { origin })), "hello")
          const stranger = yield* poolOf(transport, { base_url: origin, ...more })
          assert.match(yield* broken(ask(stranger, { origin })), /self-signed certificate|unable to verify/)
          const nobody = yield* poolOf(transport, { base_url: origin, tls: { ca: files.ca }, ...more })
          assert.notStrictEqual(yield* broken(ask(nobody, { origin })), "it ended")
        }
      }
      assert.deepEqual(
        names,
        Array.from({ length: 4 }, () => "A gateway")
      )
    })
  )

  it.scopedLive("is met with the files as they are now, once they fit together", () =>
    Effect.gen(function* () {
      const folder = yield* Temp.directory
      const [old, later] = [Certificates.make(`${folder}/old`), Certificates.make(`${folder}/later`)]
      const { origin } = yield* asking(later)
      const copy = (from: Certificates.Certificates) => fs.copyFileSync(from.ca, `${folder}/ca.pem`)
      copy(old)
      let now = performance.now()
      const clock = vi.spyOn(performance, "now").mockImplementation(() => now)
      yield* Effect.addFinalizer(() => Effect.sync(() => clock.mockRestore()))
      const pools = yield* Effect.forEach(each, (transport) =>
        poolOf(transport, { base_url: origin, tls: { ca: `${folder}/ca.pem`, ...later.client } })
      )
      const heard = () =>
        Effect.forEach(pools, (pool) => Effect.promise(() => ask(pool, { origin }).end.catch(() => "no")))
      assert.deepEqual(yield* heard(), ["no", "no"])
      fs.writeFileSync(`${folder}/ca.pem`, "half a certif")
      now += 6_000
      assert.deepEqual(yield* heard(), ["no", "no"])
      copy(later)
      assert.deepEqual(yield* heard(), ["no", "no"])
      now += 6_000
      assert.deepEqual(yield* heard(), ["hello", "hello"])
    })
  )
})
