import { assert, describe, it } from "@effect/vitest"
import * as Gateway from "causeway"
import * as Completions from "causeway/Completions"
import * as ConfigRef from "causeway/ConfigRef"
import * as Testing from "causeway/testing"
import { Transport } from "causeway/Transport"
import * as Config from "effect/Config"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as LogLevel from "effect/LogLevel"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"
import * as ScriptedTransport from "../src/testing/ScriptedTransport.js"
import * as Database from "./support/Database.js"
import * as Temp from "./support/Temp.js"
import * as TestGateway from "./support/TestGateway.js"

const quiet = Logger.minimumLogLevel(LogLevel.None)

const environment = Layer.setConfigProvider(
  ConfigProvider.fromMap(
    new Map([
      ["MY_KEY", "sk-of-the-environment"],
      ["ROWS", "rows.db"],
      ["LIMIT", "7"]
    ])
  )
)

const config: Gateway.Config = {
  openai_clients: [TestGateway.backend("a", "https://a.example/v1", { api_key: "${MY_KEY}", max_tokens: "${LIMIT}" })]
}

const ask = Effect.flatMap(Completions.Completions, ({ complete }) => complete(TestGateway.chat()))

/** The key and the limit that a backend is asked with by a gateway that is built of this. */
const asked = <E>(gateway: Layer.Layer<Gateway.Services, E>) =>
  Effect.gen(function* () {
    const transport = ScriptedTransport.make(Testing.answerWell("Hi"))
    yield* Effect.provide(ask, gateway.pipe(Layer.provide([Layer.succeed(Transport, transport), environment, quiet])))
    const [call] = transport.calls
    return [call?.headers["authorization"], call?.body["max_tokens"]]
  })

const filled = ["Bearer sk-of-the-environment", 7]

const directory = Effect.map(Temp.directory, (folder) => ({ folder, recordPath: `${folder}/record.db` }))

describe("a configuration of the host's", () => {
  it.scopedLive("has its variables replaced: plain values, their stream, and the text of a file", () =>
    Effect.gen(function* () {
      const { recordPath } = yield* directory
      const changing = Layer.provide(Gateway.layerRecorded(recordPath), ConfigRef.layerChanges(Stream.make(config)))
      for (const gateway of [
        Gateway.layer({ config, recordPath }),
        Gateway.layerYaml(JSON.stringify(config), { recordPath }),
        changing
      ]) {
        assert.deepStrictEqual(yield* asked(gateway), filled)
      }
      const gateway = Testing.make({ config, script: Testing.answerWell("Hi") })
      yield* Effect.provide(ask, gateway.layer.pipe(Layer.provide([environment, quiet])))
      assert.strictEqual(gateway.calls[0]?.headers["authorization"], "Bearer sk-of-the-environment")
    })
  )

  it.scopedLive("fails with the place of each mistake", () =>
    Effect.gen(function* () {
      const { recordPath } = yield* directory
      const failure = <E>(layer: Layer.Layer<Gateway.Services, E>) => Effect.flip(Layer.build(layer))
      const unset = "the environment variable MY_KEY is not set (write ${MY_KEY:-} if it may be empty)"
      const plain = yield* failure(Gateway.layer({ config, recordPath }))
      assert.include(plain.message, `config: openai_clients[0].api_key: ${unset}`)
      const yaml = `openai_clients:\n  - name: a\n    base_url: "demo:"\n    api_key: \${MY_KEY}\n    model_match: { value: m }\n`
      const text = yield* failure(Gateway.layerYaml(yaml, { recordPath }))
      assert.strictEqual(text.message, `config.yaml:4:5: openai_clients[0].api_key: ${unset}`)
      const malformed = yield* failure(Gateway.layerYaml("a: [", { recordPath }))
      assert.strictEqual(malformed._tag, "ConfigMalformed")
      assert.match(malformed.message, /^config\.yaml:1:5: /)
    })
  )

  it.scopedLive("is made of Effect's Configs, the path of the records too, whose values stay as they are", () =>
    Effect.gen(function* () {
      const { folder, recordPath } = yield* directory
      const configured = (key: Config.Config<Redacted.Redacted | string>) => ({
        openai_clients: Config.map(Config.all({ key, max_tokens: Config.integer("LIMIT") }), ({ key, max_tokens }) => [
          TestGateway.backend("a", "https://a.example/v1", { api_key: key, max_tokens })
        ]),
        server: { explain_headers: Config.boolean("EXPLAIN").pipe(Config.withDefault(false)) }
      })
      const rows = Config.map(Config.string("ROWS"), (name) => `${folder}/${name}`)
      const redacted = Gateway.layerConfig({ config: configured(Config.redacted("MY_KEY")), recordPath: rows })
      assert.deepStrictEqual(yield* asked(redacted), filled)
      assert.lengthOf(Database.records(`${folder}/rows.db`), 1)
      const literal = Gateway.layerConfig({ config: configured(Config.succeed("${MY_KEY}")), recordPath })
      assert.deepStrictEqual(yield* asked(literal), ["Bearer ${MY_KEY}", 7])
      const missing = yield* Effect.flip(
        asked(Gateway.layerConfig({ config: configured(Config.redacted("NOBODY")), recordPath }))
      )
      assert.isTrue("_op" in missing && missing._op === "MissingData")
      const invalid = yield* Effect.flip(
        asked(Gateway.layerConfig({ config: Config.succeed({ openai_clients: [] }), recordPath }))
      )
      assert.isTrue("_tag" in invalid && invalid._tag === "ConfigInvalid")
    })
  )

  it.effect("hides a Redacted header from the caller, whatever it looks like", () =>
    Effect.gen(function* () {
      const told = (value: string | Redacted.Redacted) =>
        Effect.gen(function* () {
          const gateway = Testing.make({
            config: {
              openai_clients: [TestGateway.backend("a", "https://a.example/v1", { headers: { "x-pass": value } })]
            },
            script: (call) => Testing.reject(400, `you said ${String(call.received.headers["x-pass"])}`)(call)
          })
          return (yield* Effect.flip(Effect.provide(ask, Layer.merge(gateway.layer, quiet)))).message
        })
      assert.strictEqual(yield* told("swordfish"), "rejected with 400: you said swordfish")
      assert.strictEqual(yield* told(Redacted.make("swordfish")), "rejected with 400: you said [redacted]")
    })
  )
})
