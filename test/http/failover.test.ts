import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import OpenAI from "openai"
import * as JsonObject from "../../src/domain/json/JsonObject.js"
import type * as Gateway from "../../src/Gateway.js"
import * as Caller from "../support/Caller.js"
import * as ScriptedUpstream from "../support/ScriptedUpstream.js"
import * as TestGateway from "../support/TestGateway.js"

type Script = (call: ScriptedUpstream.Call) => void
type BackendConfig = Partial<Gateway.Config["openai_clients"][number]>

const { chunk } = ScriptedUpstream

const rejects = (status: number, error: object = {}, headers: Readonly<Record<string, string>> = {}): Script => {
  const body = { error: { message: `upstream says ${status}`, type: "t", param: null, code: null, ...error } }
  return (call) => call.json(status, body, headers)
}

const text =
  (type: string, body: string, headers: Readonly<Record<string, string>> = {}, status = 200): Script =>
  (call) => {
    call.response.writeHead(status, { "content-type": type, ...headers })
    call.response.end(body)
  }

/** One way to fail before commit. */
interface Hazard {
  readonly name: string
  readonly script: Script
  readonly config?: BackendConfig
  /** What the record says of the attempts on this backend, in the order made. */
  readonly attempts: ReadonlyArray<string>
  readonly modes?: ReadonlyArray<"stream" | "whole">
}

const once = (status: number) => [`UpstreamRejected ${status}`]
const twice = (status: number) => [`UpstreamRejected ${status}`, `UpstreamRejected ${status}`]
const broken = ["ProtocolBroken null"]

const hazards: ReadonlyArray<Hazard> = [
  {
    name: "a connection reset before the head, tried once more",
    script: (call) => call.destroy(),
    attempts: ["ConnectionLost null", "ConnectionLost null"]
  },
  {
    name: "no head in time",
    script: () => {},
    config: { timeouts: { headers: "100ms" } },
    attempts: ["HeadersTimedOut null"],
    modes: ["stream"]
  },
  {
    name: "no answer in time, when there is time left for the next backend",
    script: () => {},
    config: { timeouts: { total: "100ms" } },
    attempts: ["TotalTimedOut null"],
    modes: ["whole"]
  },
  {
    name: "no whole answer in time after its head",
    script: (call) => {
      call.response.writeHead(200, { "content-type": "application/json" })
      call.write('{"id":')
    },
    config: { timeouts: { total: "100ms" } },
    attempts: ["TotalTimedOut null"],
    modes: ["whole"]
  },
  {
    name: "no content in time, only comments and a role",
    script: (call) => {
      call.open()
      call.write(": processing\n\n")
      call.events(chunk({ role: "assistant", content: "" }))
    },
    config: { timeouts: { first_token: "100ms" } },
    attempts: ["FirstTokenTimedOut null"],
    modes: ["stream"]
  },
  {
    name: "comments without end and no content",
    script: (call) => {
      call.open()
      const timer = setInterval(() => call.write(": still processing\n\n"), 20)
      call.response.on("close", () => clearInterval(timer))
    },
    config: { hedge: false, timeouts: { first_token: "150ms", first_token_max: "150ms", idle: "50ms" } },
    attempts: ["FirstTokenTimedOut null"],
    modes: ["stream"]
  },
  { name: "500, tried once more", script: rejects(500), attempts: twice(500) },
  { name: "408, tried once more", script: rejects(408), attempts: twice(408) },
  { name: "409, tried once more", script: rejects(409), attempts: twice(409) },
  ...[401, 402, 403, 404, 429, 502, 503, 504, 529].map((status) => ({
    name: String(status),
    script: rejects(status),
    attempts: once(status)
  })),
  { name: "429 that asks for patience", script: rejects(429, {}, { "retry-after": "2" }), attempts: once(429) },
  { name: "a redirect", script: rejects(302, {}, { location: "/elsewhere" }), attempts: once(302) },
  {
    name: "an HTML page with 520",
    script: (call) => {
      call.response.writeHead(520, { "content-type": "text/html" })
      call.response.end("<html><body>Cloudflare</body></html>")
    },
    attempts: once(520)
  },
  {
    name: "200 with an error for its body",
    script: (call) => call.json(200, { error: { message: "slow down", code: 429 } }),
    attempts: once(429)
  },
  {
    name: "200 with an error text for its body",
    script: (call) => call.json(200, { error: "Unexpected endpoint or method. (POST /v1/chat/completions)" }),
    attempts: once(502)
  },
  { name: "200 with a JSON list for its body", script: text("application/json", "[]"), attempts: broken },
  { name: "200 with no choices", script: text("application/json", '{"choices":null}'), attempts: once(503) },
  { name: "200 with an empty body", script: text("application/json", ""), attempts: broken },
  { name: "200 with an HTML page", script: text("text/html", "<html><p>Hi</p></html>"), attempts: broken },
  {
    name: "200 with an HTML page that claims to be something else",
    script: text("text/plain", "<html><p>Hi</p></html>"),
    attempts: broken
  },
  {
    name: "200 that is compressed",
    script: text("application/json", "\u001f\u008b", { "content-encoding": "gzip" }),
    attempts: broken
  },
  {
    name: "a whole answer that breaks off",
    script: (call) => {
      call.response.writeHead(200, { "content-type": "application/json", "content-length": "1000" })
      call.response.write('{"id":"x","choices":[', () => call.destroy())
    },
    attempts: broken
  },
  {
    name: "a whole answer that is cut and ends",
    script: text("application/json", '{"id":"x","choices":[{"index":0,"message":{"role":"assistant","content":"Hel'),
    attempts: broken
  },
  {
    name: "a stream that says nothing without end",
    script: (call) => {
      call.open()
      const comment = `: ${"x".repeat(64 * 1024)}\n`
      const pour = (): void => {
        while (!call.response.destroyed)
          if (!call.response.write(comment)) return void call.response.once("drain", pour)
      }
      pour()
    },
    attempts: broken,
    modes: ["stream"]
  },
  { name: "an empty stream", script: text("text/event-stream", ""), attempts: broken },
  { name: "a stream of nothing but [DONE]", script: text("text/event-stream", "data: [DONE]\n\n"), attempts: broken },
  {
    name: "a stream that ends after the role",
    script: (call) => {
      call.events(chunk({ role: "assistant", content: "" }))
      call.end()
    },
    attempts: broken
  },
  {
    name: "a stream that is [DONE] after the role",
    script: (call) => {
      call.events(chunk({ role: "assistant", content: "" }), "[DONE]")
      call.end()
    },
    attempts: broken
  },
  {
    name: "a stream that is cut after the role",
    script: (call) => {
      call.open()
      const event = `data: ${JSON.stringify(chunk({ role: "assistant", content: "" }))}\n\n`
      call.response.write(event, () => call.destroy())
    },
    attempts: broken
  },
  {
    name: "an error in the stream before any content",
    script: (call) => {
      call.events(chunk({ role: "assistant" }), { error: { message: "overloaded", type: "server_error", code: 503 } })
      call.end()
    },
    attempts: once(503)
  },
  {
    name: "an event named error before any content",
    script: (call) => {
      call.open()
      call.write('event: error\ndata: {"message":"boom"}\n\n')
      call.end()
    },
    attempts: once(502)
  },
  {
    name: "llama.cpp's error line before any content",
    script: (call) => {
      call.open()
      call.write('error: {"code":500,"message":"boom","type":"server_error"}\n\ndata: [DONE]\n\n')
      call.end()
    },
    attempts: twice(500)
  },
  {
    name: "a finish_reason of error before any content",
    script: (call) => {
      call.events(chunk({}, "error"), "[DONE]")
      call.end()
    },
    attempts: once(502)
  },
  {
    name: "a first event that is not JSON, read before the rest",
    script: (call) => call.events("{oops"),
    attempts: broken,
    modes: ["stream"]
  },
  {
    name: "a first event that is not JSON, read together with the rest",
    script: (call) => {
      call.events("{oops", chunk({ content: "late" }), chunk({}, "stop"), "[DONE]")
      call.end()
    },
    attempts: broken,
    modes: ["stream"]
  }
]

for (const stream of [true, false]) {
  describe.concurrent(`failover before commit, ${stream ? "streamed" : "not streamed"}`, () => {
    for (const { attempts, config = {}, modes = ["stream", "whole"], name, script } of hazards) {
      if (!modes.includes(stream ? "stream" : "whole")) continue
      it.scopedLive(name, () =>
        Effect.gen(function* () {
          const a = yield* ScriptedUpstream.make(script)
          const b = yield* ScriptedUpstream.make(ScriptedUpstream.answerWell("Hello from b"))
          const gateway = yield* TestGateway.make({
            openai_clients: [TestGateway.backend("a", a.url, config), TestGateway.backend("b", b.url, { priority: 0 })]
          })
          const heard = yield* Effect.promise(() => Caller.ask(gateway.client, stream))
          assert.deepStrictEqual(heard, { content: "Hello from b", model: "test-model", finish: "stop" })
          const record = yield* Effect.promise(() => gateway.record(0))
          assert.deepStrictEqual(Caller.attempts(record), [...attempts.map((each) => `a ${each}`), "b ok 200"])
          assert.strictEqual(record.Backend, "b")
          assert.strictEqual(record.Outcome, "Completed")
          assert.strictEqual(record.Status, 200)
          assert.strictEqual(record.Error, null)
          assert.strictEqual(a.received.length, attempts.length)
          assert.strictEqual(b.received.length, 1)
        })
      )
    }

    it.scopedLive("a refused connection, tried once more", () =>
      Effect.gen(function* () {
        const b = yield* ScriptedUpstream.make(ScriptedUpstream.answerWell("Hello from b"))
        const gateway = yield* TestGateway.make({
          openai_clients: [
            TestGateway.backend("a", yield* Caller.closedUrl),
            TestGateway.backend("b", b.url, { priority: 0 })
          ]
        })
        const heard = yield* Effect.promise(() => Caller.ask(gateway.client, stream))
        assert.strictEqual(heard.content, "Hello from b")
        const record = yield* Effect.promise(() => gateway.record(0))
        assert.deepStrictEqual(Caller.attempts(record), ["a ConnectFailed null", "a ConnectFailed null", "b ok 200"])
      })
    )

    it.scopedLive("a connection that the backend closed while it was idle is made anew", () =>
      Effect.gen(function* () {
        const a = yield* ScriptedUpstream.make((call) => {
          // The second request comes on the socket of the first and kills it.
          if (call.number === 1) return call.destroy()
          ScriptedUpstream.answerWell("from a")(call)
        })
        const gateway = yield* TestGateway.make({ openai_clients: [TestGateway.backend("a", a.url)] })
        for (const number of [0, 1]) {
          const heard = yield* Effect.promise(() => Caller.ask(gateway.client, stream))
          assert.strictEqual(heard.content, "from a", `request ${number}`)
        }
        const record = yield* Effect.promise(() => gateway.record(1))
        assert.deepStrictEqual(Caller.attempts(record), ["a ConnectionLost null", "a ok 200"])
      })
    )

    it.scopedLive("a 500 that was a moment's weakness stays where it is", () =>
      Effect.gen(function* () {
        const a = yield* ScriptedUpstream.make((call) =>
          call.number === 0 ? rejects(500)(call) : ScriptedUpstream.answerWell("from a")(call)
        )
        const b = yield* ScriptedUpstream.make(ScriptedUpstream.answerWell("from b"))
        const gateway = yield* TestGateway.make({
          openai_clients: [TestGateway.backend("a", a.url), TestGateway.backend("b", b.url, { priority: 0 })]
        })
        assert.strictEqual((yield* Effect.promise(() => Caller.ask(gateway.client, stream))).content, "from a")
        const record = yield* Effect.promise(() => gateway.record(0))
        assert.deepStrictEqual(Caller.attempts(record), ["a UpstreamRejected 500", "a ok 200"])
        assert.strictEqual(b.received.length, 0)
      })
    )

    describe("429 when only a fallback model is left", () => {
      const after429 = (headers: Readonly<Record<string, string>>) =>
        Effect.gen(function* () {
          const times: Array<number> = []
          const a = yield* ScriptedUpstream.make((call) => {
            times.push(performance.now())
            if (call.number === 0) rejects(429, {}, headers)(call)
            else ScriptedUpstream.answerWell("from a")(call)
          })
          const b = yield* ScriptedUpstream.make(ScriptedUpstream.answerWell("from b"))
          const gateway = yield* TestGateway.make({
            openai_clients: [
              TestGateway.backend("a", a.url, { fallback: "other-model" }),
              TestGateway.backend("b", b.url, { model_match: { type: "exact", value: ["other-model"] } })
            ]
          })
          const { content } = yield* Effect.promise(() => Caller.ask(gateway.client, stream))
          const record = yield* Effect.promise(() => gateway.record(0))
          const [first = 0, second = 0] = times
          return { content, attempts: Caller.attempts(record), waited: second - first }
        })

      it.scopedLive("waits as long as it is asked to, up to 5 s, and asks again", () =>
        Effect.gen(function* () {
          const { attempts, content, waited } = yield* after429({ "retry-after": "9", "retry-after-ms": "250" })
          assert.strictEqual(content, "from a")
          assert.deepStrictEqual(attempts, ["a UpstreamRejected 429", "a ok 200"])
          assert.isAtLeast(waited, 240)
        })
      )

      for (const headers of [{}, { "retry-after": "6" }, { "retry-after": "soon" }]) {
        it.scopedLive(`falls back at once with ${JSON.stringify(headers)}`, () =>
          Effect.gen(function* () {
            const { attempts, content } = yield* after429(headers)
            assert.strictEqual(content, "from b")
            assert.deepStrictEqual(attempts, ["a UpstreamRejected 429", "b ok 200"])
          })
        )
      }
    })

    for (const [name, status, error] of [
      ["400", 400, {}],
      ["413", 413, {}],
      ["422", 422, {}],
      ["a content filter", 400, { code: "content_filter", type: "content_policy_violation", innererror: { a: 1 } }],
      ["a content filter behind 403", 403, { code: "content_filter" }]
    ] as const) {
      it.scopedLive(`stops at ${name} and passes it through`, () =>
        Effect.gen(function* () {
          const a = yield* ScriptedUpstream.make(rejects(status, { param: "messages", ...error }))
          const b = yield* ScriptedUpstream.make(ScriptedUpstream.answerWell("from b"))
          const gateway = yield* TestGateway.make({
            openai_clients: [
              TestGateway.backend("a", a.url, { fallback: "other-model" }),
              TestGateway.backend("b", b.url, { priority: 0 }),
              TestGateway.backend("c", b.url, { model_match: { type: "exact", value: ["other-model"] } })
            ]
          })
          const thrown = yield* Effect.promise(() => Caller.rejection(Caller.ask(gateway.client, stream)))
          assert.instanceOf(thrown, OpenAI.APIError)
          assert.strictEqual(thrown.status, status)
          assert.include(thrown.message, `upstream says ${status}`)
          assert.strictEqual(thrown.param, "messages")
          assert.strictEqual(thrown.code, "code" in error ? error.code : null)
          assert.strictEqual(a.received.length, 1)
          assert.strictEqual(b.received.length, 0)
          const record = yield* Effect.promise(() => gateway.record(0))
          assert.deepStrictEqual(Caller.attempts(record), [`a UpstreamRejected ${status}`])
          assert.strictEqual(record.Outcome, "Rejected")
          assert.strictEqual(record.Status, status)
          assert.include(record.Error ?? "", `upstream says ${status}`)
        })
      )
    }

    it.scopedLive("goes from a prompt that is too long straight to the fallback model", () =>
      Effect.gen(function* () {
        const tooLong = rejects(400, { code: "context_length_exceeded", message: "maximum context length is 8192" })
        const a = yield* ScriptedUpstream.make(tooLong)
        const sibling = yield* ScriptedUpstream.make(ScriptedUpstream.answerWell("from the sibling"))
        const large = yield* ScriptedUpstream.make(ScriptedUpstream.answerWell("from the large one"))
        const gateway = yield* TestGateway.make({
          openai_clients: [
            TestGateway.backend("a", a.url, { fallback: "large-model" }),
            TestGateway.backend("sibling", sibling.url, { priority: 0 }),
            TestGateway.backend("large", large.url, { model_match: { type: "exact", value: ["large-model"] } })
          ]
        })
        const { content } = yield* Effect.promise(() => Caller.ask(gateway.client, stream))
        assert.strictEqual(content, "from the large one")
        assert.strictEqual(sibling.received.length, 0)
        const record = yield* Effect.promise(() => gateway.record(0))
        assert.deepStrictEqual(Caller.attempts(record), ["a UpstreamRejected 400", "large ok 200"])
      })
    )

    it.scopedLive("says that a prompt is too long when no other model is left, whatever code the backend gave", () =>
      Effect.gen(function* () {
        const message = "This model's maximum context length is 8192 tokens."
        const a = yield* ScriptedUpstream.make(rejects(400, { message, code: 400 }))
        const gateway = yield* TestGateway.make({
          openai_clients: [TestGateway.backend("a", a.url), TestGateway.backend("b", a.url, { priority: 0 })]
        })
        const thrown = yield* Effect.promise(() => Caller.rejection(Caller.ask(gateway.client, stream)))
        assert.instanceOf(thrown, OpenAI.BadRequestError)
        assert.strictEqual(thrown.code, "context_length_exceeded")
        assert.include(thrown.message, message)
        assert.strictEqual(a.received.length, 1)
      })
    )
  })

  describe.concurrent(`when every backend fails, ${stream ? "streamed" : "not streamed"}`, () => {
    const fail = (script: Script, config: BackendConfig = {}, backends = 1) =>
      Effect.gen(function* () {
        const upstream = yield* ScriptedUpstream.make(script)
        const port = new URL(upstream.url).port
        const gateway = yield* TestGateway.make({
          openai_clients: Array.from({ length: backends }, (_, n) =>
            TestGateway.backend(`hidden-name-${n}`, upstream.url, { api_key: "very-private-value", ...config })
          )
        })
        const started = performance.now()
        const response = yield* Effect.promise(() =>
          gateway.post("/v1/chat/completions", { ...TestGateway.chat(), stream })
        )
        const body = yield* Effect.promise(() => response.text())
        const took = performance.now() - started
        for (const secret of ["hidden-name", "very-private-value", port, "127.0.0.1", "localhost"]) {
          assert.notInclude(body, secret)
          assert.notInclude(JSON.stringify([...response.headers]), secret)
        }
        assert.strictEqual(response.headers.get("content-type"), "application/json")
        const error = JsonObject.orEmpty(Caller.parse(body)["error"])
        assert.containsAllKeys(error, ["message", "type", "param", "code"])
        const record = yield* Effect.promise(() => gateway.record(0))
        assert.strictEqual(record.Outcome, response.status === 400 ? "Rejected" : "NoBackendAvailable")
        assert.strictEqual(record.Status, response.status)
        assert.strictEqual(record.id, response.headers.get("x-request-id"))
        assert.isNotNull(record.Error)
        return { status: response.status, headers: response.headers, error, record, upstream, took }
      })

    for (const [name, script, status, code] of [
      ["503 as a text", text("text/plain", "busy", {}, 503), 502, "upstream_error"],
      ["500 as a page", text("text/html", "<html>", {}, 500), 502, "upstream_error"],
      ["a reset connection", (call: ScriptedUpstream.Call) => call.destroy(), 502, "upstream_unavailable"],
      ["an HTML page", text("text/html", "<html>"), 502, "upstream_unavailable"],
      ["an empty stream", text("text/event-stream", ""), 502, "upstream_unavailable"]
    ] as const) {
      it.scopedLive(`${name} becomes ${status}, and whether to try again is the client's`, () =>
        Effect.gen(function* () {
          const failed = yield* fail(script)
          assert.strictEqual(failed.status, status)
          assert.propertyVal(failed.error, "code", code)
          assert.propertyVal(failed.error, "type", "server_error")
          assert.isNull(failed.headers.get("x-should-retry"))
        })
      )
    }

    it.scopedLive("silence becomes 504", () =>
      Effect.gen(function* () {
        const failed = yield* fail(() => {}, { timeouts: stream ? { headers: "100ms" } : { total: "100ms" } }, 2)
        assert.strictEqual(failed.status, 504)
        assert.propertyVal(failed.error, "code", "upstream_timeout")
        assert.isNull(failed.headers.get("x-should-retry"))
        // All of them share one total time; each has its own time for the head.
        assert.lengthOf(Caller.attempts(failed.record), stream ? 2 : 1)
      })
    )

    it.scopedLive("nothing is tried beyond the total time", () =>
      Effect.gen(function* () {
        const failed = yield* fail(
          rejects(429, {}, { "retry-after": "3" }),
          { timeouts: { total: "1s" }, fallback: false },
          1
        )
        assert.strictEqual(failed.status, 429)
        assert.strictEqual(failed.upstream.received.length, 1)
        // Nor is the wait sat out that would end beyond it.
        assert.isBelow(failed.took, 3_000)
      })
    )

    it.scopedLive("a refused connection becomes 502", () =>
      Effect.gen(function* () {
        const url = yield* Caller.closedUrl
        const gateway = yield* TestGateway.make({ openai_clients: [TestGateway.backend("hidden-name", url)] })
        const response = yield* Effect.promise(() =>
          gateway.post("/v1/chat/completions", { ...TestGateway.chat(), stream })
        )
        assert.strictEqual(response.status, 502)
        const body = yield* Effect.promise(() => response.text())
        assert.notInclude(body, new URL(url).port)
        assert.notInclude(body, "ECONNREFUSED")
        assert.isNull(response.headers.get("x-should-retry"))
      })
    )

    it.scopedLive("429 passes through with its message and how long to wait", () =>
      Effect.gen(function* () {
        const failed = yield* fail(rejects(429, {}, { "retry-after": "7" }), {}, 2)
        assert.strictEqual(failed.status, 429)
        assert.propertyVal(failed.error, "message", "upstream says 429")
        assert.strictEqual(failed.headers.get("retry-after"), "7")
        assert.strictEqual(failed.headers.get("retry-after-ms"), "7000")
        assert.isNull(failed.headers.get("x-should-retry"))
        assert.strictEqual(failed.upstream.received.length, 2)
      })
    )

    it.scopedLive("a single 429 leaves the client free to try again", () =>
      Effect.gen(function* () {
        const failed = yield* fail(rejects(429, {}, { "retry-after-ms": "5500" }))
        assert.strictEqual(failed.status, 429)
        assert.strictEqual(failed.headers.get("retry-after"), "6")
        assert.strictEqual(failed.headers.get("retry-after-ms"), "5500")
        assert.isNull(failed.headers.get("x-should-retry"))
      })
    )

    it.scopedLive("what a backend says of the request counts more than that another cannot be reached", () =>
      Effect.gen(function* () {
        const a = yield* ScriptedUpstream.make(rejects(404, { message: "no such deployment" }))
        const gateway = yield* TestGateway.make({
          openai_clients: [
            TestGateway.backend("a", a.url),
            TestGateway.backend("b", yield* Caller.closedUrl, { priority: 0 })
          ]
        })
        const thrown = yield* Effect.promise(() => Caller.rejection(Caller.ask(gateway.client, stream)))
        assert.instanceOf(thrown, OpenAI.NotFoundError)
        assert.include(thrown.message, "no such deployment")
        const record = yield* Effect.promise(() => gateway.record(0))
        assert.strictEqual(Caller.attempts(record).length, 3)
      })
    )

    it.scopedLive("a message that names the key and the host is passed on without them", () =>
      Effect.gen(function* () {
        const failed = yield* fail((call) => {
          const host = call.received.headers.host ?? ""
          const message = `Incorrect API key provided: very-private-value at http://${host}/v1, also sk-proj-abcdef123456.`
          call.json(401, { error: { message, type: "invalid_request_error", code: "invalid_api_key" } })
        })
        assert.strictEqual(failed.status, 401)
        assert.notInclude(JSON.stringify(failed.error), "sk-proj-abcdef")
        assert.include(JSON.stringify(failed.error), "Incorrect API key provided")
      })
    )

    it.scopedLive("what the caller's own key brings on is its own fault", () =>
      Effect.gen(function* () {
        const upstream = yield* ScriptedUpstream.make(rejects(429))
        const gateway = yield* TestGateway.make({
          openai_clients: [TestGateway.backend("a", upstream.url, { api_key: "caller" })]
        })
        yield* Effect.promise(() => Caller.rejection(Caller.ask(gateway.client, stream)))
        const { Outcome, Status } = yield* Effect.promise(() => gateway.record(0))
        assert.deepStrictEqual([Outcome, Status], ["Rejected", 429])
      })
    )

    it.scopedLive("six attempts are the most", () =>
      Effect.gen(function* () {
        const failed = yield* fail(rejects(503), {}, 9)
        assert.strictEqual(failed.upstream.received.length, 6)
        assert.strictEqual(Caller.attempts(failed.record).length, 6)
      })
    )

    for (const [name, body] of [
      ["a flat error", { object: "error", message: "bad field", type: "BadRequestError", param: null, code: 400 }],
      ["FastAPI's detail", { detail: [{ loc: ["body", "x"], msg: "bad field", type: "extra_forbidden" }] }],
      ["a list of one", [{ error: { code: 400, message: "bad field", status: "INVALID_ARGUMENT" } }]],
      ["a text", { error: "bad field" }],
      ["no JSON", "bad field"]
    ] as const) {
      it.scopedLive(`${name} is given OpenAI's shape`, () =>
        Effect.gen(function* () {
          const { error, status } = yield* fail((call) => call.json(400, body))
          assert.strictEqual(status, 400)
          assert.propertyVal(error, "message", "bad field")
          assert.isString(error["type"])
          assert.isTrue(error["code"] === null || typeof error["code"] === "string")
        })
      )
    }

    it.scopedLive("an HTML page never reaches the caller", () =>
      Effect.gen(function* () {
        const { error, status } = yield* fail((call) => {
          call.response.writeHead(403, { "content-type": "text/html" })
          call.response.end("<html><title>Just a moment…</title></html>")
        })
        // It is a proxy's page, not the backend's word.
        assert.strictEqual(status, 502)
        assert.notInclude(JSON.stringify(error), "<")
      })
    )
  })
}
