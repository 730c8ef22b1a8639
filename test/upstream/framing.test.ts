import { assert, describe, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { HeadersTimedOut } from "../../src/domain/failure/Failure.js"
import * as ConnectionPool from "../../src/http1/ConnectionPool.js"
import type { Connections } from "../../src/http1/Dispatch.js"
import * as LightScope from "../../src/flow/LightScope.js"
import * as UpstreamCall from "../../src/upstream/UpstreamCall.js"
import { readText } from "../../src/upstream/UpstreamHead.js"
import * as RawServer from "../support/RawServer.js"

const after = Duration.seconds(10)

const headFrom = (scope: LightScope.LightScope, connections: Connections, origin: string) =>
  UpstreamCall.open(scope, connections, {
    origin,
    path: "/v1/models",
    method: "GET",
    headers: {},
    body: null,
    connectTimeout: after,
    headLimit: { after: Duration.toMillis(after), failure: () => new HeadersTimedOut({ after }) }
  })

const answers = {
  length: "content-length: 2\r\n\r\n{}",
  chunked: "transfer-encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
  close: "\r\n{}"
}

describe("the head of an answer", () => {
  it.scopedLive.each(["length", "chunked", "close"] as const)(
    "says that the end of its body is told by: %s",
    (framing) =>
      Effect.gen(function* () {
        const server = yield* RawServer.make((socket) => void socket.end(`HTTP/1.1 200 OK\r\n${answers[framing]}`))
        const origin = `http://127.0.0.1:${server.port}`
        const pool = ConnectionPool.make({ url: new URL(origin), timeout: 5_000 })
        yield* Effect.addFinalizer(() => Effect.promise(() => pool.destroy()))
        const scope = yield* LightScope.scoped
        const head = yield* headFrom(scope, pool, origin)
        assert.strictEqual(head.framing, framing)
        assert.strictEqual(yield* readText(scope, head, 100), "{}")
        assert.strictEqual(head.framing, framing)
      })
  )
})
