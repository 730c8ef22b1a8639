import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Health from "../../src/cli/Health.js"
import * as Caller from "../support/Caller.js"
import * as ChildGateway from "../support/ChildGateway.js"
import * as CommandLine from "../support/CommandLine.js"
import * as ScriptedUpstream from "../support/ScriptedUpstream.js"
import * as Temp from "../support/Temp.js"
import * as TestGateway from "../support/TestGateway.js"

const portOf = (url: string): string => new URL(url).port

/** Asks what answers every request as this script does. */
const health = (script: (call: ScriptedUpstream.Call) => void, args: ReadonlyArray<string> = []) =>
  Effect.gen(function* () {
    const server = yield* ScriptedUpstream.make(script)
    const ran = yield* CommandLine.run(Health.command, args, { SERVER_PORT: portOf(server.url) })
    return { ...ran, url: `http://127.0.0.1:${portOf(server.url)}`, received: server.received }
  })

describe("causeway health", () => {
  it.scopedLive("is well with a gateway that is ready, wherever it was told to listen", () =>
    Effect.gen(function* () {
      const gateway = yield* TestGateway.make({ openai_clients: [TestGateway.backend("demo", "demo:")] })
      const port = portOf(gateway.url)
      for (const [args, env] of [
        [["--port", port], {}],
        [[], { SERVER_PORT: port }],
        [[], { SERVER_PORT: port, SERVER_HOST: "0.0.0.0" }],
        [["--host", "localhost", "--port", port], { SERVER_HOST: "192.0.2.1" }]
      ] as const) {
        const { err, ok, out } = yield* CommandLine.run(Health.command, args, env)
        assert.isTrue(ok, err)
        assert.match(out, new RegExp(`^http://(127\\.0\\.0\\.1|localhost):${port} is ready\n$`))
      }
    })
  )

  it.scopedLive("asks for /ready alone, and says what it is told of records", () =>
    Effect.gen(function* () {
      const waiting = { status: "ready", records: "waiting", records_waiting: 12, records_lost: 1 }
      const { ok, out, received, url } = yield* health((call) => call.json(200, waiting))
      assert.isTrue(ok)
      assert.strictEqual(out, `${url} is ready, 12 records waiting to be written, 1 record lost\n`)
      assert.deepStrictEqual(
        received.map(({ method, path }) => `${method} ${path}`),
        ["GET /ready"]
      )
      const json = yield* health((call) => call.json(200, waiting), ["--json"])
      assert.deepStrictEqual(Caller.parse(json.out), { url: json.url, ...waiting })
    })
  )

  for (const [name, script, args, text] of [
    ["a gateway that drains", (call) => call.json(503, { status: "draining" }), [], / is draining\n$/],
    ["another server", (call) => call.json(200, { status: "ok" }), [], /ready: it is no Causeway/],
    ["a page", (call) => call.json(404, "<html>"), [], /ready: it is no Causeway/],
    ["a redirect", (call) => void call.response.writeHead(302, { location: "/" }).end(), [], /redirect/],
    ["a server that says nothing", () => {}, ["--timeout", "50ms"], /nothing within 50ms/],
    ["a server that begins to answer", (call) => call.write("{"), ["--timeout", "50ms"], /nothing within 50ms/]
  ] as const satisfies ReadonlyArray<
    readonly [string, (call: ScriptedUpstream.Call) => void, ReadonlyArray<string>, RegExp]
  >) {
    it.scopedLive(`is not well with ${name}`, () =>
      Effect.gen(function* () {
        const { err, ok, out } = yield* health(script, args)
        assert.isFalse(ok)
        assert.match(out + err, text)
      })
    )
  }

  it.scopedLive("is not well where nobody listens, and says which port is none", () =>
    Effect.gen(function* () {
      const { port } = new URL(yield* Caller.closedUrl)
      const refused = yield* CommandLine.run(Health.command, [], { SERVER_PORT: port })
      assert.isFalse(refused.ok)
      assert.match(
        refused.err,
        new RegExp(`^http://127\\.0\\.0\\.1:${port} does not say that it is ready: .*ECONNREFUSED`)
      )
      for (const [args, env] of [
        [[], { SERVER_PORT: "0" }],
        [["--port", "70000"], {}]
      ] as const) {
        const { err, ok, out } = yield* CommandLine.run(Health.command, args, env)
        assert.isFalse(ok)
        assert.match(out + err, /expected a port from 1 to 65535/)
      }
    })
  )

  it.scopedLive("ends a process with its exit code", () =>
    Effect.gen(function* () {
      const folder = yield* Temp.directory
      const { port } = new URL(yield* Caller.closedUrl)
      const server = yield* ScriptedUpstream.make((call) => call.json(200, { status: "ready" }))
      const run = (env: Readonly<Record<string, string>>) =>
        Effect.flatMap(ChildGateway.make({ folder, flags: ["health"], env }), ({ exit }) => Effect.promise(() => exit))
      const codes = yield* Effect.all([run({ SERVER_PORT: port }), run({ SERVER_PORT: portOf(server.url) })], {
        concurrency: 2
      })
      assert.deepStrictEqual(codes, [1, 0])
      // It needs no configuration, and writes nothing.
      assert.deepStrictEqual(Temp.names(folder), [])
    })
  )
})
