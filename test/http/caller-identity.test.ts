import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as Fingerprint from "../../src/records/store/Fingerprint.js"
import * as TestGateway from "../support/TestGateway.js"

const demo = (more: object = {}) => ({ openai_clients: [TestGateway.backend("demo", "demo:")], ...more })

const ask = (gateway: TestGateway.TestGateway, path: string, headers: Record<string, string>) =>
  Effect.promise(async () => (await gateway.post(path, TestGateway.chat(), headers)).text())

describe("a record", () => {
  it.scopedLive("holds a fingerprint of the caller's key, the same for the same key, and the key nowhere", () =>
    Effect.gen(function* () {
      const gateway = yield* TestGateway.make(demo())
      const key = "sk-very-secret-key"
      yield* ask(gateway, "/v1/chat/completions", { authorization: `Bearer ${key}`, cookie: `session=${key}` })
      yield* ask(gateway, "/v1/chat/completions", { "x-api-key": key })
      yield* ask(gateway, `/v1/chat/completions?key=${key}`, { referer: `http://a.example/?key=${key}` })
      yield* ask(gateway, `/v1/chat/completions?api-key=${key}`, {})
      yield* ask(gateway, "/v1/chat/completions", { authorization: "Bearer another" })
      yield* ask(gateway, "/v1/chat/completions", {})
      yield* ask(gateway, "/v1/chat/completions", { authorization: key })
      yield* ask(gateway, "/v1/chat/completions", { authorization: "Bearer ", "x-api-key": key })
      const print = Fingerprint.of(Redacted.make(key))
      assert.match(print, /^[0-9a-f]{12}$/)
      const callers = gateway.records.map(({ Caller }) => Caller)
      assert.deepStrictEqual(callers.slice(0, 4), [print, print, print, print])
      assert.match(callers[4] ?? "", /^[0-9a-f]{12}$/)
      assert.notStrictEqual(callers[4], print)
      assert.isNull(callers[5])
      assert.deepStrictEqual(callers.slice(6), [print, print])
      assert.notInclude(JSON.stringify(gateway.records), key)
    })
  )

  it.scopedLive("holds the socket's address, and what a proxy says only if that is trusted", () =>
    Effect.gen(function* () {
      const headers = { "x-forwarded-for": "203.0.113.9, 127.0.0.1" }
      const plain = yield* TestGateway.make(demo())
      yield* ask(plain, "/v1/chat/completions", headers)
      assert.strictEqual(plain.records[0]?.IP, "127.0.0.1")
      const behind = yield* TestGateway.make(demo({ server: { trusted_proxies: ["127.0.0.0/8"] } }))
      yield* ask(behind, "/v1/chat/completions", headers)
      yield* ask(behind, "/v1/chat/completions", { "x-real-ip": "2001:db8::7" })
      assert.deepStrictEqual(
        behind.records.map(({ IP }) => IP),
        ["203.0.113.9", "2001:db8::7"]
      )
    })
  )
})
