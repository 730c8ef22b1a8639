import { assert, describe, it } from "@effect/vitest"
import * as fc from "effect/FastCheck"
import * as Told from "../../../../src/domain/chat/answer/Told.js"
import * as ErrorBody from "../../../../src/domain/failure/ErrorBody.js"
import { UpstreamRejected } from "../../../../src/domain/failure/Failure.js"
import { backend, holds } from "../../generators.js"

const secret = "s3cret-of-nobody-1"
const number = 7_312_904_481
const own = backend({ api_key: secret, extra_body: { pin_token: number } })

const told = (value: unknown): ErrorBody.ErrorBody => {
  const error = ErrorBody.fromValue(value, 400)
  const failure = Told.failure(new UpstreamRejected({ status: 400, retryAfter: undefined, error }), own, {})
  if (failure._tag !== "UpstreamRejected") throw new Error(failure._tag)
  return failure.error
}

const saying = fc.constantFrom<unknown>(
  secret,
  `a ${secret} b`,
  JSON.stringify({ error: { message: secret } }),
  { [secret]: 1 },
  [[{ a: secret }]],
  number,
  [number]
)

const field = fc.constantFrom("metadata", "details", "failed_generation", "innererror", "n_ctx", "cause", "detail", "x")

describe("Told", () => {
  it("tells of no secret in whatever field an error has, nor in their names", () =>
    holds(fc.tuple(fc.array(fc.tuple(field, saying)), saying, saying), ([fields, message, code]) => {
      const error = { ...Object.fromEntries(fields), metadata: { raw: message }, message, code }
      for (const value of [{ error }, error, [error], { errors: [error, error] }, { base_resp: error }]) {
        const text = JSON.stringify(ErrorBody.written(told(value)))
        assert.notInclude(text, secret)
        assert.notInclude(text, String(number))
      }
    }))

  it("tells of at most so much, whatever an error says beside its message", () =>
    holds(fc.array(fc.tuple(field, fc.nat(40_000)), { maxLength: 8 }), (fields) => {
      const said = Object.fromEntries(fields.map(([key, size]) => [key, `${secret} `.repeat(size / 16)]))
      const { extras = {} } = told({ error: { message: "m", ...said } })
      assert.isAtMost(JSON.stringify(extras).length, 16 * 1024 + 16)
    }))

  it("keeps what fits", () => {
    assert.deepStrictEqual(told({ error: { message: "m", large: "x".repeat(20_000), n_ctx: 4096 } }), {
      message: "m",
      type: "invalid_request_error",
      param: null,
      code: null,
      extras: { n_ctx: 4096 }
    })
  })

  it("tells operators where a redirect leads, without a key", () => {
    const error = ErrorBody.fromValue({}, 302)
    const location = `https://127.0.0.1/${secret}/login`
    const failure = Told.failure(new UpstreamRejected({ status: 302, retryAfter: undefined, error, location }), own, {})
    assert.include(failure.message, "redirects to https://127.0.0.1/[redacted]/login")
  })
})
