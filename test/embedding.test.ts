import * as fs from "node:fs"
import * as http from "node:http"
import * as HttpLayerRouter from "@effect/platform/HttpLayerRouter"
import * as HttpServer from "@effect/platform/HttpServer"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import { assert, describe, it } from "@effect/vitest"
import * as Gateway from "causeway"
import * as Completions from "causeway/Completions"
import * as RequestLog from "causeway/RequestLog"
import * as Testing from "causeway/testing"
import * as Admission from "causeway/Admission"
import * as Backends from "causeway/Backends"
import * as Forwarder from "causeway/Forwarder"
import * as Transport from "causeway/Transport"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as LogLevel from "effect/LogLevel"
import * as ManagedRuntime from "effect/ManagedRuntime"
import * as Random from "effect/Random"
import * as Stream from "effect/Stream"
import * as Tracer from "effect/Tracer"
import OpenAI from "openai"
import { MockAgent } from "undici"
import type { RequestRecord } from "../src/domain/record/RequestRecord.js"
import { ModelNotFound } from "causeway/Failure"
import * as ConfigRef from "../src/config/ConfigRef.js"
import * as Caller from "./support/Caller.js"
import * as Database from "./support/Database.js"
import * as Temp from "./support/Temp.js"
import * as TestGateway from "./support/TestGateway.js"
import { until } from "./support/Until.js"

const quiet = Logger.minimumLogLevel(LogLevel.None)

const config: Gateway.Config = {
  openai_clients: [
    TestGateway.backend("a", "https://a.example/v1"),
    TestGateway.backend("b", "https://b.example/v1"),
    TestGateway.backend("c", "https://c.example/v1")
  ]
}

const namesItself: Testing.Script<Testing.BackendCall> = (call) => Testing.answerWell(`I am ${call.backend}`)(call)

const ask = Effect.flatMap(Completions.Completions, ({ complete }) =>
  Effect.map(complete(TestGateway.chat()), ({ choices }) => choices[0].message.content)
)

const urlOf = (context: Context.Context<HttpServer.HttpServer>) =>
  Gateway.addressOf(Context.get(context, HttpServer.HttpServer))

const onFreePort = NodeHttpServer.layer(() => http.createServer(), { port: 0, host: "127.0.0.1" })

describe("Gateway.layerRoutes", () => {
  const hello = HttpLayerRouter.add("GET", "/hello", HttpServerResponse.text("Hello from the host"))

  const host = (routes: ReturnType<typeof Gateway.layerRoutes>, gateway: Testing.TestGateway) =>
    Effect.map(
      Layer.build(
        HttpLayerRouter.serve(Layer.merge(hello, routes), { disableLogger: true, disableListenLog: true }).pipe(
          Layer.provideMerge(onFreePort),
          Layer.provide(gateway.layer),
          Layer.provide(quiet)
        )
      ),
      urlOf
    )

  const status = (url: string, init: RequestInit = {}) =>
    Effect.promise(async () => {
      const response = await fetch(url, init)
      await response.text()
      return response.status
    })

  for (const prefix of ["/llm", undefined] as const) {
    it.scopedLive(
      `serves ${prefix === undefined ? "without a prefix" : "under a prefix"} beside the host's routes`,
      () =>
        Effect.gen(function* () {
          const gateway = Testing.make({ config, script: namesItself })
          const url = yield* host(Gateway.layerRoutes(prefix), gateway)
          const base = `${url}${prefix ?? ""}`
          assert.strictEqual(yield* status(`${url}/hello`), 200)
          assert.strictEqual(yield* status(`${base}/health`), 200)
          assert.strictEqual(yield* status(`${base}/v1/models/test-model`), 200)
          assert.strictEqual(yield* status(`${base}/v1/chat/completions`, { method: "GET" }), 405)
          assert.strictEqual(yield* status(`${base}/v1/chat/completions`, { method: "HEAD" }), 405)
          assert.strictEqual(yield* status(`${base}/v1/chat/completions`, { method: "OPTIONS" }), 204)
          assert.strictEqual(yield* status(`${url}/nowhere`), 404)
          const client = new OpenAI({ baseURL: `${base}/v1`, apiKey: "none", maxRetries: 0 })
          for (const stream of [false, true]) {
            const heard = yield* Effect.promise(() => Caller.ask(client, stream))
            assert.match(heard.content, /^I am [abc]$/)
          }
          assert.deepStrictEqual(
            gateway.records.map(({ Outcome }) => Outcome),
            ["Completed", "Completed"]
          )
        })
    )
  }

  it.scopedLive("cancels the backend when a caller leaves", () =>
    Effect.gen(function* () {
      const closed = Caller.latch()
      const gateway = Testing.make({
        config,
        script: (call) => {
          call.events(Testing.chunk({ content: "on" }))
          void call.closed.then(() => closed.open())
        }
      })
      const url = yield* host(Gateway.layerRoutes("/llm"), gateway)
      const { request, response } = Caller.raw(`${url}/llm/v1/chat/completions`, {
        body: { ...TestGateway.chat(), stream: true }
      })
      yield* Effect.promise(() => response)
      request.destroy()
      yield* Effect.promise(() => closed.promise)
      yield* Effect.promise(() => until(() => gateway.records.length === 1))
      assert.strictEqual(gateway.records[0]?.Outcome, "CallerLeft")
    })
  )
})

describe("Gateway.layer", () => {
  it.scopedLive("gives completions in the process, whose rows are in the file when it has closed", () =>
    Effect.gen(function* () {
      const folder = yield* Temp.directory
      const demo = { openai_clients: [{ name: "demo", base_url: "demo:", model_match: { value: "demo" } }] }
      fs.writeFileSync(`${folder}/config.yaml`, JSON.stringify(demo))
      const layers = [
        Gateway.layer({ config: demo, recordPath: `${folder}/a.db` }),
        Gateway.layerFile(`${folder}/config.yaml`, { recordPath: `${folder}/b.db` })
      ]
      for (const layer of layers) {
        const runtime = ManagedRuntime.make(Layer.provideMerge(layer, quiet))
        const request = { ...TestGateway.chat(), model: "demo" }
        yield* Effect.promise(() =>
          runtime.runPromise(
            Effect.flatMap(Completions.Completions, ({ complete, stream }) =>
              Effect.zip(complete(request), Stream.runDrain(stream(request)))
            )
          )
        )
        yield* Effect.promise(() => runtime.dispose())
      }
      for (const name of ["a.db", "b.db"]) {
        const rows = Database.records(`${folder}/${name}`).map(({ Outcome, Stream }) => [Outcome, Stream])
        assert.deepStrictEqual(rows, [
          ["Completed", 0],
          ["Completed", 1]
        ])
      }
    })
  )
})

describe("what a host may replace", () => {
  it.effect("the transport: any dispatcher of undici's", () =>
    Effect.gen(function* () {
      const agent = new MockAgent()
      agent.disableNetConnect()
      agent
        .get("https://a.example")
        .intercept({ path: "/v1/chat/completions", method: "POST" })
        .reply(200, Testing.completion("Through the agent"), { headers: { "content-type": "application/json" } })
      const [only] = config.openai_clients
      if (only === undefined) throw new Error("no backend")
      const layer = Gateway.layerCustom.pipe(
        Layer.provide([
          RequestLog.layerMemory([]),
          ConfigRef.layerStatic({ openai_clients: [only] }),
          Transport.layerDispatcher(agent)
        ])
      )
      assert.strictEqual(yield* ask.pipe(Effect.provide(layer)), "Through the agent")
      yield* Effect.promise(() => agent.close())
    }).pipe(Effect.provide(quiet))
  )

  it.effect("how answers are obtained, and who is let in", () =>
    Effect.gen(function* () {
      const records: Array<RequestRecord> = []
      const forbidding = Layer.effect(
        Forwarder.Forwarder,
        Effect.map(Forwarder.Forwarder, ({ forward }) => ({
          forward: (options, ask, reader) =>
            ask.model === "forbidden" ? new ModelNotFound({ model: ask.model }) : forward(options, ask, reader)
        }))
      ).pipe(Layer.provide(Forwarder.layer))
      let leases = 0
      const counting = Layer.effect(
        Admission.Admission,
        Effect.map(Admission.Admission, ({ lease }) => ({ lease: (settings) => (leases++, lease(settings)) }))
      ).pipe(Layer.provide(Admission.layer))
      const layer = Gateway.layerServices.pipe(
        Layer.provide([forbidding, counting]),
        Layer.provide(Backends.layer),
        Layer.provide([
          RequestLog.layerMemory(records),
          ConfigRef.layerStatic({ openai_clients: [TestGateway.backend("demo", "demo:")] })
        ])
      )
      yield* Effect.gen(function* () {
        const { complete } = yield* Completions.Completions
        const refused = yield* Effect.flip(complete({ ...TestGateway.chat(), model: "forbidden" }))
        assert.strictEqual(refused._tag, "ModelNotFound")
        yield* complete(TestGateway.chat())
      }).pipe(Effect.provide(layer))
      assert.deepStrictEqual(
        records.map(({ Outcome, RequestedModel }) => [Outcome, RequestedModel]),
        [
          ["ModelNotFound", "forbidden"],
          ["Completed", TestGateway.chat().model]
        ]
      )
      assert.strictEqual(leases, 2)
    }).pipe(Effect.provide(quiet))
  )

  const fixed = (millis: number): Clock.Clock => {
    const nanos = BigInt(millis) * 1_000_000n
    return {
      [Clock.ClockTypeId]: Clock.ClockTypeId,
      unsafeCurrentTimeMillis: () => millis,
      currentTimeMillis: Effect.succeed(millis),
      unsafeCurrentTimeNanos: () => nanos,
      currentTimeNanos: Effect.succeed(nanos),
      sleep: (duration) => Clock.make().sleep(duration)
    }
  }

  it.effect("the clock: the record's times are its own, in the process and over HTTP", () =>
    Effect.gen(function* () {
      const gateway = Testing.make({ config, script: namesItself })
      const clock = Layer.setClock(fixed(Date.UTC(2030, 0, 1)))
      yield* ask.pipe(Effect.provide(Layer.provideMerge(gateway.layer, clock)))
      const served = Gateway.serve({ host: "127.0.0.1", port: 0 }).pipe(
        Layer.provide(gateway.layer),
        Layer.provide([clock, quiet])
      )
      const url = urlOf(yield* Layer.build(served))
      const client = new OpenAI({ baseURL: `${url}/v1`, apiKey: "none", maxRetries: 0 })
      yield* Effect.promise(() => Caller.ask(client, false))
      yield* Effect.promise(() => until(() => gateway.records.length === 2))
      assert.deepStrictEqual(
        gateway.records.map(({ LatencyMs, Time }) => [Time, LatencyMs]),
        Array.from({ length: 2 }, () => ["2030-01-01T00:00:00.000Z", 0])
      )
    }).pipe(Effect.scoped, Effect.provide(quiet))
  )

  it.effect("chance: the dice decide between backends", () =>
    Effect.gen(function* () {
      const gateway = Testing.make({ config, script: namesItself })
      const answers = yield* Effect.all([ask, ask]).pipe(
        Effect.withRandom(Random.fixed([0.9, 0.1, 0.5, 0.9, 0.5, 0.1])),
        Effect.provide(gateway.layer)
      )
      assert.deepStrictEqual(answers, ["I am b", "I am c"])
    }).pipe(Effect.provide(quiet))
  )

  it.effect("the tracer: a span for each completion, with what became of it", () =>
    Effect.gen(function* () {
      const spans: Array<Tracer.Span> = []
      const native = yield* Effect.tracer
      const tracer = Tracer.make({
        span: (...given) => {
          const span = native.span(...given)
          spans.push(span)
          return span
        },
        context: (...given) => native.context(...given)
      })
      const gateway = Testing.make({ config: Testing.inOrder(config), script: namesItself })
      yield* Effect.gen(function* () {
        const { complete, stream } = yield* Completions.Completions
        yield* complete(TestGateway.chat())
        yield* Stream.runDrain(stream(TestGateway.chat()))
        yield* Effect.flip(complete({ ...TestGateway.chat(), model: "nowhere" }))
      }).pipe(Effect.withSpan("host"), Effect.withTracer(tracer), Effect.provide(gateway.layer))
      const ours = spans.filter(({ name }) => name !== "host")
      assert.deepStrictEqual(
        ours.map(({ attributes, name, status }) => [
          name,
          attributes.get("model"),
          attributes.get("backend"),
          status._tag === "Ended" && Exit.isSuccess(status.exit)
        ]),
        [
          ["Completions.complete", "test-model", "a", true],
          ["Completions.stream", "test-model", "a", true],
          ["Completions.complete", "nowhere", undefined, false]
        ]
      )
      assert.deepStrictEqual(
        ours.map(({ attributes }) => attributes.get("id")),
        [gateway.records[0]?.id, gateway.records[1]?.id, undefined]
      )
      assert.isTrue(ours.every(({ parent }) => parent._tag === "Some" && parent.value.spanId === spans[0]?.spanId))
    }).pipe(Effect.provide(quiet))
  )

  it.effect("the logger: it gets a line for each exchange, at the time of the clock", () =>
    Effect.gen(function* () {
      const lines: Array<string> = []
      const logger = Logger.make(({ annotations, date, message }) => {
        const values = Object.fromEntries(annotations)
        lines.push(`${date.toISOString()} ${String(message)} ${String(values["backend"])} ${String(values["outcome"])}`)
      })
      const gateway = Testing.make({ config: Testing.inOrder(config), script: namesItself })
      yield* ask.pipe(
        Effect.withClock(fixed(Date.UTC(2030, 0, 1))),
        Effect.provide(Layer.mergeAll(gateway.layer, Logger.replace(Logger.defaultLogger, logger)))
      )
      assert.deepStrictEqual(lines, ["2030-01-01T00:00:00.000Z exchange a Completed"])
    })
  )

  it.effect("the configuration and the log: services of the host's own", () =>
    Effect.gen(function* () {
      const taken: Array<RequestRecord> = []
      const log = Layer.succeed(RequestLog.RequestLog, { record: (record) => Effect.sync(() => taken.push(record)) })
      const layer = Gateway.layerCustom.pipe(Layer.provide([log, ConfigRef.layerStatic(config)]))
      const failed = yield* Effect.gen(function* () {
        const { complete } = yield* Completions.Completions
        return yield* Effect.flip(complete({ ...TestGateway.chat(), model: "nowhere" }))
      }).pipe(Effect.provide(layer))
      assert.strictEqual(failed._tag, "ModelNotFound")
      assert.deepStrictEqual(
        taken.map(({ Outcome }) => Outcome),
        ["ModelNotFound"]
      )
    }).pipe(Effect.provide(quiet))
  )
})
