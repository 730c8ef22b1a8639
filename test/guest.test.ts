import * as http from "node:http"
import * as HttpRouter from "@effect/platform/HttpRouter"
import * as HttpServer from "@effect/platform/HttpServer"
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import { assert, describe, it } from "@effect/vitest"
import * as Gateway from "causeway"
import * as Completions from "causeway/Completions"
import * as ConfigRef from "causeway/ConfigRef"
import * as RequestLog from "causeway/RequestLog"
import * as Testing from "causeway/testing"
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as LogLevel from "effect/LogLevel"
import * as Queue from "effect/Queue"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as TestGateway from "./support/TestGateway.js"
import { until } from "./support/Until.js"

const quiet = Logger.minimumLogLevel(LogLevel.None)

const demo = (server: NonNullable<Gateway.Config["server"]> = {}): Gateway.Config => ({
  openai_clients: [TestGateway.backend("demo", "demo:")],
  server
})

const withLog = (config: Gateway.Config, log: Layer.Layer<RequestLog.RequestLog>) =>
  Gateway.layerCustom.pipe(Layer.provide([log, ConfigRef.layerStatic(config)]), Layer.provideMerge(quiet))

const ask = Effect.flatMap(Completions.Completions, ({ complete }) => complete(TestGateway.chat()))

describe("a log that misbehaves", () => {
  it.live("by dying keeps no place, and the layer closes", () =>
    Effect.gen(function* () {
      const dying = Layer.succeed(RequestLog.RequestLog, { record: () => Effect.dieMessage("full") })
      yield* Effect.provide(
        Effect.repeatN(ask, 4),
        withLog(demo({ max_in_flight: 2, queue: { size: 1, timeout: "100ms" } }), dying)
      )
    })
  )

  it.live("by waiting lets answers and interruptions pass, and keeps nobody out", () =>
    Effect.gen(function* () {
      const rows = yield* Queue.bounded<string>(1)
      const waiting = Layer.succeed(RequestLog.RequestLog, { record: ({ id }) => Queue.offer(rows, id) })
      const config = demo({ max_in_flight: 1, queue: { size: 1, timeout: "100ms" } })
      yield* Effect.gen(function* () {
        for (let n = 0; n < 3; n++) yield* Effect.timeout(ask, "1 second")
        // What waits is written all the same.
        yield* Effect.forkScoped(Effect.forever(Queue.take(rows)))
      }).pipe(Effect.scoped, Effect.provide(withLog(config, waiting)))
    })
  )

  it.live("by waiting does not hold up a call that is interrupted", () =>
    Effect.gen(function* () {
      const begun = yield* Deferred.make<void>()
      const taken = yield* Deferred.make<void>()
      const log = Layer.succeed(RequestLog.RequestLog, { record: () => Deferred.await(taken) })
      const gateway = yield* Layer.build(
        Gateway.layerCustom.pipe(
          Layer.provide([
            log,
            ConfigRef.layerStatic({ openai_clients: [TestGateway.backend("a", "http://127.0.0.1:9")] })
          ]),
          Layer.provideMerge(quiet)
        )
      )
      const call = yield* Effect.fork(Effect.zipRight(Deferred.succeed(begun, undefined), Effect.provide(ask, gateway)))
      yield* Deferred.await(begun)
      yield* Effect.timeout(Fiber.interrupt(call), "1 second")
      yield* Deferred.succeed(taken, undefined)
    }).pipe(Effect.scoped)
  )
})

describe("Gateway.withDrain", () => {
  const hosted = (gateway: Layer.Layer<Gateway.Services>, order: "server first" | "gateway first") => {
    const router = HttpRouter.concat(HttpRouter.empty, Gateway.routesAt("/llm"))
    const server = NodeHttpServer.layer(() => http.createServer(), { port: 0, host: "127.0.0.1" })
    const served = Gateway.withDrain(HttpServer.serve(router))
    return order === "server first"
      ? served.pipe(Layer.provide(gateway), Layer.provideMerge(server), Layer.provide(quiet))
      : served.pipe(Layer.provideMerge(server), Layer.provide(gateway), Layer.provide(quiet))
  }

  for (const order of ["server first", "gateway first"] as const) {
    it.live(`bounds mounted exchanges, and answers who asks meanwhile: ${order}`, () =>
      Effect.gen(function* () {
        const records: Array<string> = []
        const log = Layer.succeed(RequestLog.RequestLog, {
          record: ({ Outcome }) => Effect.sync(() => void records.push(Outcome))
        })
        let calls = 0
        const silent = yield* Effect.acquireRelease(
          Effect.async<http.Server>((resume) => {
            const server = http.createServer(() => void calls++)
            server.listen(0, "127.0.0.1", () => resume(Effect.succeed(server)))
          }),
          (server) => Effect.sync(() => (server.closeAllConnections(), server.close()))
        )
        const address = silent.address()
        const port = typeof address === "object" ? address?.port : 0
        const config: Gateway.Config = {
          openai_clients: [TestGateway.backend("a", `http://127.0.0.1:${port}`)],
          server: { drain: "300ms" }
        }
        const scope = yield* Scope.make()
        const gateway = Gateway.layerCustom.pipe(Layer.provide([log, Layer.orDie(ConfigRef.layerStatic(config))]))
        const context = yield* Layer.buildWithScope(hosted(gateway, order), scope)
        const url = `${Gateway.addressOf(Context.get(context, HttpServer.HttpServer))}/llm`
        const post = () =>
          fetch(`${url}/v1/chat/completions`, { method: "POST", body: JSON.stringify(TestGateway.chat()) }).then(
            ({ status }) => status
          )
        const cut = post()
        yield* Effect.promise(() => until(() => calls === 1))
        const closing = yield* Effect.fork(Scope.close(scope, Exit.void))
        const isReady = Effect.promise(async () => (await fetch(`${url}/ready`)).status === 200)
        yield* Effect.repeat(isReady, { while: (ready) => ready })
        assert.strictEqual(yield* Effect.promise(post), 503)
        assert.strictEqual(yield* Effect.promise(() => cut), 503)
        yield* Effect.timeout(Fiber.join(closing), "8 seconds")
        assert.sameMembers(records, ["Draining", "CutByDrain"])
      }).pipe(Effect.scoped)
    )
  }
})

describe("a call in flight under a clock that stands still", () => {
  it.effect("does not keep the kit's layer open", () =>
    Effect.gen(function* () {
      let begun = false
      const gateway = Testing.make({
        config: { openai_clients: [TestGateway.backend("a", "https://a.example/v1")] },
        script: () => void (begun = true)
      })
      const scope = yield* Scope.make()
      const context = yield* Layer.buildWithScope(Layer.provideMerge(gateway.layer, quiet), scope)
      const call = yield* Effect.fork(Effect.exit(Effect.provide(ask, context)))
      yield* Effect.promise(() => until(() => begun))
      yield* Scope.close(scope, Exit.void)
      const exit = yield* Fiber.join(call)
      assert.isTrue(Exit.isFailure(exit))
      assert.deepStrictEqual(
        gateway.records.map(({ Outcome }) => Outcome),
        ["CutByDrain"]
      )
    })
  )
})

describe("what completions are asked by name", () => {
  it.live("chat, streams, old completions and models", () =>
    Effect.gen(function* () {
      const gateway = Testing.make({
        config: { openai_clients: [TestGateway.backend("a", "https://a.example/v1")] },
        script: (call) =>
          call.received.path.endsWith("/chat/completions")
            ? Testing.answerWell("Hi there")(call)
            : call.json(200, {
                id: "cmpl-1",
                object: "text_completion",
                created: 1,
                model: "test-model",
                choices: [{ index: 0, text: "once upon", finish_reason: "stop", logprobs: null }],
                custom: 1
              })
      })
      yield* Effect.gen(function* () {
        const { choices } = yield* Completions.complete(TestGateway.chat())
        assert.strictEqual(choices[0].message.content, "Hi there")
        const words = yield* Stream.runCollect(Completions.stream(TestGateway.chat()))
        assert.include(Array.from(words, ({ choices: [choice] }) => choice?.delta.content ?? "").join(""), "Hi there")
        const told = yield* Completions.text({ model: "test-model", prompt: "Tell me a story" })
        assert.deepStrictEqual([told.choices[0].text, told["custom"]], ["once upon", 1])
        assert.deepStrictEqual(
          (yield* Completions.models()).map(({ id }) => id),
          ["test-model"]
        )
        const failure = yield* Effect.flip(Completions.text({ model: "nowhere", prompt: "" }))
        assert.strictEqual(failure._tag, "ModelNotFound")
      }).pipe(Effect.provide(gateway.layer), Effect.provide(quiet))
      assert.deepStrictEqual(
        gateway.records.map(({ Outcome, Type }) => [Outcome, Type]),
        [
          ["Completed", "chat"],
          ["Completed", "chat"],
          ["Completed", "completion"],
          ["ModelNotFound", "completion"]
        ]
      )
    })
  )
})
