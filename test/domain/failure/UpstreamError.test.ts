import { assert, describe, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import type { Headers } from "../../../src/domain/backend/Credentials.js"
import * as UpstreamError from "../../../src/domain/failure/UpstreamError.js"

const now = Date.UTC(2026, 10, 13, 12, 0, 0)

const millis = (headers: Headers): number | undefined => {
  const after = UpstreamError.retryAfter(headers, now)
  return after === undefined ? undefined : Duration.toMillis(after)
}

describe("UpstreamError", () => {
  it("reads Retry-After in seconds", () => {
    assert.strictEqual(millis({ "retry-after": "3" }), 3_000)
    assert.strictEqual(millis({ "retry-after": "0.5" }), 500)
    assert.strictEqual(millis({ "retry-after": "0" }), 0)
  })

  it("reads Retry-After as a date, which may have passed", () => {
    assert.strictEqual(millis({ "retry-after": "Fri, 13 Nov 2026 12:00:07 GMT" }), 7_000)
    assert.strictEqual(millis({ "retry-after": "Fri, 13 Nov 2026 11:59:00 GMT" }), 0)
  })

  it("prefers retry-after-ms", () => {
    assert.strictEqual(millis({ "retry-after-ms": "250", "retry-after": "3" }), 250)
    assert.strictEqual(millis({ "retry-after-ms": "soon", "retry-after": "3" }), 3_000)
    assert.strictEqual(millis({ "retry-after-ms": "-1", "retry-after": "3" }), 3_000)
    assert.strictEqual(millis({ "retry-after-ms": "", "retry-after": "3" }), 3_000)
  })

  it("waits a day at most, whatever is said", () => {
    const day = 24 * 60 * 60 * 1_000
    for (const long of ["1e308", "1e9", "Fri, 13 Nov 9026 12:00:07 GMT"]) {
      assert.strictEqual(millis({ "retry-after": long }), day, long)
    }
    assert.strictEqual(millis({ "retry-after-ms": "1e308" }), day)
  })

  it("knows no wait where none is said", () => {
    for (const headers of [{}, { "retry-after": "" }, { "retry-after": "-1" }, { "retry-after": "soon" }]) {
      assert.isUndefined(millis(headers))
    }
  })

  it("is the rejection that a response amounts to", () => {
    const rejected = UpstreamError.fromResponse(429, { "retry-after": "2" }, '{"error":{"message":"slow"}}', now)
    if (rejected._tag !== "UpstreamRejected") return assert.fail(rejected._tag)
    assert.strictEqual(rejected.status, 429)
    assert.deepStrictEqual(rejected.retryAfter, Duration.seconds(2))
    assert.deepStrictEqual(rejected.error, { message: "slow", type: "rate_limit_error", param: null, code: null })
    assert.strictEqual(rejected.message, "rejected with 429: slow")
  })

  it("knows where a redirect leads, but no secret of it", () => {
    const locationOf = (location: string, status = 302) => {
      const failure = UpstreamError.fromResponse(status, { location }, "", now)
      return failure._tag === "UpstreamRejected" ? failure.location : failure.message
    }
    for (const [location, told] of [
      ["https://login.example/a/b?token=secret#secret", "https://login.example/a/b"],
      ["https://user:secret@login.example:8443/a", "https://login.example:8443/a"],
      ["HTTPS://user:sec@ret@login.example/a@b", "HTTPS://login.example/a@b"],
      ["//secret@login.example", "//login.example"],
      ["/login?secret", "/login"],
      ["login", "login"],
      ["?secret", ""],
      [`/${"a".repeat(1_000)}`, `/${"a".repeat(498)}…`]
    ] as const) {
      assert.strictEqual(locationOf(location), told === "" ? undefined : told)
    }
    for (const status of [200, 400, 503]) assert.isUndefined(locationOf("/login", status))
    assert.isUndefined(locationOf(""))
  })

  it("takes a proxy's challenge for no answer of the backend's, and other pages by their status", () => {
    const page = "<!DOCTYPE html><title>Just a moment...</title>"
    const tagOf = (status: number, headers: Headers, body: string) => {
      const failure = UpstreamError.fromResponse(status, headers, body, now)
      return failure._tag === "UpstreamRejected" ? failure.status : failure.message
    }
    const challenged = (status: number) => `a proxy's page with status ${status} in the place of an answer`
    assert.strictEqual(tagOf(403, {}, page), challenged(403))
    assert.strictEqual(tagOf(503, { "cf-mitigated": "challenge" }, page), challenged(503))
    assert.strictEqual(tagOf(403, {}, '{"error":{"message":"no"}}'), 403)
    for (const status of [400, 404, 520, 524]) assert.strictEqual(tagOf(status, {}, page), status)
  })
})
