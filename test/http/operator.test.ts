import { assert, describe, it } from "@effect/vitest"
import * as HttpServer from "@effect/platform/HttpServer"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as LogLevel from "effect/LogLevel"
import * as ConfigRef from "../../src/config/ConfigRef.js"
import { AppendFailed } from "../../src/domain/failure/Failure.js"
import * as JsonObject from "../../src/domain/json/JsonObject.js"
import * as Gateway from "../../src/Gateway.js"
import * as RequestLog from "../../src/records/RequestLog.js"
import * as Records from "../support/Records.js"
import * as Caller from "../support/Caller.js"
import * as ScriptedUpstream from "../support/ScriptedUpstream.js"
import * as Stopping from "../support/Stopping.js"
import * as TestGateway from "../support/TestGateway.js"
import { until } from "../support/Until.js"

const get = (url: string, headers: Record<string, string> = {}) => Effect.promise(() => fetch(url, { headers }))

describe("GET /ready", () => {
  it.scopedLive("turns 503 first, while requests are still served, and only then the gateway drains", () =>
    Effect.gen(function* () {
      const upstream = yield* ScriptedUpstream.make(ScriptedUpstream.answerWell("Hi"))
      const gateway = yield* Stopping.make({
        openai_clients: [TestGateway.backend("a", upstream.url)],
        server: { ready_delay: "400ms" }
      })
      assert.strictEqual((yield* get(`${gateway.url}/ready`)).status, 200)
      const stopping = yield* Effect.fork(Effect.flatten(gateway.stop))
      yield* Effect.promise(async () => {
        for (let status = 200; status !== 503;) status = (await fetch(`${gateway.url}/ready`)).status
      })
      assert.strictEqual((yield* get(`${gateway.url}/health`)).status, 200)
      const answer = yield* Effect.promise(() =>
        fetch(`${gateway.url}/v1/chat/completions`, { method: "POST", body: JSON.stringify(TestGateway.chat()) })
      )
      assert.strictEqual(answer.status, 200)
      assert.isAtLeast(yield* stopping, 390)
      assert.strictEqual(gateway.records.length, 1)
    })
  )
})

describe("GET /ready, with a record log", () => {
  const ready = (log: Layer.Layer<RequestLog.RequestLog>) =>
    Effect.gen(function* () {
      const layer = Gateway.serve({ host: "127.0.0.1", port: 0 }).pipe(
        Layer.provide(Gateway.layerCustom),
        Layer.provideMerge(log),
        Layer.provide(ConfigRef.layerStatic({ openai_clients: [TestGateway.backend("demo", "demo:")] })),
        Layer.provide(Logger.minimumLogLevel(LogLevel.None))
      )
      const context = yield* Layer.build(layer)
      const url = Gateway.addressOf(Context.get(context, HttpServer.HttpServer))
      const answer = Effect.promise(async () => {
        const response = await fetch(`${url}/ready`)
        assert.strictEqual(response.status, 200)
        return Caller.parse(await response.text())
      })
      return { answer, record: Context.get(context, RequestLog.RequestLog).record }
    })

  it.scopedLive("says how many rows wait because nothing takes them, and how many are lost, until it is over", () =>
    Effect.gen(function* () {
      let broken = true
      const log = Layer.scoped(
        RequestLog.RequestLog,
        RequestLog.make(
          (rows) =>
            Effect.suspend(() =>
              broken ? new AppendFailed({ path: "r", cause: "full" }) : Effect.succeed(rows.length)
            ),
          { bufferSize: 3 }
        )
      )
      const { answer, record } = yield* ready(log)
      assert.deepStrictEqual(yield* answer, { status: "ready" })
      yield* Effect.forEach(Records.many(5), (row) => record(row))
      const waiting = { status: "ready", records: "waiting", records_waiting: 3, records_lost: 2 }
      let said: unknown
      while (JSON.stringify(said) !== JSON.stringify(waiting)) said = yield* answer
      broken = false
      while (JSON.stringify(said) !== JSON.stringify({ status: "ready" })) said = yield* answer
    })
  )

  it.scopedLive("is not held up by a log that cannot say how it is", () =>
    Effect.gen(function* () {
      for (const stats of [Effect.die("no"), Effect.never]) {
        const { answer } = yield* ready(Layer.succeed(RequestLog.RequestLog, { record: () => Effect.void, stats }))
        assert.deepStrictEqual(yield* answer, { status: "ready" })
      }
    })
  )
})

describe("GET /v1/backends", () => {
  const started = (server: Gateway.Config["server"]) =>
    Effect.gen(function* () {
      const down = yield* ScriptedUpstream.make((call) => call.json(503, { error: { message: "down" } }))
      const gateway = yield* TestGateway.make({
        openai_clients: [
          TestGateway.backend("a", down.url, {
            api_key: "sk-secret",
            breaker: { failures: 1, open: "1h", open_max: "1h" }
          }),
          TestGateway.backend("b", down.url, { priority: 0, breaker: { enabled: false }, max_in_flight: 3 })
        ],
        server
      })
      return gateway
    })

  it.scopedLive("is not there unless enabled", () =>
    Effect.gen(function* () {
      const gateway = yield* started({})
      assert.strictEqual((yield* get(`${gateway.url}/v1/backends`)).status, 404)
    })
  )

  it.scopedLive("shows what is thought of each backend, and no key", () =>
    Effect.gen(function* () {
      const gateway = yield* started({ operator_endpoints: true })
      yield* Effect.promise(() => Caller.rejection(Caller.ask(gateway.client, false)))
      const text = yield* Effect.promise(async () => (await fetch(`${gateway.url}/v1/backends`)).text())
      const [a, b] = JsonObject.listOf(Caller.parse(text)["data"]).map(JsonObject.orEmpty)
      assert.deepInclude(a, { name: "a", state: "open", in_flight: 0, max_in_flight: null })
      assert.isAbove(Date.parse(String(a?.["until"])), Date.now())
      assert.deepInclude(b, { name: "b", state: "off", until: null, in_flight: 0, max_in_flight: 3 })
      assert.notInclude(text, "sk-secret")
    })
  )

  it.scopedLive("takes those under way beside a stream that ends as busy for what its backend takes", () =>
    Effect.gen(function* () {
      const calls: Array<ScriptedUpstream.Call> = []
      const upstream = yield* ScriptedUpstream.make((call) => {
        calls.push(call)
        call.events(ScriptedUpstream.chunk({ content: "Hi" }))
      })
      const gateway = yield* TestGateway.make({
        openai_clients: [TestGateway.backend("a", upstream.url, { api_key: "sk-own", rescue: "off" })],
        server: { operator_endpoints: true }
      })
      const asked = { ...TestGateway.chat(), stream: true }
      const [first, second] = yield* Effect.promise(async () => [
        await gateway.post("/v1/chat/completions", asked),
        await gateway.post("/v1/chat/completions", asked)
      ])
      calls[0]?.events({ error: { message: "Rate limit reached", code: "rate_limit_exceeded" } })
      const text = yield* Effect.promise(async () => {
        await first?.text().catch(() => "")
        return (await fetch(`${gateway.url}/v1/backends`)).text()
      })
      const shown = JsonObject.orEmpty(JsonObject.listOf(Caller.parse(text)["data"])[0])
      for (const call of calls) call.destroy()
      yield* Effect.promise(async () => second?.text().catch(() => ""))
      assert.strictEqual(shown["in_flight"], 1)
      assert.deepInclude(JsonObject.listOf(shown["learned"])[0], { in_flight: 1, held_until: null })
    })
  )

  it.scopedLive("shows what a backend was found to take, and until when it asked to be left alone", () =>
    Effect.gen(function* () {
      const busy = yield* ScriptedUpstream.make((call) =>
        call.json(429, { error: { message: "slow down" } }, { "retry-after": "60" })
      )
      const gateway = yield* TestGateway.make({
        openai_clients: [TestGateway.backend("a", busy.url, { api_key: "sk-own" })],
        server: { operator_endpoints: true }
      })
      const shown = Effect.promise(async () => {
        const text = await (await fetch(`${gateway.url}/v1/backends`)).text()
        return JsonObject.orEmpty(JsonObject.listOf(Caller.parse(text)["data"])[0])
      })
      assert.deepInclude(yield* shown, { learned: [] })
      yield* Effect.promise(() => Caller.rejection(Caller.ask(gateway.client, false)))
      const { learned, state } = yield* shown
      assert.strictEqual(state, "closed")
      const { held_until, ...bounds } = JsonObject.orEmpty(JsonObject.listOf(learned)[0])
      assert.deepStrictEqual(bounds, { model: TestGateway.chat().model, in_flight: 1, per_second: null })
      assert.isAbove(Date.parse(String(held_until)), Date.now() + 50_000)
      // Nobody waits a minute: the next is told when to come back, and the backend is not asked.
      const refused = yield* Effect.promise(() => gateway.post("/v1/chat/completions", TestGateway.chat()))
      assert.strictEqual(refused.status, 503)
      assert.isAtLeast(Number(refused.headers.get("retry-after")), 50)
      assert.strictEqual(busy.received.length, 1)
    })
  )

  it.scopedLive("counts the other calls of a backend that says in the middle of an answer that it is busy", () =>
    Effect.gen(function* () {
      const calls: Array<ScriptedUpstream.Call> = []
      const busy = yield* ScriptedUpstream.make((call) => {
        calls.push(call)
        call.events(ScriptedUpstream.chunk({ role: "assistant", content: "Hel" }))
      })
      const gateway = yield* TestGateway.make({
        openai_clients: [TestGateway.backend("a", busy.url, { api_key: "sk-own", rescue: "off" })],
        server: { operator_endpoints: true }
      })
      const ask = () => gateway.post("/v1/chat/completions", { ...TestGateway.chat(), stream: true })
      const answers = yield* Effect.promise(() => Promise.all([ask(), ask(), ask()]))
      calls[0]?.events({ error: { message: "overloaded", code: 529 } })
      calls[0]?.end()
      yield* Effect.promise(() => gateway.record(0))
      const text = yield* Effect.promise(async () => (await fetch(`${gateway.url}/v1/backends`)).text())
      const shown = JsonObject.orEmpty(JsonObject.listOf(Caller.parse(text)["data"])[0])
      assert.strictEqual(shown["in_flight"], 2)
      assert.deepInclude(JsonObject.listOf(shown["learned"])[0], { in_flight: 2 })
      yield* Effect.promise(() => Promise.allSettled(answers.flatMap((answer) => answer.body?.cancel() ?? [])))
    })
  )

  it.scopedLive("asks for the operator's key where there is one", () =>
    Effect.gen(function* () {
      const gateway = yield* started({ operator_endpoints: true, operator_key: "let-me-in" })
      const url = `${gateway.url}/v1/backends`
      for (const headers of [{}, { authorization: "Bearer wrong" }]) {
        const refused = yield* get(url, headers)
        assert.strictEqual(refused.status, 401)
        assert.strictEqual((yield* Effect.promise(() => Caller.errorOf(refused)))["code"], "invalid_api_key")
      }
      assert.strictEqual((yield* get(url, { authorization: "Bearer let-me-in" })).status, 200)
    })
  )
})

describe("server.max_in_flight", () => {
  it.scopedLive("lets what is more wait before its body is read, and refuses it when it has waited too long", () =>
    Effect.gen(function* () {
      const latch = Caller.latch()
      const upstream = yield* ScriptedUpstream.make(async (call) => {
        await latch.promise
        ScriptedUpstream.answerWell("fine")(call)
      })
      const gateway = yield* TestGateway.make({
        openai_clients: [TestGateway.backend("a", upstream.url)],
        server: { max_in_flight: 2, queue: { size: 1, timeout: "10s" } }
      })
      const answers = [1, 2, 3].map(() => Caller.ask(gateway.client, true))
      yield* Effect.promise(() => until(() => upstream.received.length === 2))
      // The third waits or is about to; of two more one at least finds no place.
      const more = [4, 5].map(() => gateway.post("/v1/chat/completions", TestGateway.chat()))
      const refused = yield* Effect.promise(() => Promise.race(more))
      assert.strictEqual(refused.status, 503)
      assert.strictEqual(refused.headers.get("retry-after"), "1")
      assert.strictEqual(upstream.received.length, 2)
      latch.open()
      const rest = yield* Effect.promise(() => Promise.allSettled([...answers, ...more]))
      assert.strictEqual(rest.length, 5)
      yield* Effect.promise(() => gateway.record(4))
      const outcomes = gateway.records.map(({ Outcome }) => Outcome).sort()
      assert.deepStrictEqual(outcomes, ["Completed", "Completed", "Completed", "Overloaded", "Overloaded"])
    })
  )
})
