import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type * as Gateway from "../../src/Gateway.js"
import * as Caller from "../support/Caller.js"
import * as ScriptedUpstream from "../support/ScriptedUpstream.js"
import * as TestGateway from "../support/TestGateway.js"

type Script = (call: ScriptedUpstream.Call) => void
type Backends = Readonly<Record<string, { script: Script; config?: Partial<Gateway.Config["openai_clients"][number]> }>>

const { chunk } = ScriptedUpstream
const well = ScriptedUpstream.answerWell("Hello there")
const secret = "sk-secret-of-a-backend"
const rejects =
  (status: number): Script =>
  (call) =>
    call.json(status, { error: { message: `not with ${secret}`, type: "t", code: null } })

/** One request to these backends, asked in this order; times are told as `0 ms`. */
const asked = (
  backends: Backends,
  {
    body = {},
    headers = {},
    server = { explain_headers: true }
  }: {
    readonly body?: object
    readonly headers?: Record<string, string>
    readonly server?: Gateway.Config["server"]
  } = {}
) =>
  Effect.gen(function* () {
    const entries = yield* Effect.forEach(Object.entries(backends), ([name, { config, script }], index) =>
      Effect.map(ScriptedUpstream.make(script), ({ url }) =>
        TestGateway.backend(name, url, { api_key: secret, priority: index === 0 ? 1 : 0, ...config })
      )
    )
    const gateway = yield* TestGateway.make({ openai_clients: entries, ...(server === undefined ? {} : { server }) })
    const response = yield* Effect.promise(() =>
      gateway.post("/v1/chat/completions", { ...TestGateway.chat(), ...body }, headers)
    )
    const text = yield* Effect.promise(() => response.text())
    const record = yield* Effect.promise(() => gateway.record(0))
    const told = Object.fromEntries(
      Array.from(response.headers)
        .filter(([name]) => name.startsWith("x-causeway-"))
        .map(([name, value]) => [name.slice("x-causeway-".length), value.replace(/in \d+ ms/g, "in 0 ms")])
    )
    const all = JSON.stringify(Array.from(response.headers))
    for (const hidden of [secret, "127.0.0.1:", "not with"]) assert.notInclude(all, hidden)
    return { response, text, record, told }
  })

describe("server.explain_headers", () => {
  for (const stream of [false, true]) {
    const how = stream ? "a stream" : "a whole answer"

    it.scopedLive(`is off by default: ${how} says nothing of backends`, () =>
      Effect.gen(function* () {
        const { response, told } = yield* asked({ a: { script: well } }, { body: { stream }, server: {} })
        assert.strictEqual(response.status, 200)
        assert.deepStrictEqual(told, {})
      })
    )

    it.scopedLive(`says who gave ${how}`, () =>
      Effect.gen(function* () {
        const { record, response, told } = yield* asked({ a: { script: well } }, { body: { stream } })
        assert.strictEqual(response.headers.get("x-request-id"), record.id)
        assert.deepStrictEqual(told, { "request-id": record.id, backend: "a", attempts: "1; a ok 200 in 0 ms" })
      })
    )

    it.scopedLive(`says whose failures ${how} was saved from, as the record does`, () =>
      Effect.gen(function* () {
        const { record, told } = yield* asked(
          {
            a: { script: rejects(500) },
            b: { script: (call) => call.destroy(), config: { retries: 0, fallback: "spare" } },
            c: { script: well, config: { model_match: { type: "exact", value: "spare" } } }
          },
          { body: { stream } }
        )
        assert.deepStrictEqual(told, {
          "request-id": record.id,
          backend: "c",
          attempts:
            "4; a UpstreamRejected 500 in 0 ms, a UpstreamRejected 500 in 0 ms, b ConnectionLost in 0 ms, c (spare) ok 200 in 0 ms",
          rescued: "true"
        })
        assert.strictEqual(record.Backend, "c")
        assert.lengthOf(Caller.attempts(record), 4)
      })
    )

    it.scopedLive(`says why there is no answer where ${how} was asked for`, () =>
      Effect.gen(function* () {
        const { record, response, text, told } = yield* asked(
          { a: { script: rejects(503), config: { retries: 0 } }, b: { script: rejects(401) } },
          { body: { stream } }
        )
        assert.strictEqual(response.status, 401)
        assert.notInclude(text, secret)
        assert.deepStrictEqual(told, {
          "request-id": record.id,
          backend: "b",
          attempts: "2; a UpstreamRejected 503 in 0 ms, b UpstreamRejected 401 in 0 ms"
        })
      })
    )
  }

  it.scopedLive("says that nobody was asked", () =>
    Effect.gen(function* () {
      const { record, response, told } = yield* asked({ a: { script: well } }, { body: { model: "nowhere" } })
      assert.strictEqual(response.status, 404)
      assert.deepStrictEqual(told, { "request-id": record.id, attempts: "0" })
    })
  )

  it.scopedLive("cannot tell of a rescue after the head was sent; the record does", () =>
    Effect.gen(function* () {
      const breaks: Script = (call) => {
        call.events(chunk({ role: "assistant", content: "Hello" }))
        call.response.write(": on the way\n\n", () => call.destroy())
      }
      const { record, text, told } = yield* asked(
        { a: { script: breaks }, b: { script: well } },
        { body: { stream: true } }
      )
      assert.isTrue(text.endsWith("data: [DONE]\n\n"))
      assert.deepStrictEqual(told, { "request-id": record.id, backend: "a", attempts: "1; a ok 200 in 0 ms" })
      assert.strictEqual(record.Backend, "b")
      assert.deepStrictEqual(Caller.attempts(record), ["a UpstreamBroke 200", "b ok 200"])
      assert.include(record.Attempts, '"rescue":"restart"')
    })
  )

  it.scopedLive("lets an allowed page in a browser read them", () =>
    Effect.gen(function* () {
      const origin = "http://localhost:5173"
      const { response, told } = yield* asked({ a: { script: well } }, { headers: { origin } })
      const readable = (response.headers.get("access-control-expose-headers") ?? "").split(", ")
      assert.includeMembers(
        readable,
        Object.keys(told).map((name) => `x-causeway-${name}`)
      )
      assert.include(readable, "x-causeway-rescued")
      const off = yield* asked({ a: { script: well } }, { headers: { origin }, server: {} })
      assert.notInclude(off.response.headers.get("access-control-expose-headers"), "x-causeway-attempts")
    })
  )

  it.scopedLive("shows names that no header could hold", () =>
    Effect.gen(function* () {
      const name = `Köln, GPU; (2)\n${"x".repeat(200)}`
      const { told } = yield* asked({ [name]: { script: well } })
      const shown = `K%C3%B6ln%2C GPU%3B %282%29%0A${"x".repeat(100 - 15)}`
      assert.strictEqual(told["backend"], shown)
      assert.strictEqual(told["attempts"], `1; ${shown} ok 200 in 0 ms`)
    })
  )
})
