import * as fs from "node:fs"
import { assert, describe, it } from "@effect/vitest"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Effect from "effect/Effect"
import * as Transport from "../../src/upstream/Transport.js"
import { backend } from "../domain/generators.js"
import { ask, broken, ended } from "../support/Asking.js"
import * as Caller from "../support/Caller.js"
import { cert, key } from "../support/certificate.js"
import * as ForwardProxy from "../support/ForwardProxy.js"
import * as RawServer from "../support/RawServer.js"
import * as ScriptedUpstream from "../support/ScriptedUpstream.js"
import * as Temp from "../support/Temp.js"
import * as TestGateway from "../support/TestGateway.js"

const answer = "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello"

/** A server that keeps what it read. */
const server = (secure: boolean) =>
  Effect.gen(function* () {
    const read: Array<string> = []
    const { port, sockets } = yield* RawServer.make(
      (socket, text) => {
        read.push(text)
        socket.write(answer)
      },
      secure ? { secure: { cert, key } } : {}
    )
    return { port, sockets, read }
  })

const poolOf = (more: object) =>
  Effect.acquireRelease(
    Effect.sync(() => Transport.http1.pool(backend(more))),
    (pool) => Effect.promise(() => pool.destroy())
  )

const authority = Effect.map(Temp.directory, (folder) => {
  fs.writeFileSync(`${folder}/ca.pem`, cert)
  return `${folder}/ca.pem`
})

describe("a backend behind a proxy", () => {
  it.scopedLive.each([undefined, "us er:pa:ss%/é"])(
    "of http: is asked for by its whole URL, with credentials of %s",
    (credentials) =>
      Effect.gen(function* () {
        const { port, read } = yield* server(false)
        const proxy = yield* ForwardProxy.make(credentials === undefined ? {} : { credentials })
        const [user = "", ...password] = credentials?.split(":") ?? []
        const at =
          credentials === undefined ? "" : `${encodeURIComponent(user)}:${encodeURIComponent(password.join(":"))}@`
        const origin = `http://models.test:${port}`
        const pool = yield* poolOf({ base_url: `${origin}/v1`, proxy: `http://${at}${proxy.url}` })
        const headers = { authorization: "Bearer x" }
        const asking = () => ask(pool, { origin, path: "/v1/models", headers })
        assert.deepEqual([yield* ended(asking()), yield* ended(asking())], ["hello", "hello"])
        assert.deepEqual([...new Set(proxy.asked.map(({ line }) => line))], [`GET ${origin}/v1/models`])
        assert.include(read[0], `host: models.test:${port}\r\n`)
        assert.include(read[0], "authorization: Bearer x\r\n")
        assert.notInclude(read.join("").toLowerCase(), "proxy-authorization")
        assert.deepEqual(headers, { authorization: "Bearer x" })
      })
  )

  it.scopedLive("of https: is asked through a tunnel, with a certificate of its own, and the proxy sees no key", () =>
    Effect.gen(function* () {
      const { port, read, sockets } = yield* server(true)
      const proxy = yield* ForwardProxy.make({ credentials: "me:secret" })
      const origin = `https://localhost:${port}`
      const pool = yield* poolOf({
        base_url: `${origin}/v1`,
        proxy: `http://me:secret@${proxy.url}`,
        tls: { ca: yield* authority }
      })
      const asking = () => ask(pool, { origin, headers: { authorization: "Bearer x" } })
      assert.deepEqual([yield* ended(asking()), yield* ended(asking())], ["hello", "hello"])
      assert.deepEqual(
        proxy.asked.map(({ line }) => line),
        [`CONNECT localhost:${port}`]
      )
      assert.strictEqual(sockets.length, 1)
      assert.notInclude(read.join("").toLowerCase(), "proxy")
    })
  )

  it.scopedLive.each([
    ["refuses", "https", 502, { credentials: "me:secret" }],
    ["refuses", "http", 502, { credentials: "me:secret" }],
    ["forbids", "https", 502, { manner: "forbids" }],
    ["hangs up", "https", 502, { manner: "hangs up" }],
    ["is silent", "https", 504, { manner: "silent" }]
  ] as const)("cannot be reached when the proxy %s, over %s", ([, scheme, status, options]) =>
    Effect.gen(function* () {
      const upstream = yield* server(false)
      const proxy = yield* ForwardProxy.make(options)
      const gateway = yield* TestGateway.make({
        openai_clients: [
          TestGateway.backend("a", `${scheme}://models.test:${upstream.port}/v1`, {
            proxy: `http://me:wrong-secret@${proxy.url}`,
            timeouts: { connect: "200ms" }
          })
        ]
      })
      const response = yield* Effect.promise(() => gateway.post("/v1/chat/completions", TestGateway.chat()))
      assert.strictEqual(response.status, status)
      const told =
        (yield* Effect.promise(() => response.text())) + JSON.stringify(yield* Effect.promise(() => gateway.record(0)))
      assert.notInclude(told, "wrong-secret")
      assert.notInclude(told, Buffer.from("me:wrong-secret").toString("base64"))
      assert.strictEqual(upstream.read.length, 0)
      const { length } = proxy.asked
      yield* Effect.sleep(300)
      // It is not asked on and on for what nobody waits for.
      assert.isAtMost(proxy.asked.length, length + 1)
      assert.isAtMost(proxy.asked.length, 8)
    })
  )

  it.scopedLive("cannot be reached when there is none", () =>
    Effect.gen(function* () {
      const none = yield* Effect.scoped(RawServer.make(() => {}))
      const pool = yield* poolOf({ base_url: "https://models.test/v1", proxy: `http://127.0.0.1:${none.port}` })
      const asking = ask(pool, { origin: "https://models.test" })
      assert.match(yield* broken(asking), /ECONNREFUSED/)
      assert.deepEqual(asking.told, ["error"])
    })
  )
})

describe("the proxies of the environment", () => {
  it.scopedLive("are taken by whoever says nothing else, and not for the loopback", () =>
    Effect.gen(function* () {
      const upstream = yield* ScriptedUpstream.make(ScriptedUpstream.answerWell("through"))
      const { port } = new URL(upstream.url)
      const proxy = yield* ForwardProxy.make()
      const env = ConfigProvider.fromMap(new Map([["HTTP_PROXY", proxy.url]]))
      const asked = (url: string, more = {}) =>
        Effect.gen(function* () {
          const gateway = yield* TestGateway.make({ openai_clients: [TestGateway.backend("a", url, more)] })
          return yield* Effect.promise(() => Caller.ask(gateway.client, true).then(({ content }) => content))
        }).pipe(Effect.scoped, Effect.withConfigProvider(env))
      assert.strictEqual(yield* asked(`http://models.test:${port}/v1`), "through")
      assert.strictEqual(proxy.asked.length, 1)
      assert.strictEqual(yield* asked(upstream.url), "through")
      assert.strictEqual(yield* asked(`http://localhost:${port}/v1`, { proxy: "none" }), "through")
      assert.strictEqual(proxy.asked.length, 1)
    })
  )
})
