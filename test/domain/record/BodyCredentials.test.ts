import { assert, describe, it } from "@effect/vitest"
import * as fc from "effect/FastCheck"
import * as BodyCredentials from "../../../src/domain/record/BodyCredentials.js"

const redact = (value: unknown) => BodyCredentials.redact(JSON.stringify(value))

const secretNames = [
  ...["api_key", "apiKey", "apikey", "API_KEY", "api-key", "x-api-key", "OPENAI_API_KEY", "openaiApiKey", "APIKey"],
  ...["password", "Password", "db_password", "passwd", "passphrase", "pwd", "secret", "client_secret", "clientSecret"],
  ...[
    "token",
    "access_token",
    "accessToken",
    "refresh_token",
    "id_token",
    "auth_token",
    "x-auth-token",
    "bearer_token"
  ],
  ...["authorization", "Authorization", "proxy-authorization", "credential", "credentials", "cookie", "set-cookie"],
  ...[
    "private_key",
    "aws_secret_access_key",
    "aws_access_key_id",
    "AWS_SESSION_TOKEN",
    "Ocp-Apim-Subscription-Key",
    "jwt"
  ]
]

const harmlessNames = [
  ...["max_tokens", "token_ids", "completion_tokens", "max_completion_tokens", "tokens", "stop_token", "eos_token"],
  ...[
    "bos_token",
    "prompt_cache_key",
    "key",
    "keyword",
    "password_hint",
    "secretary",
    "tokenizer",
    "authorization_url"
  ],
  ...[
    "token_type",
    "cookies_allowed",
    "api_key_name",
    "api_key_required",
    "author",
    "signature",
    "tool_call_id",
    "content"
  ]
]

describe("BodyCredentials", () => {
  it("replaces what is named like a credential, wherever it stands", () => {
    for (const name of secretNames) {
      const body = (value: string) => ({ model: "m", extra: [{ [name]: value, after: "é" }], [name]: value })
      assert.strictEqual(redact(body('sk-"\\secret\ud83d')), JSON.stringify(body("[redacted]")), name)
    }
  })

  it("leaves what only sounds like one", () => {
    for (const name of harmlessNames) {
      const body = JSON.stringify({ model: "m", [name]: "sk-value", list: [name, ": x"] })
      assert.strictEqual(BodyCredentials.redact(body), body, name)
    }
  })

  it("leaves numbers, schemas, probabilities, and texts that speak of credentials", () => {
    for (const body of [
      { token: 1, password: null, api_key: true, secret: "", credentials: { a: 1 }, authorization: ["x"] },
      { tools: [{ parameters: { properties: { password: { type: "string" } }, required: ["password"] } }] },
      { messages: [{ role: "user", content: 'my {"api_key": "abc"} and "password":"x"' }, { content: "api_key" }] },
      { messages: [{ tool_calls: [{ function: { name: "f", arguments: '{"password":"x"}' } }] }] },
      { messages: [{ content: "Say", logprobs: { content: [{ token: "Say", logprob: -0.1, bytes: [83] }] } }] },
      { content: ':"', other: '\\":"x"', end: '"password\\":"' }
    ]) {
      assert.strictEqual(redact(body), JSON.stringify(body))
    }
  })

  it("reads a text that is cut or spaced, and never fails", () => {
    assert.strictEqual(BodyCredentials.redact('{"api_key": \n"sk-cut'), '{"api_key": \n"[redacted]')
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom('"', ":", "\\", "api_key", "token", " ", "{", "\ud83d", ","), { maxLength: 30 }),
        (parts) => {
          const text = parts.join("")
          const once = BodyCredentials.redact(text)
          assert.strictEqual(typeof once, "string")
        }
      )
    )
  })

  it.prop(
    "keeps everything but the secrets of any JSON",
    [fc.jsonValue({ maxDepth: 5 }), fc.string({ unit: "binary" })],
    ([value, secret]) => {
      const body = (text: string) => JSON.stringify({ value, deep: { api_key: text || "x" }, rest: value })
      return BodyCredentials.redact(body(secret)) === body("[redacted]")
    }
  )

  it("costs in proportion to what it reads", () => {
    const families: ReadonlyArray<(size: number) => string> = [
      (size) => '":'.repeat(size),
      (size) => '"token":"'.repeat(size),
      (size) => `"token":"${"\\".repeat(size * 4)}`,
      (size) => `{"token":"${'\\"'.repeat(size * 2)}"}`,
      (size) => `"${"n".repeat(size * 4)}":"x"`,
      (size) => `"token":${" ".repeat(size * 4)}`,
      (size) => `"token":"x",${'"token" "'.repeat(size)}`
    ]
    const fastest = (text: string) =>
      Math.min(
        ...Array.from({ length: 5 }, () => {
          const before = performance.now()
          BodyCredentials.redact(text)
          return performance.now() - before
        })
      )
    for (const family of families) {
      const [small, large] = [fastest(family(100_000)), fastest(family(400_000))]
      assert.isBelow(large, 8 * small + 40, family(2))
    }
  })
})
