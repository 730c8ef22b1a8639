import * as HttpServer from "@effect/platform/HttpServer"
import { assert, describe, it } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as LogLevel from "effect/LogLevel"
import * as Scope from "effect/Scope"
import * as JsonObject from "../../src/domain/json/JsonObject.js"
import * as Gateway from "../../src/Gateway.js"
import * as Database from "../support/Database.js"
import * as ScriptedUpstream from "../support/ScriptedUpstream.js"
import * as Temp from "../support/Temp.js"
import * as TestGateway from "../support/TestGateway.js"

/** Half a pair of surrogates, as JSON may write it, behind what begins like an image. */
const halves = [
  "data:image/png;base64,\\ud83d",
  "data:image/svg+xml,\\ud83d",
  "data:image/png,\\udc00%",
  "\\u0000\\ud83d"
]

const durabilities = ["relaxed", "wal", "sync"] as const

/** A gateway with its real record log; it stops when it is told to. */
const started = Effect.fnUntraced(function* (config: Gateway.Config, recordPath: string) {
  const scope = yield* Scope.make()
  const layer = Gateway.serve({ host: "127.0.0.1", port: 0 }).pipe(
    Layer.provide(Gateway.layer({ config, recordPath })),
    Layer.provide(Logger.minimumLogLevel(LogLevel.None))
  )
  const url = Gateway.addressOf(Context.get(yield* Layer.buildWithScope(layer, scope), HttpServer.HttpServer))
  return { url, stop: Scope.close(scope, Exit.void) }
})

describe("what a caller or a model says", () => {
  for (const durability of durabilities) {
    it.scopedLive(`never ends the record log (${durability})`, () =>
      Effect.gen(function* () {
        const folder = yield* Temp.directory
        const recordPath = `${folder}/record.db`
        const upstream = yield* ScriptedUpstream.make(({ received, response }) => {
          const { content } = JsonObject.orEmpty(JsonObject.listOf(received.body["messages"])[0])
          const answer = JSON.stringify({ ...ScriptedUpstream.completion("@"), model: "test-model" })
          response.writeHead(200, { "content-type": "application/json" })
          response.end(answer.replace("@", String(content) === "say" ? halves.join(" ") : "Hi"))
        })
        const gateway = yield* started(
          { openai_clients: [TestGateway.backend("a", upstream.url)], log: { durability } },
          recordPath
        )
        const ask = (content: string, headers: Record<string, string> = {}) =>
          Effect.promise(async () => {
            const body = `{"model":"test-model","api_key":"sk-in-body","messages":[{"role":"user","content":"${content}"}]}`
            const response = await fetch(`${gateway.url}/v1/chat/completions`, { method: "POST", body, headers })
            assert.strictEqual(response.status, 200)
            return response.text()
          })
        for (const half of halves) {
          yield* ask(half)
          yield* ask(`<img src='${half}'>`)
        }
        yield* ask("say")
        const ready = yield* Effect.promise(() => fetch(`${gateway.url}/ready`))
        assert.deepStrictEqual(yield* Effect.promise(() => ready.json()), { status: "ready" })
        yield* ask("plain", {
          "x-upstream-auth-hint": "a",
          referer: "https://user:sesame@example.com/",
          via: "Bearer sesame-2"
        })
        yield* gateway.stop
        const rows = Database.records(recordPath)
        assert.lengthOf(rows, 2 * halves.length + 2)
        for (const { Request, Response } of rows) {
          assert.isString(Request)
          assert.isString(Response)
        }
        const all = JSON.stringify(rows)
        for (const secret of ["sk-in-body", "sesame"]) assert.notInclude(all, secret)
        assert.include(all, "[redacted]@example.com")
        assert.include(
          upstream.received.map(({ body }) => body["api_key"]).join(),
          "sk-in-body",
          "it is sent all the same"
        )
      })
    )
  }

  it.scopedLive("cannot fill the rows: names and errors are cut", () =>
    Effect.gen(function* () {
      const upstream = yield* ScriptedUpstream.make((call) =>
        call.json(400, { error: { message: "😀".repeat(100_000), type: "x" } })
      )
      const gateway = yield* TestGateway.make({
        openai_clients: [{ name: "a", base_url: upstream.url, model_match: { type: "keyword", value: ["mm"] } }]
      })
      yield* Effect.promise(async () => {
        await (await gateway.post("/v1/chat/completions", { ...TestGateway.chat(), model: "m".repeat(500) })).text()
      })
      const { Error: failure, RequestedModel } = yield* Effect.promise(() => gateway.record(0))
      assert.isAtMost(RequestedModel?.length ?? 0, 512)
      assert.isAtMost(failure?.length ?? 0, 4_000)
      assert.isAbove(failure?.length ?? 0, 3_000)
      assert.doesNotThrow(() => encodeURIComponent(failure ?? ""))
    })
  )
})
