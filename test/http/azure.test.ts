import { assert, describe, it } from "@effect/vitest"
import * as HttpRouter from "@effect/platform/HttpRouter"
import * as HttpServer from "@effect/platform/HttpServer"
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { createServer } from "node:http"
import { AzureOpenAI } from "openai"
import * as Gateway from "../../src/Gateway.js"
import * as Caller from "../support/Caller.js"
import * as ScriptedUpstream from "../support/ScriptedUpstream.js"
import * as TestGateway from "../support/TestGateway.js"
import * as Temp from "../support/Temp.js"

const any = { model_match: { type: "keyword", value: ["gpt", "org/", "text-"] } } as const

const started = (config: Partial<Gateway.Config["openai_clients"][number]> = {}) =>
  Effect.gen(function* () {
    const upstream = yield* ScriptedUpstream.make(ScriptedUpstream.answerWell("Hi"))
    const gateway = yield* TestGateway.make({
      openai_clients: [TestGateway.backend("a", upstream.url, { ...any, ...config })]
    })
    return { upstream, gateway }
  })

const messages = [{ role: "user" as const, content: "Hello" }]

const version = "?api-version=2024-10-21"

describe("Azure's paths", () => {
  it.scopedLive("are no others that end like them", () =>
    Effect.gen(function* () {
      const { gateway, upstream } = yield* started()
      for (const before of ["/openai/x", "/openai/v1", "/openai/.", "/v1"]) {
        const path = `${before}/openai/deployments/gpt-4o/chat/completions`
        assert.strictEqual((yield* Effect.promise(() => gateway.post(path, { messages }))).status, 404, path)
      }
      assert.lengthOf(upstream.received, 0)
    })
  )

  it.scopedLive("serve Azure's own client, whose key goes where the caller's key goes", () =>
    Effect.gen(function* () {
      const { gateway, upstream } = yield* started({ api_key: "caller" })
      const client = new AzureOpenAI({
        endpoint: gateway.url,
        apiKey: "azure-key",
        apiVersion: "2024-10-21",
        deployment: "gpt-4o",
        maxRetries: 0
      })
      const content = yield* Effect.promise(async () => {
        const whole = await client.chat.completions.create({ model: "ignored", messages })
        let text = whole.choices[0]?.message.content ?? ""
        const stream = await client.chat.completions.create({ model: "ignored", messages, stream: true })
        for await (const chunk of stream) text += chunk.choices[0]?.delta.content ?? ""
        return text
      })
      assert.strictEqual(content, "HiHi")
      for (const { body, headers, path } of upstream.received) {
        assert.deepInclude(body, { model: "gpt-4o" })
        assert.strictEqual(headers.authorization, "Bearer azure-key")
        assert.strictEqual(path, "/v1/chat/completions")
      }
      const record = yield* Effect.promise(() => gateway.record(1))
      assert.deepInclude(record, { RequestedModel: "gpt-4o", Outcome: "Completed", Stream: 1 })
      assert.match(record.Caller ?? "", /^[\da-f]{12}$/)
    })
  )

  it.scopedLive("are the same endpoints, each with its operation, with or without a model in the body", () =>
    Effect.gen(function* () {
      const { gateway, upstream } = yield* started()
      for (const [path, body, to, model] of [
        [`/openai/deployments/gpt-4o/chat/completions${version}`, { messages }, "/v1/chat/completions", "gpt-4o"],
        ["/openai/deployments/gpt-4o/chat/completions", { model: "gpt-5", messages }, "/v1/chat/completions", "gpt-4o"],
        [`/openai/deployments/org/x/chat/completions${version}`, { messages }, "/v1/chat/completions", "org/x"],
        [`/openai/deployments/org%2Fx/chat/completions${version}`, { messages }, "/v1/chat/completions", "org/x"],
        [`/openai/deployments/text-1/completions${version}`, { prompt: "Hi" }, "/v1/completions", "text-1"],
        ["/openai/v1/chat/completions", { model: "gpt-5", messages }, "/v1/chat/completions", "gpt-5"],
        ["/openai/v1/chat/completions?api-version=v1", { model: "gpt-5", messages }, "/v1/chat/completions", "gpt-5"],
        ["/openai/v1/completions", { model: "text-1", prompt: "Hi" }, "/v1/completions", "text-1"]
      ] as const) {
        const response = yield* Effect.promise(() => gateway.post(path, body, { "api-key": "k" }))
        yield* Effect.promise(() => response.text())
        assert.strictEqual(response.status, 200, path)
        const last = upstream.received.at(-1)
        assert.deepStrictEqual([last?.path, last?.body["model"]], [to, model], path)
      }
    })
  )

  it.scopedLive("say what is wrong as the others do", () =>
    Effect.gen(function* () {
      const { gateway } = yield* started()
      for (const [path, body, status, code] of [
        [`/openai/deployments/none/chat/completions${version}`, { messages }, 404, "model_not_found"],
        [`/openai/deployments/gpt-4o/chat/completions${version}`, {}, 400, null],
        [`/openai/deployments/${"x".repeat(513)}/chat/completions`, { messages }, 400, null],
        [`/openai/deployments/gpt-4o/images/nothing${version}`, {}, 404, "unknown_url"],
        [`/openai/deployments//chat/completions${version}`, { messages }, 404, "unknown_url"]
      ] as const) {
        const response = yield* Effect.promise(() => gateway.post(path, body))
        assert.strictEqual(response.status, status, path)
        assert.propertyVal(yield* Effect.promise(() => Caller.errorOf(response)), "code", code)
      }
      const got = yield* Effect.promise(() => fetch(`${gateway.url}/openai/deployments/gpt-4o/chat/completions`))
      assert.strictEqual(got.status, 405)
      yield* Effect.promise(() => got.text())
      const preflight = yield* Effect.promise(() =>
        fetch(`${gateway.url}/openai/deployments/gpt-4o/chat/completions${version}`, { method: "OPTIONS" })
      )
      assert.strictEqual(preflight.status, 204)
    })
  )

  it.scopedLive("list the models", () =>
    Effect.gen(function* () {
      const { gateway } = yield* started({ model_match: { type: "exact", value: ["gpt-4o", "org/x"] } })
      for (const [path, id] of [
        ["/openai/v1/models", undefined],
        [`/openai/models${version}`, undefined],
        ["/openai/v1/models/org/x", "org/x"],
        [`/openai/models/gpt-4o${version}`, "gpt-4o"]
      ] as const) {
        const response = yield* Effect.promise(() => fetch(`${gateway.url}${path}`))
        assert.strictEqual(response.status, 200, path)
        const body = yield* Effect.promise(() => Caller.json(response))
        if (id === undefined) assert.lengthOf(Object(body["data"]), 2)
        else assert.strictEqual(body["id"], id)
      }
    })
  )

  it.scopedLive("are there in a host's server, too, below its own prefix", () =>
    Effect.gen(function* () {
      const upstream = yield* ScriptedUpstream.make(ScriptedUpstream.answerWell("Hi"))
      const config = { openai_clients: [TestGateway.backend("a", upstream.url, any)] }
      const recordPath = `${yield* Temp.directory}/record.db`
      const host = HttpServer.serve(HttpRouter.empty.pipe(HttpRouter.mount("/llm", Gateway.routes))).pipe(
        Layer.provide(Gateway.layer({ config, recordPath })),
        Layer.provideMerge(NodeHttpServer.layer(createServer, { port: 0, host: "127.0.0.1" }))
      )
      const url = Gateway.addressOf(Context.get(yield* Layer.build(host), HttpServer.HttpServer))
      const response = yield* Effect.promise(() =>
        fetch(`${url}/llm/openai/deployments/gpt-4o/chat/completions${version}`, {
          method: "POST",
          headers: { "content-type": "application/json" },
          body: JSON.stringify({ messages })
        })
      )
      assert.strictEqual(response.status, 200)
      yield* Effect.promise(() => response.text())
      assert.deepStrictEqual(
        upstream.received.map(({ body }) => body["model"]),
        ["gpt-4o"]
      )
    })
  )
})
