import * as HttpServer from "@effect/platform/HttpServer"
import * as SqlClient from "@effect/sql/SqlClient"
import { assert, describe, it } from "@effect/vitest"
import * as Console from "effect/Console"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as LogLevel from "effect/LogLevel"
import OpenAI from "openai"
import * as CompletionsExample from "../examples/completions.js"
import * as EffectAi from "../examples/effect-ai.js"
import * as Embed from "../examples/embed.js"
import * as HttpApi from "../examples/http-api.js"
import * as OpenAiClient from "../examples/openai-client.js"
import * as OwnLog from "../examples/own-log.js"
import * as PlainNode from "../examples/plain-node.js"
import { Completions } from "../src/exchange/Completions.js"
import * as Gateway from "../src/Gateway.js"
import * as Sqlite from "../src/records/store/Sqlite.js"
import * as Testing from "../src/testing/Testing.js"
import * as Caller from "./support/Caller.js"
import * as Database from "./support/Database.js"
import * as Temp from "./support/Temp.js"

const quietly = Logger.withMinimumLogLevel(LogLevel.None)

for (const { app, name, own, said } of [
  { name: "embed.ts", app: Embed.app, own: "/hello", said: "Hello from the host" },
  { name: "http-api.ts", app: HttpApi.app, own: "/greet/Ada", said: '"Hello Ada"' }
]) {
  describe(`examples/${name}`, () => {
    it.scopedLive("serves the host's own route and the gateway under its prefix", () =>
      Effect.gen(function* () {
        const folder = yield* Temp.directory
        const running = yield* Layer.build(app({ port: 0, recordPath: `${folder}/record.db` }))
        const url = Gateway.addressOf(Context.get(running, HttpServer.HttpServer))
        assert.strictEqual(yield* Effect.promise(async () => (await fetch(`${url}${own}`)).text()), said)
        const client = new OpenAI({ baseURL: `${url}/llm/v1`, apiKey: "none" })
        for (const stream of [false, true]) {
          const heard = yield* Effect.promise(() => Caller.ask(client, stream, "demo"))
          assert.strictEqual(heard.content, "You said: Hi")
        }
      }).pipe(quietly)
    )
  })
}

describe("examples/completions.ts", () => {
  it.scopedLive("answers from the fallback, whole and streamed", () =>
    Effect.gen(function* () {
      const path = `${yield* Temp.directory}/record.db`
      const console = yield* Console.consoleWith(Effect.succeed)
      const said = yield* CompletionsExample.program.pipe(
        Effect.provide(CompletionsExample.gateway(path)),
        Effect.withConsole({ ...console, log: () => Effect.void })
      )
      assert.deepStrictEqual(said, { whole: "You said: Hello", streamed: "You said: Hello again" })
      assert.deepStrictEqual(
        Database.records(path).map(({ Backend, Outcome }) => [Backend, Outcome]),
        [
          ["demo", "Completed"],
          ["demo", "Completed"]
        ]
      )
    }).pipe(quietly)
  )
})

for (const { name, answers } of [
  {
    name: "openai-client.ts",
    answers: (path: string) => Effect.provide(OpenAiClient.program, OpenAiClient.gateway(path))
  },
  {
    name: "effect-ai.ts",
    answers: (path: string) =>
      EffectAi.program.pipe(Effect.provide(EffectAi.client), Effect.provide(EffectAi.gateway(path)))
  }
]) {
  describe(`examples/${name}`, () => {
    it.scopedLive("is answered in the process, whole and streamed", () =>
      Effect.gen(function* () {
        const path = `${yield* Temp.directory}/record.db`
        assert.deepStrictEqual(yield* answers(path), {
          whole: "You said: Hello",
          streamed: "You said: Hello again"
        })
        assert.deepStrictEqual(
          Database.records(path).map(({ Outcome, Stream }) => [Outcome, Stream]),
          [
            ["Completed", 0],
            ["Completed", 1]
          ]
        )
      }).pipe(quietly)
    )
  })
}

describe("examples/effect-ai.ts", () => {
  it.scopedLive("fails when a stream has broken off", () =>
    Effect.gen(function* () {
      const { layer } = Testing.make({
        config: { openai_clients: [{ name: "only", base_url: "http://only/v1", model_match: { value: "demo" } }] },
        script: (call) =>
          call.received.body["stream"] === true ? Testing.breakOff("You")(call) : Testing.answerWell("Hello")(call)
      })
      const failure = yield* EffectAi.program.pipe(Effect.provide(EffectAi.client), Effect.provide(layer), Effect.flip)
      assert.strictEqual(failure.message, "The model provider's stream ended in the middle of the answer.")
    }).pipe(quietly)
  )
})

describe("examples/own-log.ts", () => {
  it.scopedLive("writes a row of its own for each exchange", () =>
    Effect.gen(function* () {
      const path = `${yield* Temp.directory}/host.db`
      yield* Effect.gen(function* () {
        const { complete } = yield* Completions
        yield* complete({ model: "demo", messages: [{ role: "user", content: "Hi" }] })
        yield* Effect.flip(complete({ model: "nowhere", messages: [{ role: "user", content: "Hi" }] }))
      }).pipe(Effect.provide(OwnLog.gateway(Layer.scoped(SqlClient.SqlClient, Sqlite.open({ path, patience: 0 })))))
      assert.deepStrictEqual(Database.query(path, "SELECT model, tokens, outcome FROM ledger ORDER BY rowid"), [
        { model: "demo", tokens: 4, outcome: "Completed" },
        { model: null, tokens: null, outcome: "ModelNotFound" }
      ])
    }).pipe(quietly)
  )
})

describe("examples/plain-node.ts", () => {
  it.scopedLive("asks and stops", () =>
    Effect.gen(function* () {
      const path = `${yield* Temp.directory}/record.db`
      const answer = yield* Effect.promise(() => PlainNode.main(path))
      assert.deepStrictEqual(Caller.contents(Caller.parse(JSON.stringify(answer))), ["You said: Hello"])
      assert.lengthOf(Database.records(path), 1)
    })
  )
})
