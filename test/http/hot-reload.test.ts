import * as fs from "node:fs"
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import { assert, describe, it } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as SubscriptionRef from "effect/SubscriptionRef"
import * as ConfigRef from "../../src/config/ConfigRef.js"
import type * as Gateway from "../../src/Gateway.js"
import { rested } from "../support/Asking.js"
import * as Caller from "../support/Caller.js"
import * as LogLines from "../support/LogLines.js"
import * as ScriptedUpstream from "../support/ScriptedUpstream.js"
import * as Temp from "../support/Temp.js"
import * as TestGateway from "../support/TestGateway.js"
import { until } from "../support/Until.js"

/** A gateway whose configuration the test replaces at will. */
const settable = (config: Gateway.Config) =>
  Effect.gen(function* () {
    const snapshotOf = (plain: Gateway.Config) =>
      Effect.flatMap(
        Layer.build(ConfigRef.layerStatic(plain)),
        (context) => Context.get(context, ConfigRef.ConfigRef).current
      )
    const ref = yield* SubscriptionRef.make(yield* snapshotOf(config))
    const layer = Layer.succeed(ConfigRef.ConfigRef, { current: SubscriptionRef.get(ref), changes: ref.changes })
    return {
      gateway: yield* TestGateway.make(config, layer),
      set: (plain: Gateway.Config) => Effect.flatMap(snapshotOf(plain), (next) => SubscriptionRef.set(ref, next))
    }
  })

/** A gateway over a real file, which is looked at every second. */
const overFile = (config: Gateway.Config) =>
  Effect.gen(function* () {
    const path = `${yield* Temp.directory}/config.yaml`
    fs.writeFileSync(path, JSON.stringify(config))
    const log = LogLines.make()
    const context = yield* Layer.build(
      ConfigRef.layerFile(path).pipe(Layer.provide(NodeFileSystem.layer), Layer.provide(log.layer))
    )
    return { path, log, gateway: yield* TestGateway.make(config, Layer.succeedContext(context)) }
  })

/** An upstream that is busy, and says so when it is told to. */
const busyAfter = (told: Caller.Latch<void>) =>
  ScriptedUpstream.make(async (call) => {
    await told.promise
    call.json(503, { error: { message: "busy" } })
  })

/** An upstream that streams a word and goes on when it is told to. */
const halting = Effect.gen(function* () {
  const proceed = Caller.latch()
  const upstream = yield* ScriptedUpstream.make(async (call) => {
    call.events(ScriptedUpstream.chunk({ content: "old" }))
    await proceed.promise
    call.events(ScriptedUpstream.chunk({ content: " to the end" }), ScriptedUpstream.chunk({}, "stop"), "[DONE]")
    call.end()
  })
  return { upstream, proceed: proceed.open }
})

const only = (upstream: ScriptedUpstream.ScriptedUpstream, name = "a"): Gateway.Config => ({
  openai_clients: [TestGateway.backend(name, upstream.url)]
})

const startStream = (client: TestGateway.TestGateway["client"]) =>
  Effect.promise(async () => {
    const stream = await client.chat.completions.create({ ...TestGateway.chat(), stream: true })
    const iterator = stream[Symbol.asyncIterator]()
    const first = await iterator.next()
    let text = first.done === true ? "" : (first.value.choices[0]?.delta.content ?? "")
    const rest = async () => {
      for (;;) {
        const next = await iterator.next()
        if (next.done === true) return text
        text += next.value.choices[0]?.delta.content ?? ""
      }
    }
    return { rest }
  })

describe("a new configuration while requests run", () => {
  it.scopedLive("lets a stream end where it began, and serves the next request from the new backend", () =>
    Effect.gen(function* () {
      const old = yield* halting
      const fresh = yield* ScriptedUpstream.make(ScriptedUpstream.answerWell("new"))
      const { gateway, set } = yield* settable(only(old.upstream, "old"))
      const stream = yield* startStream(gateway.client)
      yield* set(only(fresh, "new"))
      const heard = yield* Effect.promise(() => Caller.ask(gateway.client, true))
      assert.strictEqual(heard.content, "new")
      old.proceed()
      assert.strictEqual(yield* Effect.promise(() => stream.rest()), "old to the end")
      yield* Effect.promise(() => gateway.record(1))
      assert.deepStrictEqual(
        gateway.records.map(({ Backend, Outcome }) => [Backend, Outcome]),
        [
          ["new", "Completed"],
          ["old", "Completed"]
        ]
      )
      assert.lengthOf(old.upstream.received, 1)
    })
  )

  it.scopedLive("keeps for an exchange the candidates that it began with", () =>
    Effect.gen(function* () {
      const refuse = Caller.latch()
      const first = yield* busyAfter(refuse)
      const second = yield* ScriptedUpstream.make(ScriptedUpstream.answerWell("from the second"))
      const third = yield* ScriptedUpstream.make(ScriptedUpstream.answerWell("from the third"))
      const { gateway, set } = yield* settable({
        openai_clients: [
          TestGateway.backend("first", first.url),
          TestGateway.backend("second", second.url, { priority: 0 })
        ]
      })
      const asked = Caller.ask(gateway.client, false)
      yield* Effect.promise(() => until(() => first.received.length === 1))
      yield* set(only(third, "third"))
      refuse.open()
      assert.strictEqual((yield* Effect.promise(() => asked)).content, "from the second")
      const next = yield* Effect.promise(() => Caller.ask(gateway.client, false))
      assert.strictEqual(next.content, "from the third")
    })
  )

  it.scopedLive("closes the idle connections of a backend that is gone", () =>
    Effect.gen(function* () {
      const gone = yield* ScriptedUpstream.make(ScriptedUpstream.answerWell("gone"))
      const kept = yield* ScriptedUpstream.make(ScriptedUpstream.answerWell("kept"))
      const backends = [
        TestGateway.backend("gone", gone.url),
        TestGateway.backend("kept", kept.url, { model_match: { type: "exact", value: ["kept-model"] } })
      ]
      const { gateway, set } = yield* settable({ openai_clients: backends })
      yield* Effect.promise(() => Caller.ask(gateway.client, false))
      yield* Effect.promise(() => Caller.ask(gateway.client, false, "kept-model"))
      assert.deepStrictEqual([gone.sockets(), kept.sockets()], [1, 1])
      yield* set({ openai_clients: backends.slice(1) })
      yield* Effect.promise(() => until(() => gone.sockets() === 0))
      assert.strictEqual(kept.sockets(), 1)
      yield* Effect.promise(rested)
      yield* Effect.promise(() => Caller.ask(gateway.client, false, "kept-model"))
      assert.strictEqual(kept.sockets(), 1)
      const refused = yield* Effect.promise(() => gateway.post("/v1/chat/completions", TestGateway.chat()))
      assert.strictEqual(refused.status, 404)
    })
  )

  it.scopedLive("closes the connection of a running stream when it ends, once its backend is gone", () =>
    Effect.gen(function* () {
      const old = yield* halting
      const fresh = yield* ScriptedUpstream.make(ScriptedUpstream.answerWell("new"))
      const { gateway, set } = yield* settable(only(old.upstream))
      const stream = yield* startStream(gateway.client)
      yield* set(only(fresh))
      yield* Effect.promise(() => Caller.ask(gateway.client, false))
      assert.strictEqual(old.upstream.sockets(), 1)
      old.proceed()
      assert.strictEqual(yield* Effect.promise(() => stream.rest()), "old to the end")
      yield* Effect.promise(() => until(() => old.upstream.sockets() === 0))
    })
  )

  it.scopedLive("lets an exchange that holds the old one still reach a backend that is gone", () =>
    Effect.gen(function* () {
      const refuse = Caller.latch()
      const first = yield* busyAfter(refuse)
      const second = yield* ScriptedUpstream.make(ScriptedUpstream.answerWell("from the second"))
      const backends = [
        TestGateway.backend("first", first.url),
        TestGateway.backend("second", second.url, { priority: 0 })
      ]
      const { gateway, set } = yield* settable({ openai_clients: backends })
      const asked = Caller.ask(gateway.client, true)
      yield* Effect.promise(() => until(() => first.received.length === 1))
      yield* set({ openai_clients: backends.slice(0, 1) })
      refuse.open()
      assert.strictEqual((yield* Effect.promise(() => asked)).content, "from the second")
      // A later change lets go of what was opened for it.
      yield* set({ openai_clients: backends.slice(0, 1), server: { drain: "1s" } })
      yield* Effect.promise(() => until(() => second.sockets() === 0))
    })
  )

  it.scopedLive("is in force within seconds of a change of its file, and a bad one changes nothing", () =>
    Effect.gen(function* () {
      const old = yield* ScriptedUpstream.make(ScriptedUpstream.answerWell("old"))
      const fresh = yield* ScriptedUpstream.make(ScriptedUpstream.answerWell("new"))
      const { gateway, log, path } = yield* overFile(only(old))
      const ask = Effect.promise(() => Caller.ask(gateway.client, false))
      assert.strictEqual((yield* ask).content, "old")
      Temp.replace(path, "openai_clients: [\n")
      const report = yield* Effect.promise(() => log.line("the last good one stays in force"))
      assert.match(report, /config\.yaml:\d+:\d+: /)
      assert.strictEqual((yield* ask).content, "old")
      assert.strictEqual(old.sockets(), 1)
      Temp.replace(path, JSON.stringify(only(fresh)))
      yield* Effect.promise(() => log.line("Configuration reloaded"))
      assert.strictEqual((yield* ask).content, "new")
      yield* Effect.promise(() => until(() => old.sockets() === 0))
    })
  )

  it.scopedLive("applies to the size of bodies and to the list of models at once", () =>
    Effect.gen(function* () {
      const upstream = yield* ScriptedUpstream.make((call) => {
        if (call.received.method === "GET") return call.json(200, { object: "list", data: [] })
        ScriptedUpstream.answerWell("Hello")(call)
      })
      const { gateway, set } = yield* settable(only(upstream))
      const post = Effect.promise(() => gateway.post("/v1/chat/completions", TestGateway.chat()))
      assert.strictEqual((yield* post).status, 200)
      yield* set({
        openai_clients: [
          TestGateway.backend("a", upstream.url, { model_match: { type: "exact", value: ["another-model"] } })
        ],
        server: { max_body: 10 }
      })
      assert.strictEqual((yield* post).status, 413)
      const models = yield* Effect.promise(async () => (await fetch(`${gateway.url}/v1/models`)).text())
      assert.include(models, "another-model")
      assert.notInclude(models, "test-model")
    })
  )
})
