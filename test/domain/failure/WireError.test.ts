import { assert, describe, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as fc from "effect/FastCheck"
import { UpstreamErrored } from "../../../src/domain/failure/AnswerFailure.js"
import type { AttemptFailure } from "../../../src/domain/failure/Failure.js"
import * as Failure from "../../../src/domain/failure/Failure.js"
import * as WireError from "../../../src/domain/failure/WireError.js"
import { holds } from "../generators.js"

const after = Duration.seconds(1)
const body = { message: "boom", type: "t", param: "p", code: "c" }

interface Over {
  readonly after?: Duration.Duration
  readonly message?: string
  readonly isForeign?: boolean
  readonly headers?: Record<string, string>
}

const rejected = (status: number, { after, message = body.message, ...over }: Over = {}) =>
  new Failure.UpstreamRejected({ status, retryAfter: after, error: { ...body, message }, ...over })

/** The candidates are back when the last of them said, unless something else is known. */
const exhausted = (
  last: AttemptFailure,
  attempts = 1,
  retryAfter = last._tag === "UpstreamRejected" ? last.retryAfter : undefined
) => WireError.fromFailure(new Failure.NoBackendAvailable({ last, attempts, retryAfter }))

const invalid = (message: string, param: string | null, code: string | null) => ({
  message,
  type: "invalid_request_error",
  param,
  code
})

describe("WireError", () => {
  it("answers refusals as OpenAI does", () => {
    assert.deepStrictEqual(WireError.fromFailure(new Failure.BodyTooLarge({ limit: 10 })), {
      status: 413,
      headers: {},
      error: invalid("The request body is larger than the limit of 10 bytes.", null, "request_too_large")
    })
    assert.deepStrictEqual(WireError.fromFailure(new Failure.BodyTooComplex({ excess: "values", limit: 10 })), {
      status: 413,
      headers: {},
      error: invalid("The request body holds more than the limit of 10 values.", null, "body_too_complex")
    })
    assert.deepStrictEqual(WireError.fromFailure(new Failure.BodyMalformed({ reason: "No.", param: "model" })), {
      status: 400,
      headers: {},
      error: invalid("No.", "model", null)
    })
    assert.deepStrictEqual(WireError.fromFailure(new Failure.EncodingUnsupported({ encoding: "zstd" })), {
      status: 415,
      headers: { "accept-encoding": "gzip, deflate, br" },
      error: invalid(
        "Request bodies with 'content-encoding: zstd' are not supported; use gzip, deflate, br or none.",
        null,
        "request_body_encoding_unsupported"
      )
    })
    assert.deepStrictEqual(WireError.fromFailure(new Failure.ModelNotFound({ model: "m" })), {
      status: 404,
      headers: {},
      error: invalid("The model 'm' does not exist or you do not have access to it.", "model", "model_not_found")
    })
  })

  it("asks to come back soon while the gateway stops", () => {
    assert.deepStrictEqual(WireError.fromFailure(new Failure.Draining()), {
      status: 503,
      headers: { "retry-after": "1", "retry-after-ms": "1000" },
      error: { message: "The server is shutting down.", type: "server_error", param: null, code: "shutting_down" }
    })
  })

  it("says nothing of a defect but that it was ours", () => {
    const answer = WireError.fromFailure({ _tag: "Crashed", defect: new Error("secret /home/x") })
    assert.strictEqual(answer.status, 500)
    assert.notInclude(JSON.stringify(answer), "secret")
  })

  it("answers unknown paths and methods", () => {
    const lost = WireError.notFound("GET", "/v2")
    assert.strictEqual(lost.status, 404)
    assert.deepStrictEqual(lost.error, invalid("Unknown request URL: GET /v2.", null, "unknown_url"))
    const { status, headers, error } = WireError.methodNotAllowed("GET", "/v1/chat/completions", "POST")
    assert.deepStrictEqual([status, headers, error.code], [405, { allow: "POST" }, "method_not_supported"])
  })

  describe("when every candidate failed", () => {
    it("passes on what the backend said of the request", () => {
      for (const status of [400, 401, 403, 404, 408, 413, 422]) {
        assert.deepStrictEqual(exhausted(rejected(status)), { status, headers: {}, error: body })
      }
      assert.deepStrictEqual(exhausted(rejected(429)).error, body)
    })

    it("says when to come back after a 429 that did not, for some clients retry only then", () => {
      assert.deepStrictEqual(exhausted(rejected(429)).headers, { "retry-after": "1", "retry-after-ms": "1000" })
    })

    it("tells clients not to retry a quota that is spent", () => {
      const spent = { message: "no", type: "t", param: null, code: "insufficient_quota" }
      const last = new Failure.UpstreamRejected({ status: 429, retryAfter: undefined, error: spent })
      assert.deepStrictEqual(exhausted(last).headers, { "x-should-retry": "false" })
      const known = new Failure.UpstreamRejected({ ...last, retryAfter: Duration.seconds(5) })
      assert.deepInclude(exhausted(known).headers, { "retry-after": "5", "x-should-retry": "false" })
    })

    it("keeps the class and the words of what a backend answered in JSON", () => {
      for (const [status, told] of [
        [500, 500],
        [501, 501],
        [502, 502],
        [503, 503],
        [504, 504],
        [507, 502],
        [520, 502],
        [522, 504],
        [524, 504],
        [529, 503]
      ] as const) {
        assert.deepStrictEqual(exhausted(rejected(status)), { status: told, headers: {}, error: body }, String(status))
      }
    })

    it("passes on the headers that the caller may see", () => {
      const headers = { "x-upstream-request-id": "theirs" }
      for (const status of [400, 429, 500])
        assert.deepInclude(exhausted(rejected(status, { headers })).headers, headers, String(status))
      assert.deepInclude(exhausted(rejected(503, { headers, isForeign: true })).headers, headers)
    })

    it("says when the first of the candidates is expected back, whatever failed last", () => {
      for (const last of [rejected(500), rejected(503), rejected(429), new Failure.HeadersTimedOut({ after })]) {
        const { headers } = exhausted(last, 3, Duration.seconds(9))
        assert.deepStrictEqual(headers, { "retry-after": "9", "retry-after-ms": "9000" }, last._tag)
      }
      assert.deepStrictEqual(exhausted(rejected(400), 3, Duration.seconds(9)).headers, {})
    })

    it("answers 503 where all are set aside and the last one was not to be reached", () => {
      const refused = new Failure.ConnectFailed({ timedOut: false, cause: "secret" })
      const answer = exhausted(refused, 2, Duration.seconds(9))
      assert.deepStrictEqual([answer.status, answer.error.code], [503, "upstream_unavailable"])
      assert.deepStrictEqual(answer.headers, { "retry-after": "9", "retry-after-ms": "9000" })
    })

    it("takes input of a kind that the model does not take for the caller's to mend", () => {
      const message = "image input is not supported - hint: you may need to provide the mmproj"
      for (const [status, told] of [
        [400, 400],
        [404, 400],
        [415, 415],
        [422, 422],
        [500, 400],
        [503, 400]
      ] as const) {
        const answer = exhausted(rejected(status, { message }))
        assert.deepStrictEqual([answer.status, answer.error.message], [told, message], String(status))
        assert.strictEqual(answer.error.type, status < 500 ? "t" : "invalid_request_error")
      }
    })

    it("answers 503 for a backend without capacity, with its wait, and 504 for a proxy that waited in vain", () => {
      const page = { message: "secret", isForeign: true }
      const full = exhausted(rejected(503, { ...page, after: Duration.seconds(7) }))
      assert.strictEqual(full.status, 503)
      assert.strictEqual(full.error.code, "upstream_overloaded")
      assert.deepStrictEqual(full.headers, { "retry-after": "7", "retry-after-ms": "7000" })
      for (const status of [504, 522, 524]) {
        const late = exhausted(rejected(status, page))
        assert.deepStrictEqual([late.status, late.error.code], [504, "upstream_timeout"])
      }
      for (const status of [500, 502, 503, 520, 521, 523, 525, 529]) {
        const failed = exhausted(rejected(status, page))
        assert.deepStrictEqual([failed.status, failed.error.code], [502, "upstream_error"])
        assert.notInclude(JSON.stringify(failed), "secret")
      }
      assert.notInclude(JSON.stringify(full), "secret")
    })

    it("passes the wait on in seconds and ms, never less than one of them", () => {
      const headers = (wait: Duration.Duration) => exhausted(rejected(429, { after: wait })).headers
      assert.deepStrictEqual(headers(Duration.seconds(7)), { "retry-after": "7", "retry-after-ms": "7000" })
      assert.deepStrictEqual(headers(Duration.millis(1_200)), { "retry-after": "2", "retry-after-ms": "1200" })
      assert.deepStrictEqual(headers(Duration.millis(0.5)), { "retry-after": "1", "retry-after-ms": "1" })
      assert.deepStrictEqual(headers(Duration.zero), { "retry-after": "1", "retry-after-ms": "1" })
    })

    it("tells clients not to retry a wait of more than a minute, for they would come back at once", () => {
      assert.strictEqual(exhausted(rejected(429, { after: Duration.seconds(61) })).headers["x-should-retry"], "false")
      assert.notProperty(exhausted(rejected(429, { after: Duration.seconds(60) })).headers, "x-should-retry")
      const held = (wait: Duration.Duration) =>
        WireError.fromFailure(new Failure.Overloaded({ retryAfter: wait })).headers["x-should-retry"]
      assert.strictEqual(held(Duration.seconds(61)), "false")
      assert.isUndefined(held(Duration.seconds(60)))
    })

    it("tells them not to retry a request that is larger than a minute's limit", () => {
      const message = "Request too large for gpt-4o on tokens per min (TPM): Limit 30000, Requested 50000."
      assert.deepStrictEqual(exhausted(rejected(429, { message })).headers, { "x-should-retry": "false" })
    })

    it("leaves clients their own retries, however often the gateway has tried", () => {
      for (const attempts of [1, 2, 6])
        for (const status of [400, 408, 409, 429, 500, 502, 503, 529])
          assert.notProperty(exhausted(rejected(status), attempts).headers, "x-should-retry")
    })

    it("names the code of a context that is too long, keeping the backend's words", () => {
      const message = "This model's maximum context length is 4096 tokens."
      assert.deepStrictEqual(exhausted(rejected(400, { message })).error, {
        ...body,
        message,
        code: "context_length_exceeded"
      })
    })

    it("answers 503 for one that says when to come back, as while it loads its model, with its wait", () => {
      for (const status of [503, 529]) {
        const loading = exhausted(rejected(status, { after: Duration.seconds(20), message: "secret", isForeign: true }))
        assert.deepStrictEqual([loading.status, loading.error.code], [503, "upstream_overloaded"])
        assert.deepInclude(loading.headers, { "retry-after": "20", "retry-after-ms": "20000" })
        assert.notInclude(JSON.stringify(loading), "secret")
      }
    })

    it("takes a prompt that is too long for the caller's to mend, whatever status it was refused with", () => {
      const message = "This model's maximum context length is 4096 tokens."
      for (const [status, told] of [
        [400, 400],
        [413, 413],
        [500, 400],
        [502, 400]
      ] as const) {
        const answer = exhausted(rejected(status, { message }))
        assert.deepStrictEqual([answer.status, answer.error.code], [told, "context_length_exceeded"], String(status))
        assert.strictEqual(answer.error.message, message)
      }
    })

    it("never takes a 429 for one", () => {
      const answer = exhausted(rejected(429, { message: "too many tokens per minute: maximum context length is 5" }))
      assert.deepStrictEqual([answer.status, answer.error.code], [429, "c"])
    })

    it("never names a 429, nor what names a limit in time, as one", () => {
      for (const code of ["context_length_exceeded", "model_context_window_exceeded", "exceed_context_size_error"]) {
        for (const [status, type] of [
          [429, "t"],
          [429, code],
          [400, "rate_limit_error"]
        ] as const) {
          const error = { ...body, type, code }
          const answer = exhausted(new Failure.UpstreamRejected({ status, retryAfter: undefined, error }))
          const told = { ...body, type: type === code ? "rate_limit_error" : type, code: "rate_limit_exceeded" }
          assert.deepStrictEqual([answer.status, answer.error], [status, told])
          assert.deepStrictEqual(WireError.cutShort(new UpstreamErrored({ status, error })), told)
        }
      }
    })

    it("passes on what a backend said beside the four fields", () => {
      const error = { ...body, extras: { metadata: { provider_name: "X" } } }
      const answer = exhausted(new Failure.UpstreamRejected({ status: 400, retryAfter: undefined, error }))
      assert.deepStrictEqual(answer.error, error)
    })

    it("does not tell the caller where a redirect leads", () => {
      const location = "https://secret.example/login"
      const last = new Failure.UpstreamRejected({ status: 302, retryAfter: undefined, error: body, location })
      assert.strictEqual(exhausted(last).status, 502)
      assert.notInclude(JSON.stringify(exhausted(last)), "secret")
      assert.strictEqual(last.message, `rejected with 302: redirects to ${location}, which is not followed`)
    })

    it("answers 502 for a broken backend and 504 for a silent one, in its own words", () => {
      const broken: ReadonlyArray<AttemptFailure> = [
        rejected(500, { message: "secret", isForeign: true }),
        rejected(529, { message: "secret", isForeign: true }),
        rejected(302, { message: "secret" }),
        new Failure.ConnectFailed({ timedOut: false, cause: "secret" }),
        new Failure.ConnectionLost({ requestSent: true, cause: "secret" }),
        new Failure.ProtocolBroken({ reason: "secret" })
      ]
      const silent: ReadonlyArray<AttemptFailure> = [
        new Failure.ConnectFailed({ timedOut: true, cause: "secret" }),
        new Failure.HeadersTimedOut({ after }),
        new Failure.FirstTokenTimedOut({ after }),
        new Failure.TotalTimedOut({ after })
      ]
      for (const [status, failures] of [
        [502, broken],
        [504, silent]
      ] as const) {
        for (const failure of failures) {
          const answer = exhausted(failure)
          assert.strictEqual(answer.status, status, failure._tag)
          assert.strictEqual(answer.error.type, "server_error")
          assert.notProperty(answer.headers, "x-should-retry")
          assert.notInclude(JSON.stringify(answer), "secret")
        }
      }
    })
  })

  it("for any rejection: the answer is an error status and a complete error body", () =>
    holds(fc.tuple(fc.integer({ min: 100, max: 599 }), fc.integer({ min: 1, max: 6 })), ([status, attempts]) => {
      const answer = exhausted(rejected(status), attempts)
      assert.isTrue(answer.status >= 400 && answer.status < 600)
      assert.hasAllKeys(answer.error, ["message", "type", "param", "code"])
    }))
})
