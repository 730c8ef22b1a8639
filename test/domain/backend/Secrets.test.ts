import { assert, describe, it } from "@effect/vitest"
import * as fc from "effect/FastCheck"
import type * as Credentials from "../../../src/domain/backend/Credentials.js"
import * as Secrets from "../../../src/domain/backend/Secrets.js"
import type { Entry } from "../generators.js"
import { base64, codes, forms, traces } from "../../support/Quoting.js"
import { backend, holds } from "../generators.js"

const hidden = (text: string, over: Partial<Entry> = {}, caller: Credentials.Headers = {}) =>
  Secrets.hiddenFrom(backend(over), caller)(text)

describe("Secrets", () => {
  describe("hidden from a text", () => {
    it("leave it as it is where it holds none", () => {
      const text = "Rate limit reached for gpt-4 (task-based) in keyboard-shortcuts: risk-free, 100 % & \\more."
      assert.strictEqual(hidden(text, { api_key: "own-secret" }), text)
    })

    it("are the configured key and the caller's", () => {
      assert.strictEqual(
        hidden("bad key own+secret, own+secret", { api_key: "own+secret" }),
        "bad key [redacted], [redacted]"
      )
      assert.strictEqual(hidden("bad key mysecret", {}, { authorization: "Bearer mysecret" }), "bad key [redacted]")
      assert.strictEqual(hidden("bad key mysecret", {}, { "x-api-key": "mysecret" }), "bad key [redacted]")
      assert.strictEqual(hidden("bad key mysecret", {}, { "api-key": "mysecret" }), "bad key [redacted]")
      const forwarding = { forward_headers: ["x-tenant-token", "x-tenant"] }
      assert.strictEqual(
        hidden("bad sec-ret-1, blue-1", forwarding, { "x-tenant-token": "sec-ret-1", "x-tenant": "blue-1" }),
        "bad [redacted], blue-1"
      )
    })

    it("are the keys of another party, whole or masked", () => {
      const keys = [
        "sk-abcdefgh12345678",
        "sk-proj-abc_DEF-1234567890",
        "sk-abcd********************wxyz",
        "gsk_abcdefgh12345678",
        "xai-abcdefgh12345678",
        "AIzaSyA1234567890abcdefghijklmnopqrstuvw"
      ]
      for (const each of keys) {
        assert.strictEqual(hidden(`The API key ${each} is wrong.`), "The API key [redacted] is wrong.", each)
        assert.strictEqual(hidden(`The API key ${codes(each)} is wrong.`), "The API key [redacted] is wrong.", each)
      }
    })

    it("are the address of the backend, with or without its port", () => {
      const over = { base_url: "http://gpu-7.internal:8000/v1" }
      assert.strictEqual(hidden("http://gpu-7.internal:8000/v1 is down", over), "http://[redacted]/v1 is down")
      assert.strictEqual(hidden("http:\\/\\/GPU-7.internal:8000\\/v1", over), "http:\\/\\/[redacted]\\/v1")
      assert.strictEqual(hidden("cannot resolve gpu-7.internal", over), "cannot resolve [redacted]")
    })

    it("are not those of the demo, and no keys too short to be told from words", () => {
      assert.strictEqual(hidden("an xyz of a demo", { base_url: "demo:", api_key: "xyz" }), "an xyz of a demo")
    })

    it("are no words, types, versions and names of clients among the configured headers", () => {
      const headers = {
        "x-environment": "production",
        "content-type": "application/json",
        "api-version": "2024-10-21",
        "User-Agent": "our-app/1.2 (gateway)",
        "x-title": "Our Own App",
        "x-small": "blue-1"
      }
      const text = Object.values(headers).join(" ")
      assert.strictEqual(hidden(text, { headers }), text)
    })

    it("are numbers in the body that are called so, however they were read", () => {
      for (const extra_body of [{ account_key: 123456789012 }, '{"account_key":123456789012}']) {
        assert.strictEqual(hidden("of 123456789012", { extra_body }), "of [redacted]")
      }
      for (const digits of ["1234567890123456789", "12345678.10"]) {
        const extra_body = `{"account_key": ${digits}}`
        assert.strictEqual(hidden(`of ${digits}`, { extra_body }), "of [redacted]")
      }
    })

    it("are no limits in the body that are called after tokens", () => {
      const extra_body = { max_tokens: 4096, tokens: { best: 12 } }
      assert.strictEqual(hidden("at most 4096 tokens, 12 at best", { extra_body }), "at most 4096 tokens, 12 at best")
    })
  })

  const secret = 's3cr+t/"\\&value=of~ours?'

  const places: Readonly<Record<string, Partial<Entry>>> = {
    "an api_key": { api_key: secret },
    "a key in the query": { base_url: `https://api.example.com/v1?api-key=${encodeURIComponent(secret)}` },
    "a header that is called so": { headers: { "x-api-key": secret } },
    "a header with a harmless name": { headers: { "x-team": secret } },
    "a header with a scheme": { headers: { "x-team": `Token ${secret}` } },
    "a header for Basic": { headers: { authorization: `Basic ${base64(`user:${secret}`)}` } },
    "a field of the body": { extra_body: { api_key: secret } },
    "a field deep in the body": { extra_body: { options: [{ credentials: { value: [secret] } }] } }
  }

  for (const [place, over] of Object.entries(places)) {
    for (const [form, encode] of Object.entries(forms)) {
      it(`hide ${place} ${form}`, () => {
        const text = hidden(`Bad key: ${encode(secret)} (try again)`, over)
        for (const trace of traces(secret)) assert.notInclude(text, trace)
        assert.match(text, /^Bad key: (Basic )?\[redacted\]=* \(try again\)$/)
      })
    }
  }

  it("hide any key in any mixture of escapes", () => {
    const key = fc
      .string({ minLength: 8, maxLength: 90, unit: "grapheme-ascii" })
      .filter((text) => text.trim() === text)
    const escapes = fc.array(fc.constantFrom("", "json", "url", "html"), { minLength: 90, maxLength: 90 })
    holds(fc.tuple(key, escapes), ([own, ways]) => {
      const escaped = Array.from(own, (character, at) => {
        const code = character.charCodeAt(0).toString(16).padStart(2, "0")
        const ways_: Readonly<Record<string, string>> = { json: `\\u00${code}`, url: `%${code}`, html: `&#x${code};` }
        return ways_[ways[at] ?? ""] ?? character
      }).join("")
      const text = hidden(`<${escaped}>`, { api_key: own })
      // What looks like an escape in the key itself may be undone with it.
      if (!/[\\%&]/.test(own) && own !== "caller") assert.strictEqual(text, "<[redacted]>")
    })
  })

  it("leave any text without escapes, keys and addresses alone", () =>
    holds(fc.string({ unit: "grapheme", maxLength: 300 }), (text) => {
      assert.strictEqual(hidden(text, { api_key: "own-secret" }), text)
    }))

  it("hide the beginning of a key that is quoted in part", () => {
    const key = `own-${"0123456789".repeat(20)}`
    assert.strictEqual(hidden(`Bad key: ${key.slice(0, 150)}`, { api_key: key }), "Bad key: [redacted]")
  })

  it("are no less hidden where a text is too long to be told whole", () => {
    const key = "own-0123456789-abcdef"
    for (let before = 7_950; before < 8_030; before++) {
      const text = hidden(`${"x".repeat(before)} ${key}${"y".repeat(20_000)}`, { api_key: key })
      assert.notInclude(text, "own-")
      assert.isAtMost(text.length, 8_010)
    }
  })

  it("cost time in proportion to the text, whatever it and the caller's key are made of", () => {
    const families: ReadonlyArray<(size: number) => readonly [text: string, key: string]> = [
      (size) => ["a".repeat(size), `${"a".repeat(size)}b`],
      (size) => ["ab".repeat(size / 2), `${"ab".repeat(size / 2)}c`],
      (size) => ["\\".repeat(size), "\\".repeat(size)],
      (size) => ["%25".repeat(size / 3), "%25".repeat(size / 3)],
      (size) => ["\\u005c".repeat(size / 6), "key-of-ours"],
      (size) => ["sk-".repeat(size / 3), "key-of-ours"],
      (size) => ["QUFB".repeat(size / 4), "AAAAAAAAAAAA"],
      (size) => ["&amp;".repeat(size / 5), "&&&&&&&&"]
    ]
    // Of texts that are told whole.
    for (const family of families) {
      const time = (size: number) => {
        const [text, key] = family(size)
        return Math.min(
          ...Array.from({ length: 3 }, () => {
            const started = performance.now()
            Secrets.withoutKeys(text, backend(), { authorization: `Bearer ${key}` })
            return performance.now() - started
          })
        )
      }
      time(4_000)
      assert.isBelow(time(384_000) / Math.max(0.5, time(24_000)), 80)
    }
  })
})
