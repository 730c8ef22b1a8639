import { assert, describe, it } from "@effect/vitest"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as ConfigFile from "../../src/config/ConfigFile.js"
import * as Interpolation from "../../src/config/Interpolation.js"
import * as PlainConfig from "../../src/config/PlainConfig.js"
import * as ApiKey from "../../src/domain/backend/ApiKey.js"
import type { Backend } from "../../src/domain/backend/Backend.js"
import * as GatewayConfig from "../../src/domain/config/GatewayConfig.js"
import type { Entry } from "../domain/generators.js"
import { entry } from "../domain/generators.js"

const environment = Effect.withConfigProvider(
  ConfigProvider.fromMap(new Map(Object.entries({ KEY: "sk-of-the-environment", EMPTY: "", SELF: "${KEY}" })))
)

const plain = (over: Partial<Entry>): GatewayConfig.Plain => ({ openai_clients: [entry(over)] })

/** What a text becomes as the `special_prefix` of a backend. */
const prefix = (text: string) =>
  Effect.map(PlainConfig.read(plain({ special_prefix: text })), ({ backends }) => backends[0]?.specialPrefix)

const issues = (given: GatewayConfig.Plain) =>
  Effect.map(Effect.flip(PlainConfig.read(given)), ({ message }) => message.split("\n"))

describe("variables in plain values", () => {
  const texts = [
    ...["${KEY}", "Bearer ${KEY}!", "${EMPTY:-d}", "${ABSENT:-}", "${ABSENT:-a b}", "$${KEY}", "$${KEY:-d}"],
    ...["${SELF}", "$KEY", "${}", "${1}", "a${KEY", "}${KEY}${", "$$${KEY}"]
  ]

  it.effect("are replaced as in a file", () =>
    Effect.gen(function* () {
      for (const text of texts) {
        const file = yield* ConfigFile.parse("config.yaml", JSON.stringify(plain({ special_prefix: text })))
        assert.strictEqual(yield* prefix(text), file.backends[0]?.specialPrefix, text)
      }
      assert.strictEqual(yield* prefix("Bearer ${KEY}!"), "Bearer sk-of-the-environment!")
      assert.strictEqual(yield* prefix("${ABSENT:-a b}"), "a b")
      assert.strictEqual(yield* prefix("$${KEY}"), "${KEY}")
    }).pipe(environment)
  )

  it.effect("are replaced at any depth, but not in keys", () =>
    Effect.gen(function* () {
      const extra_body = { "${KEY}": [{ deep: "${KEY}" }], number: 1, nothing: null }
      const { backends } = yield* PlainConfig.read(plain({ extra_body }))
      assert.deepStrictEqual(backends[0]?.extraBody, {
        "${KEY}": [{ deep: "sk-of-the-environment" }],
        number: 1,
        nothing: null
      })
    }).pipe(environment)
  )

  it.effect("are mistakes with their place where they are not set, beside all others", () =>
    Effect.gen(function* () {
      const unset = "is not set (write ${ABSENT:-} if it may be empty)"
      const given = {
        ...plain({ api_key: "${ABSENT}", retries: 9, headers: { "x-a": "${ABSENT}" } }),
        clean: "none"
      } as const
      assert.deepStrictEqual(yield* issues(given), [
        `config: openai_clients[0].api_key: the environment variable ABSENT ${unset}`,
        `config: openai_clients[0].headers.x-a: the environment variable ABSENT ${unset}`,
        "config: openai_clients[0].retries: expected a whole number from 0 to 5, got 9"
      ])
      assert.lengthOf(yield* issues(plain({ api_key: "${ABSENT}" })), 1)
    }).pipe(environment)
  )

  it.effect("leave everything else the very same, and what holds itself alone", () =>
    Effect.gen(function* () {
      const same = plain({ extra_body: { a: [1, { b: "c" }], at: new Date(0) } })
      assert.strictEqual((yield* Interpolation.plain(same)).value, same)
      const circle: Record<string, unknown> = { text: "${KEY}" }
      circle["self"] = circle
      assert.deepPropertyVal(yield* Interpolation.plain(circle), "unset", [])
      const shared = { text: "${ABSENT}" }
      assert.lengthOf((yield* Interpolation.plain([shared, shared])).unset, 1)
    }).pipe(environment)
  )
})

const keyOf = ({ apiKey }: Backend) =>
  Option.match(apiKey, { onNone: () => "none", onSome: (key) => (ApiKey.isOwn(key) ? Redacted.value(key) : key) })

describe("secrets that are Redacted", () => {
  const secret = Redacted.make(" sk-${KEY} ")

  it("are taken wherever a key may stand, as they are", () => {
    const { backends, server } = Either.getOrThrow(
      GatewayConfig.decode({
        openai_clients: [
          entry({ api_key: secret, extra_body: { proxy: { token: [Redacted.make("t")], depth: 1 } } }),
          entry({ name: "b", headers: { "X-Auth": Redacted.make("swordfish"), "x-plain": "p" } }),
          entry({ name: "c", api_key: Redacted.make("caller") }),
          entry({ name: "d", api_key: Redacted.make("  ") })
        ],
        server: { operator_key: Redacted.make(" op ") }
      })
    )
    const [, b] = backends
    assert.deepStrictEqual(backends.map(keyOf), ["sk-${KEY}", "none", "caller", "none"])
    assert.deepStrictEqual(backends[0]?.extraBody, { proxy: { token: ["t"], depth: 1 } })
    const header = b?.headers["X-Auth"]
    assert(Redacted.isRedacted(header), "stays one")
    assert.strictEqual(Redacted.value(header), "swordfish")
    assert.strictEqual(b?.headers["x-plain"], "p")
    assert.strictEqual(Option.getOrThrow(Option.map(server.operatorKey, Redacted.value)), "op")
  })

  it.effect("hold no variables", () =>
    Effect.gen(function* () {
      const { backends } = yield* PlainConfig.read(plain({ api_key: secret }))
      assert.deepStrictEqual(backends.map(keyOf), ["sk-${KEY}"])
    }).pipe(environment)
  )

  it.effect("are not told where they are wrong", () =>
    Effect.gen(function* () {
      const headers = { "x-auth": Redacted.make("two\nlines-of-a-secret") }
      const [told = "", ...others] = yield* issues(plain({ headers }))
      assert.deepStrictEqual(others, [])
      assert.match(told, /^config: openai_clients\[0\]\.headers\.x-auth: expected a string on one line, got a /)
      assert.notInclude(told, "secret")
    })
  )

  it("are not taken for the name of a backend, and not told there either", () => {
    const wrong: object = { ...entry(), name: Redacted.make("hush-hush") }
    const told = JSON.stringify(Either.flip(GatewayConfig.decode({ openai_clients: [wrong] })))
    assert.include(told, "openai_clients")
    assert.notInclude(told, "hush-hush")
  })
})
