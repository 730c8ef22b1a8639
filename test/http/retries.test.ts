import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import OpenAI from "openai"
import type * as Gateway from "../../src/Gateway.js"
import * as Caller from "../support/Caller.js"
import * as ScriptedUpstream from "../support/ScriptedUpstream.js"
import * as TestGateway from "../support/TestGateway.js"

type Script = (call: ScriptedUpstream.Call) => void

const rejects =
  (status: number, headers: Record<string, string> = {}, error: object = {}): Script =>
  (call) => {
    for (const [name, value] of Object.entries(headers)) call.response.setHeader(name, value)
    call.json(status, { error: { message: `upstream says ${status}`, type: "t", code: "c", ...error } })
  }

/** Fails so often, and then answers. */
const heals = (times: number, fails: Script): Script => {
  let left = times
  return (call) => (left-- > 0 ? fails(call) : ScriptedUpstream.answerWell("healed")(call))
}

type BackendConfig = Partial<Gateway.Config["openai_clients"][number]>

const before = (script: Script, config: BackendConfig = {}) =>
  Effect.gen(function* () {
    const upstream = yield* ScriptedUpstream.make(script)
    const gateway = yield* TestGateway.make({
      openai_clients: [TestGateway.backend("a", upstream.url, { api_key: "own", ...config })]
    })
    // With the two retries that every official client has.
    const client = new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey: "sk-caller-key" })
    return { upstream, gateway, client }
  })

const post = (gateway: TestGateway.TestGateway) =>
  Effect.promise(() => gateway.post("/v1/chat/completions", TestGateway.chat()))

describe.concurrent("what the gateway did not heal", () => {
  for (const [name, fails] of [
    ["500", rejects(500)],
    ["503", rejects(503)],
    ["529", rejects(529)],
    ["408", rejects(408)],
    ["409", rejects(409)],
    ["429 with a wait", rejects(429, { "retry-after": "1" })],
    ["a reset connection", (call: ScriptedUpstream.Call) => call.destroy()]
  ] as const) {
    it.scopedLive(`lets the official client's own retries heal what the gateway's did not: ${name}`, () =>
      Effect.gen(function* () {
        // What the gateway does of its own accord is out of the way.
        const off = { retries: 0, breaker: { enabled: false } }
        const { client, upstream } = yield* before(heals(2, fails), off)
        assert.strictEqual((yield* Effect.promise(() => Caller.ask(client, true))).content, "healed")
        assert.strictEqual(upstream.received.length, 3)
      })
    )
  }

  for (const [status, told] of [
    [500, 500],
    [503, 503],
    [529, 503]
  ] as const) {
    it.scopedLive(
      `keeps the class, the words and the headers of a ${status}, also as the first event of a stream`,
      () =>
        Effect.gen(function* () {
          const { gateway } = yield* before(rejects(status, { "x-request-id": "theirs", "openai-processing-ms": "7" }))
          const response = yield* post(gateway)
          assert.strictEqual(response.status, told)
          assert.strictEqual(response.headers.get("x-upstream-request-id"), "theirs")
          assert.strictEqual(response.headers.get("openai-processing-ms"), "7")
          assert.isNull(response.headers.get("x-should-retry"))
          const error = yield* Effect.promise(() => Caller.errorOf(response))
          assert.deepInclude(error, { message: `upstream says ${status}`, type: "t", code: "c" })

          const event = yield* before((call) => {
            call.events({ error: { message: `upstream says ${status}`, type: "t", code: status } })
            call.end()
          })
          const streamed = yield* Effect.promise(() =>
            event.gateway.post("/v1/chat/completions", { ...TestGateway.chat(), stream: true })
          )
          assert.strictEqual(streamed.status, told)
          const reported = yield* Effect.promise(() => Caller.errorOf(streamed))
          assert.deepInclude(reported, { message: `upstream says ${status}`, type: "t" })
        })
    )
  }

  it.scopedLive("tells clients not to retry what is hopeless", () =>
    Effect.gen(function* () {
      for (const fails of [
        rejects(429, {}, { code: "insufficient_quota" }),
        rejects(429, {}, { type: "insufficient_quota" }),
        rejects(503, { "retry-after": "90" })
      ]) {
        const { gateway, upstream } = yield* before(fails)
        const response = yield* post(gateway)
        assert.strictEqual(response.headers.get("x-should-retry"), "false")
        assert.isAtMost(upstream.received.length, 1)
      }
    })
  )

  it.scopedLive("says when the first of the candidates is expected back", () =>
    Effect.gen(function* () {
      const a = yield* ScriptedUpstream.make(rejects(503, { "retry-after": "40" }))
      const b = yield* ScriptedUpstream.make(rejects(503, { "retry-after": "30" }))
      const gateway = yield* TestGateway.make({
        openai_clients: [TestGateway.backend("a", a.url), TestGateway.backend("b", b.url, { priority: 0 })]
      })
      const response = yield* post(gateway)
      assert.strictEqual(response.status, 503)
      const wait = Number(response.headers.get("retry-after"))
      assert.isTrue(wait >= 29 && wait <= 30, String(wait))
    })
  )

  it.scopedLive("says nothing of a wait that is over", () =>
    Effect.gen(function* () {
      const { gateway, upstream } = yield* before((call) =>
        call.number === 0 ? rejects(503, { "retry-after-ms": "20" })(call) : rejects(500)(call)
      )
      const response = yield* post(gateway)
      assert.strictEqual(response.status, 500)
      assert.strictEqual(upstream.received.length, 2)
      assert.isNull(response.headers.get("retry-after"))
    })
  )

  it.scopedLive("says so where the only one is set aside and cannot be reached", () =>
    Effect.gen(function* () {
      const gateway = yield* TestGateway.make({
        openai_clients: [
          TestGateway.backend("a", yield* Caller.closedUrl, { retries: 0, breaker: { failures: 1, open: "20s" } })
        ]
      })
      // The first one finds it out.
      assert.include([502, 503], (yield* post(gateway)).status)
      const response = yield* post(gateway)
      assert.strictEqual(response.status, 503)
      const wait = Number(response.headers.get("retry-after"))
      assert.isTrue(wait >= 1 && wait <= 40, String(wait))
    })
  )

  it.scopedLive("says nothing of when where one of them may be asked at once", () =>
    Effect.gen(function* () {
      const a = yield* ScriptedUpstream.make(rejects(500))
      const b = yield* ScriptedUpstream.make(rejects(503, { "retry-after": "30" }))
      const gateway = yield* TestGateway.make({
        openai_clients: [TestGateway.backend("a", a.url), TestGateway.backend("b", b.url, { priority: 0 })]
      })
      const response = yield* post(gateway)
      assert.strictEqual(response.status, 503)
      assert.isNull(response.headers.get("retry-after"))
    })
  )
})

describe.concurrent("input that the model does not take", () => {
  it.scopedLive("is the request's fault: its words, no second attempt, and nothing against the backend", () =>
    Effect.gen(function* () {
      const { gateway, upstream } = yield* before(
        rejects(500, {}, { message: "image input is not supported - hint: you may need to provide the mmproj" }),
        { breaker: { failures: 1 } }
      )
      for (let n = 1; n <= 3; n++) {
        const response = yield* post(gateway)
        assert.strictEqual(response.status, 400)
        const error = yield* Effect.promise(() => Caller.errorOf(response))
        assert.match(String(error["message"]), /^image input is not supported/)
        assert.strictEqual(upstream.received.length, n)
      }
    })
  )

  it.scopedLive("is taken by another candidate that can", () =>
    Effect.gen(function* () {
      const a = yield* ScriptedUpstream.make(rejects(400, {}, { message: "At most 0 image(s) may be provided" }))
      const b = yield* ScriptedUpstream.make(ScriptedUpstream.answerWell("I see"))
      const gateway = yield* TestGateway.make({
        openai_clients: [TestGateway.backend("a", a.url), TestGateway.backend("b", b.url, { priority: 0 })]
      })
      assert.strictEqual((yield* Effect.promise(() => Caller.ask(gateway.client, true))).content, "I see")
    })
  )
})

describe("attempts at one request", () => {
  it.scopedLive("count once for the breaker", () =>
    Effect.gen(function* () {
      const upstream = yield* ScriptedUpstream.make(rejects(500))
      const gateway = yield* TestGateway.make({
        server: { operator_endpoints: true },
        openai_clients: [TestGateway.backend("a", upstream.url, { retries: 2, breaker: { failures: 2 } })]
      })
      yield* post(gateway)
      assert.strictEqual(upstream.received.length, 3)
      const view = yield* Effect.promise(() => fetch(`${gateway.url}/v1/backends`).then((response) => response.text()))
      assert.include(view, "closed")
    })
  )
})
