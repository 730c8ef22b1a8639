import * as net from "node:net"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as TestGateway from "../support/TestGateway.js"

/** A connection over which one request was answered; whoever closes it, it is not the caller. */
const asked = (url: string) =>
  Effect.acquireRelease(
    Effect.sync(() => {
      const socket = net.connect(Number(new URL(url).port), "127.0.0.1")
      socket.write("GET /health HTTP/1.1\r\nhost: localhost\r\n\r\n")
      const answer = new Promise<string>((resolve) => socket.once("data", (bytes) => resolve(String(bytes))))
      const closed = new Promise<void>((resolve) => socket.on("end", resolve))
      return { socket, answer, closed }
    }),
    ({ socket }) => Effect.sync(() => socket.destroy())
  )

// Where the routes are mounted, connections are the host's.
describe.skipIf(TestGateway.isMounted)("server.idle_timeout", () => {
  const made = (server?: { readonly idle_timeout: string }) =>
    Effect.gen(function* () {
      const openai_clients = [TestGateway.backend("demo", "demo:")]
      const gateway = yield* TestGateway.make(server === undefined ? { openai_clients } : { openai_clients, server })
      return yield* asked(gateway.url)
    })

  it.scopedLive("is how long an idle connection is kept, longer than most proxies keep theirs", () =>
    Effect.gen(function* () {
      const usual = yield* made()
      assert.match(yield* Effect.promise(() => usual.answer), /^keep-alive: timeout=75\r$/im)
      const longer = yield* made({ idle_timeout: "620s" })
      assert.match(yield* Effect.promise(() => longer.answer), /^keep-alive: timeout=620\r$/im)
    })
  )

  it.scopedLive("closes the connection when it has passed", () =>
    Effect.gen(function* () {
      const { answer, closed } = yield* made({ idle_timeout: "20ms" })
      assert.match(yield* Effect.promise(() => answer), /^HTTP\/1\.1 200/)
      // It would be open for 75 s.
      yield* Effect.promise(() => closed)
    })
  )
})
