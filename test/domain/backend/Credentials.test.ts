import { assert, describe, it } from "@effect/vitest"
import * as fc from "effect/FastCheck"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Credentials from "../../../src/domain/backend/Credentials.js"
import type { Entry } from "../generators.js"
import { backend, backends, entry, holds } from "../generators.js"

const key = (over: Partial<Entry>, caller: Credentials.Headers) =>
  Option.getOrNull(Option.map(Credentials.keyFor(backend(over), caller), Redacted.value))

const callers = (caller: Credentials.Headers) => key({}, caller)

const own = backend({ api_key: "own" })

describe("Credentials", () => {
  describe("the key that goes upstream", () => {
    it("is the configured one before the caller's", () => {
      assert.strictEqual(key({ api_key: " own " }, { authorization: "Bearer theirs", "x-api-key": "x" }), "own")
    })

    it("is the caller's where none is configured", () => {
      for (const api_key of [null, "", "  "]) assert.strictEqual(key({ api_key }, { authorization: "Bearer t" }), "t")
    })

    it("is read from Authorization with or without Bearer, in any case", () => {
      for (const authorization of ["Bearer t", "bearer t", "BEARER t", "bEaReR \t t ", "t", " t"]) {
        assert.strictEqual(callers({ authorization }), "t", authorization)
      }
      assert.strictEqual(callers({ authorization: "bearertoken" }), "bearertoken")
      assert.strictEqual(callers({ authorization: ["Bearer t", "Bearer u"] }), "t")
    })

    it("is the caller's x-api-key where there is no Authorization, or an empty one", () => {
      assert.strictEqual(callers({ "x-api-key": " x " }), "x")
      for (const authorization of ["", " ", "Bearer", "Bearer  "]) {
        assert.strictEqual(callers({ authorization, "x-api-key": "x" }), "x", authorization)
      }
      assert.strictEqual(callers({ authorization: "Bearer t", "x-api-key": "x" }), "t")
    })

    it("is the caller's api-key, as Azure's clients send it, where there is neither", () => {
      assert.strictEqual(callers({ "api-key": " a " }), "a")
      assert.strictEqual(callers({ authorization: "Bearer", "x-api-key": " ", "api-key": "a" }), "a")
      assert.strictEqual(callers({ "x-api-key": "x", "api-key": "a" }), "x")
      assert.strictEqual(callers({ authorization: "Bearer t", "api-key": "a" }), "t")
    })

    it("is nothing of another scheme than Bearer", () => {
      for (const authorization of [
        "Basic dXNlcjpwYXNz",
        "basic dXNlcjpwYXNz",
        "Digest a=b",
        "Token t",
        "Negotiate\tt"
      ]) {
        assert.isNull(callers({ authorization }), authorization)
        assert.strictEqual(callers({ authorization, "x-api-key": "x" }), "x", authorization)
        assert.notProperty(Credentials.upstreamHeaders(backend(), { authorization }, false), "authorization")
      }
    })

    it("is the caller's only where it is asked for, as soon as any backend has a key", () => {
      const caller = { authorization: "Bearer t" }
      const sent = (...entries: ReadonlyArray<Partial<Entry>>) =>
        backends(...entries.map((each, n) => entry({ name: `b${n}`, ...each }))).map(
          (each) => Credentials.upstreamHeaders(each, caller, false)["authorization"] ?? "none"
        )
      assert.deepStrictEqual(sent({}, {}), ["Bearer t", "Bearer t"])
      assert.deepStrictEqual(sent({ api_key: "k" }, {}, { api_key: "" }), ["Bearer k", "none", "none"])
      assert.deepStrictEqual(sent({ api_key: "k" }, { api_key: " caller " }), ["Bearer k", "Bearer t"])
      assert.deepStrictEqual(sent({ headers: { "x-auth": "k" } }, {}), ["none", "none"])
      assert.deepStrictEqual(sent({ base_url: "https://a.example/v1?key=k" }, {}), ["none", "none"])
      assert.deepStrictEqual(sent({ base_url: "https://a.example/v1?key=" }, {}), ["Bearer t", "Bearer t"])
    })

    it("is none where nobody has one", () => {
      assert.isNull(callers({}))
      assert.isNull(callers({ authorization: "Bearer ", "x-api-key": "" }))
    })
  })

  describe("headers for a backend", () => {
    const callerKeys = { authorization: "Bearer theirs", "x-api-key": "theirs-too" }
    const own = { accept: "application/json", "accept-encoding": "identity", "user-agent": "causeway" }

    it("hold no Authorization where there is no key", () => {
      assert.deepStrictEqual(Credentials.upstreamHeaders(backend(), {}, false), own)
    })

    it("hold the key once, as a bearer", () => {
      const headers = Credentials.upstreamHeaders(backend({ api_key: "k" }), { "x-api-key": "theirs" }, false)
      assert.deepStrictEqual(headers, { ...own, authorization: "Bearer k" })
    })

    it("ask for events in a stream", () => {
      assert.strictEqual(Credentials.upstreamHeaders(backend(), {}, true)["accept"], "text/event-stream")
    })

    it("hold of the caller's only those on the list", () => {
      const allowed = {
        "idempotency-key": "1",
        "openai-beta": "2",
        "anthropic-version": "3",
        "anthropic-beta": "4",
        traceparent: "5",
        tracestate: "6"
      }
      const dropped = {
        host: "x",
        connection: "keep-alive",
        "content-length": "5",
        "transfer-encoding": "chunked",
        "accept-encoding": "gzip",
        cookie: "session=1",
        origin: "https://x.example",
        referer: "https://x.example",
        "x-forwarded-for": "10.0.0.1",
        "x-stainless-lang": "js",
        "user-agent": "OpenAI/JS",
        "x-goog-api-key": "g",
        "x-custom": "c"
      }
      assert.deepStrictEqual(Credentials.upstreamHeaders(backend(), { ...dropped, ...allowed }, false), {
        ...own,
        ...allowed
      })
    })

    it("hold the key as it is in a header of the backend's own", () => {
      const azure = backend({ api_key: "k", key_header: "Api-Key" })
      assert.deepStrictEqual(Credentials.upstreamHeaders(azure, { authorization: "Bearer theirs" }, false), {
        ...own,
        "api-key": "k"
      })
      const passing = backend({ key_header: "x-goog-api-key" })
      assert.deepStrictEqual(Credentials.upstreamHeaders(passing, { authorization: "Bearer theirs" }, false), {
        ...own,
        "x-goog-api-key": "theirs"
      })
    })

    it("hold no key of the caller's where a configured header is one", () => {
      for (const name of ["api-key", "X-Api-Key", "x-goog-api-key", "AUTHORIZATION"]) {
        const headers = Credentials.upstreamHeaders(backend({ headers: { [name]: "ours" } }), callerKeys, false)
        assert.deepStrictEqual(headers, { ...own, [name.toLowerCase()]: "ours" })
      }
      const ownHeader = backend({ key_header: "x-token", headers: { "X-Token": "ours" } })
      assert.deepStrictEqual(Credentials.upstreamHeaders(ownHeader, callerKeys, false), { ...own, "x-token": "ours" })
      const unrelated = backend({ headers: { "x-team": "blue" } })
      assert.strictEqual(Credentials.upstreamHeaders(unrelated, callerKeys, false)["authorization"], "Bearer theirs")
    })

    it("hold what is forwarded on purpose, but never what the gateway decides", () => {
      const asked = { "x-session-id": "s", "user-agent": "theirs/1", accept: "x/y", "accept-encoding": "gzip" }
      const forwarding = backend({ forward_headers: ["X-Session-Id", "user-agent", "accept", "accept-encoding"] })
      assert.deepStrictEqual(Credentials.upstreamHeaders(forwarding, asked, false), {
        ...own,
        "x-session-id": "s",
        "user-agent": "theirs/1"
      })
    })

    it("hold the configured ones above all, in any case", () => {
      const headers = { Authorization: "Basic x", "User-Agent": "mine", "Api-Key": "a" }
      assert.deepStrictEqual(Credentials.upstreamHeaders(backend({ api_key: "k", headers }), {}, false), {
        ...own,
        authorization: "Basic x",
        "user-agent": "mine",
        "api-key": "a"
      })
    })
  })

  it("shows the caller only harmless headers of the backend's answer", () => {
    const allowed = { "openai-processing-ms": "5", "openai-version": "2020-10-01", "openai-model": "m" }
    const dropped = {
      "set-cookie": ["__cf_bm=1"],
      server: "cloudflare",
      "cf-ray": "1",
      via: "1.1 x",
      "alt-svc": "h3",
      "content-length": "5",
      "content-encoding": "gzip",
      "transfer-encoding": "chunked",
      connection: "keep-alive",
      "openai-organization": "org",
      "openai-project": "p",
      "x-ratelimit-remaining-tokens": "0"
    }
    assert.deepStrictEqual(Credentials.callerHeaders({ ...dropped, ...allowed }, own), allowed)
  })

  it("passes the headers of an account both ways where it is the caller's", () => {
    const asked = { "openai-organization": "o", "openai-project": "p", "http-referer": "r", "x-title": "t" }
    const told = {
      "openai-organization": "o",
      "openai-project": "p",
      "x-ratelimit-limit-requests": "60",
      "x-ratelimit-reset-tokens": "6m0s",
      "anthropic-ratelimit-tokens-remaining": "1"
    }
    const caller = { ...asked, authorization: "Bearer t" }
    assert.deepInclude(Credentials.upstreamHeaders(backend({ api_key: "caller" }), caller, true), asked)
    assert.deepStrictEqual(Credentials.callerHeaders(told, backend({ api_key: "caller" })), told)
    assert.doesNotHaveAnyKeys(Credentials.upstreamHeaders(own, caller, true), Object.keys(asked))
    assert.deepStrictEqual(Credentials.callerHeaders(told, own), {})
  })

  it("passes on so many limits and no more", () => {
    const told = Object.fromEntries(Array.from({ length: 1_000 }, (_, n) => [`x-ratelimit-${n}`, "1"]))
    assert.lengthOf(Object.keys(Credentials.callerHeaders(told, backend({ api_key: "caller" }))), 32)
  })

  it("shows the caller no header that is too long", () => {
    const headers = {
      "x-request-id": "r".repeat(60_000),
      "openai-model": "m".repeat(257),
      "openai-version": "v".repeat(256)
    }
    assert.deepStrictEqual(Credentials.callerHeaders(headers, own), { "openai-version": "v".repeat(256) })
  })

  it("shows the caller the backend's request id under another name than our own", () => {
    assert.deepStrictEqual(Credentials.callerHeaders({ "x-request-id": "theirs" }, own), {
      "x-upstream-request-id": "theirs"
    })
  })

  it("passes no header on that is meant for the next hop, in either direction", () => {
    const hop = { connection: ["Keep-Alive, OpenAI-Beta", "x"].join(", "), "openai-beta": "1", traceparent: "2" }
    const sent = Credentials.upstreamHeaders(backend({ forward_headers: ["x"] }), { ...hop, x: "3" }, false)
    assert.doesNotHaveAnyKeys(sent, ["openai-beta", "x", "connection"])
    assert.strictEqual(sent["traceparent"], "2")
    const answer = { connection: "openai-model", "openai-model": "m", "openai-version": "v" }
    assert.deepStrictEqual(Credentials.callerHeaders(answer, own), { "openai-version": "v" })
  })

  it("stores headers without what may be a credential", () => {
    const secrets = {
      authorization: "Bearer s",
      "proxy-authorization": "Basic s",
      cookie: "s",
      "x-api-key": "s",
      "api-key": "s",
      "x-goog-api-key": "s",
      "x-auth-token": "s",
      "x-amz-security-token": "s",
      "x-client-secret": "s",
      "x-amz-credential": "s",
      "x-hub-signature": "s",
      "x-session": "s"
    }
    const stored = Credentials.redactHeaders({ ...secrets, host: "h", accept: ["a", "b"], gone: undefined })
    const { host, accept, ...rest } = stored
    assert.deepStrictEqual({ host, accept }, { host: "h", accept: "a, b" })
    assert.deepStrictEqual(rest, Object.fromEntries(Object.keys(secrets).map((name) => [name, "[redacted]"])))
  })

  it("stores headers without a key in an address", () => {
    const stored = Credentials.redactHeaders({
      referer: "https://a.example/x?q=1&api_key=s3cret&b=2#f",
      "x-original-url": "/v1?key=s3cret",
      accept: "text/html;q=0.9"
    })
    assert.deepStrictEqual(stored, {
      referer: "https://a.example/x?q=1&api_key=[redacted]&b=2#f",
      "x-original-url": "/v1?key=[redacted]",
      accept: "text/html;q=0.9"
    })
  })

  it("takes the same for a key in an address as an expression that says it all at once", () => {
    const words = "auth|cookie|key|token|secret|password|credential|signature|session|jwt"
    const atOnce = new RegExp(`([?&;][^=&\\s]*(?:${words})[^=&\\s]*=)[^&;#\\s]+`, "gi")
    const pieces = fc.constantFrom("=", "?", "&", ";", "#", " ", "\n", "key", "KEY", "jwt", "ke", "y", "a", "%")
    const texts = fc.array(pieces, { maxLength: 24 }).map((list) => list.join(""))
    const claim = (text: string) =>
      assert.deepStrictEqual(Credentials.redactHeaders({ referer: text }), {
        referer: text.replace(atOnce, "$1[redacted]")
      })
    holds(texts, claim, 5_000)
  })

  it("knows what a caller identifies itself with", () => {
    const secret = (headers: Credentials.Headers, url = "/v1/chat/completions") =>
      Option.getOrUndefined(Option.map(Credentials.callerSecret(headers, url), Redacted.value))
    assert.strictEqual(secret({ authorization: "Bearer a", "x-api-key": "b" }), "a")
    assert.strictEqual(secret({ "x-api-key": "b", "api-key": "c" }), "b")
    assert.strictEqual(secret({ "api-key": "c" }, "/v1?key=d"), "c")
    assert.strictEqual(secret({}, "/v1?x=1&key=d%20e"), "d e")
    assert.strictEqual(secret({}, "/v1?api-key=d"), "d")
    assert.strictEqual(secret({}, "/v1?key="), undefined)
    assert.strictEqual(secret({ authorization: "Basic dXNlcjpwYXNz" }), "Basic dXNlcjpwYXNz")
    assert.strictEqual(secret({}), undefined)
  })
})
