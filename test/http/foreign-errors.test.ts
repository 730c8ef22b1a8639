import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as JsonObject from "../../src/domain/json/JsonObject.js"
import * as Caller from "../support/Caller.js"
import * as ScriptedUpstream from "../support/ScriptedUpstream.js"
import * as TestGateway from "../support/TestGateway.js"

type Script = (call: ScriptedUpstream.Call) => void | Promise<void>

const asked = (script: Script, stream: boolean, further: ReadonlyArray<Script> = []) =>
  Effect.gen(function* () {
    const upstreams = yield* Effect.forEach([script, ...further], ScriptedUpstream.make)
    const gateway = yield* TestGateway.make({
      openai_clients: upstreams.map((upstream, n) =>
        TestGateway.backend(`b${n}`, upstream.url, { retries: 0, priority: n === 0 ? 1 : 0 })
      )
    })
    const response = yield* Effect.promise(() =>
      gateway.post("/v1/chat/completions", { ...TestGateway.chat(), stream })
    )
    const text = (yield* Effect.promise(() => Caller.received(response))).text
    const record = yield* Effect.promise(() => gateway.record(0))
    const error = JsonObject.orEmpty(Caller.parse(text)["error"])
    return {
      status: response.status,
      headers: response.headers,
      text,
      error,
      record,
      attempts: Caller.attempts(record)
    }
  })

const envelopes: ReadonlyArray<readonly [who: string, body: object, status: number, message: string, code: unknown]> = [
  ["MiniMax", { base_resp: { status_code: 2013, status_msg: "invalid params" } }, 400, "invalid params", "2013"],
  ["a code and a msg", { code: 1210, msg: "bad parameter" }, 400, "bad parameter", "1210"],
  ["a status and a message", { status: 422, message: "bad" }, 422, "bad", null],
  [
    "Cloudflare",
    { success: false, errors: [{ message: "No such model m", code: 5007 }] },
    404,
    "No such model m",
    "5007"
  ],
  ["FastAPI", { detail: "Not authenticated" }, 401, "Not authenticated", null],
  ["Anthropic", { type: "error", error: { type: "rate_limit_error", message: "slow down" } }, 429, "slow down", null],
  ["a message alone", { message: "Unauthorized" }, 401, "Unauthorized", null],
  ["a text", { error: "model 'm' not found" }, 404, "model 'm' not found", null],
  ["Baidu", { error_code: 336003, error_msg: "messages must be odd" }, 400, "messages must be odd", "336003"],
  ["Tencent", { Response: { Error: { Code: "InvalidParameter", Message: "bad" } } }, 400, "bad", "InvalidParameter"],
  ["Spark", { header: { code: 10013, message: "not allowed" } }, 400, "not allowed", "10013"]
]

for (const stream of [true, false]) {
  describe(`a foreign error, ${stream ? "asked as a stream" : "asked whole"}`, () => {
    for (const [who, body, status, message, code] of envelopes) {
      it.scopedLive(`of ${who} is the same in a 200, in a list, as an event and as an error response`, () =>
        Effect.gen(function* () {
          const ways: ReadonlyArray<Script> = [
            (call) => call.json(200, body),
            (call) => call.json(200, [body]),
            (call) => call.json(status, body),
            (call) => {
              call.events(body)
              call.end()
            }
          ]
          for (const way of ways) {
            const heard = yield* asked(way, stream)
            assert.strictEqual(heard.status, status)
            assert.deepInclude(heard.error, { message, code, param: null })
            assert.deepStrictEqual(heard.attempts, [`b0 UpstreamRejected ${status}`])
            assert.include(heard.record.Error ?? "", message)
          }
        })
      )
    }

    it.scopedLive("comes with what was said beside it, and with the innermost reason", () =>
      Effect.gen(function* () {
        const raw = JSON.stringify({ error: { message: "tools are not supported", type: "t", code: "no_tools" } })
        const metadata = { raw, provider_name: "X", headers: { "x-ratelimit-limit": "5" } }
        const heard = yield* asked(
          (call) =>
            call.json(400, { error: { message: "Provider returned error", code: 400, metadata }, user_id: "u" }),
          stream
        )
        assert.deepStrictEqual(heard.error, {
          message: "Provider returned error: tools are not supported",
          type: "t",
          param: null,
          code: "no_tools",
          metadata: { raw, provider_name: "X" }
        })
        assert.include(heard.record.Error ?? "", "tools are not supported")
      })
    )

    it.scopedLive("that quotes a long request is read as far as its reason", () =>
      Effect.gen(function* () {
        const detail = [{ loc: ["body", "seed"], msg: "Input should be a valid integer", input: "x".repeat(200_000) }]
        const heard = yield* asked((call) => call.json(422, { detail }), stream)
        assert.deepStrictEqual([heard.status, heard.error["message"]], [422, "Input should be a valid integer"])
      })
    )

    it.scopedLive("that says the prompt was blocked is not taken to another backend", () =>
      Effect.gen(function* () {
        const bodies = [
          { choices: [], promptFeedback: { blockReason: "PROHIBITED_CONTENT" } },
          { choices: [], prompt_filter_results: [{ content_filter_results: { hate: { filtered: true } } }] }
        ]
        for (const body of bodies) {
          const heard = yield* asked((call) => call.json(200, body), stream, [ScriptedUpstream.answerWell("no")])
          assert.deepStrictEqual([heard.status, heard.error["code"]], [400, "content_filter"])
          assert.deepStrictEqual(heard.attempts, ["b0 UpstreamRejected 400"])
        }
      })
    )

    it.scopedLive("of MiniMax that is none does no harm", () =>
      Effect.gen(function* () {
        const base = { base_resp: { status_code: 0, status_msg: "" } }
        const heard = yield* asked((call) => {
          call.events({ ...ScriptedUpstream.chunk({ role: "assistant", content: "Hi" }), ...base })
          call.events({ choices: [], ...base })
          call.events({ ...ScriptedUpstream.chunk({}, "stop"), ...base }, "[DONE]")
          call.end()
        }, stream)
        assert.strictEqual(heard.status, 200)
        assert.strictEqual(heard.record.Outcome, "Completed")
      })
    )

    it.scopedLive("of a model that is still loading leaves with its wait", () =>
      Effect.gen(function* () {
        for (const status of [503, 529]) {
          const body = { error: { message: "Loading model", type: "unavailable_error", code: status } }
          const heard = yield* asked((call) => call.json(status, body, { "retry-after": "20" }), stream)
          assert.deepStrictEqual([heard.status, heard.headers.get("retry-after")], [503, "20"])
        }
      })
    )

    it.scopedLive("of too many tokens in a minute is no prompt that is too long", () =>
      Effect.gen(function* () {
        const error = {
          message: "too many tokens: maximum context length is 5 per minute",
          code: "tpm",
          type: "tokens"
        }
        const heard = yield* asked((call) => call.json(429, { error }), stream)
        assert.deepStrictEqual([heard.status, heard.error["code"]], [429, "tpm"])
      })
    )

    it.scopedLive("that is a redirect is told to operators alone, and not followed", () =>
      Effect.gen(function* () {
        const elsewhere = yield* ScriptedUpstream.make(ScriptedUpstream.answerWell("no"))
        const location = `${elsewhere.url}/login`
        const heard = yield* asked(
          (call) => call.json(307, {}, { location: location.replace("://", "://user:pass@") + "?token=t" }),
          stream
        )
        assert.strictEqual(heard.status, 502)
        assert.lengthOf(elsewhere.received, 0)
        assert.notInclude(heard.text + JSON.stringify([...heard.headers]), "login")
        assert.include(heard.record.Error ?? "", `redirects to ${location}, which is not followed`)
        assert.deepInclude(JsonObject.orEmpty(JsonObject.listOf(JSON.parse(heard.record.Attempts))[0]), {
          status: 307,
          location
        })
      })
    )
  })
}

describe("what speaks for all attempts", () => {
  const failing = (first: Script) =>
    Effect.gen(function* () {
      const a = yield* ScriptedUpstream.make(first)
      const b = yield* ScriptedUpstream.make((call) =>
        call.json(503, { error: { message: "no" } }, { "retry-after": "20" })
      )
      const gateway = yield* TestGateway.make({
        openai_clients: [
          TestGateway.backend("a", a.url, { fallback: "other", retries: 0 }),
          TestGateway.backend("b", b.url, { model_match: { type: "exact", value: ["other"] }, retries: 0 })
        ]
      })
      const response = yield* Effect.promise(() => gateway.post("/v1/chat/completions", TestGateway.chat()))
      return [response.status, (yield* Effect.promise(() => Caller.errorOf(response)))["code"]]
    })

  it.scopedLive(
    "is that the prompt is too long, though the backend said so with a 500 and others failed after it",
    () =>
      Effect.gen(function* () {
        const error = { message: "input length exceeds maximum context length", type: "api_error" }
        const heard = yield* failing((call) => call.json(500, { error }))
        assert.deepStrictEqual(heard, [400, "context_length_exceeded"])
      })
  )

  it.scopedLive("is no redirect", () =>
    Effect.gen(function* () {
      const heard = yield* failing((call) => call.json(302, {}, { location: "/login" }))
      assert.deepStrictEqual(heard, [503, null])
    })
  )
})

describe("a foreign error after the beginning was sent", () => {
  for (const [who, body, , message, code] of envelopes) {
    it.scopedLive(`of ${who} ends the stream with its own words`, () =>
      Effect.gen(function* () {
        const heard = yield* asked((call) => {
          call.events(ScriptedUpstream.chunk({ role: "assistant", content: "Hi" }))
          setTimeout(() => {
            call.events(body)
            call.end()
          }, 30)
        }, true)
        const error = JsonObject.orEmpty(Caller.parse(Caller.events(heard.text).at(-1) ?? "")["error"])
        assert.deepInclude(error, { message, code })
        assert.strictEqual(heard.record.Outcome, "UpstreamErrored")
      })
    )
  }
})
