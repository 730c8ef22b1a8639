import * as fs from "node:fs"
import * as http from "node:http"
import * as HttpRouter from "@effect/platform/HttpRouter"
import * as HttpServer from "@effect/platform/HttpServer"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import { assert, describe, it } from "@effect/vitest"
import * as Gateway from "causeway"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as LogLevel from "effect/LogLevel"
import * as Scope from "effect/Scope"
import OpenAI from "openai"
import * as ConfigRef from "../src/config/ConfigRef.js"
import type { RequestRecord } from "../src/domain/record/RequestRecord.js"
import * as RequestLog from "../src/records/RequestLog.js"
import * as Caller from "./support/Caller.js"
import * as Database from "./support/Database.js"
import * as ScriptedUpstream from "./support/ScriptedUpstream.js"
import * as Temp from "./support/Temp.js"
import * as TestGateway from "./support/TestGateway.js"
import { until } from "./support/Until.js"

const demo: Gateway.Config = {
  openai_clients: [{ name: "demo", base_url: "demo:", model_match: { type: "exact", value: ["demo"] } }]
}

const ask = async (url: string, base = "/v1", content = "Hi") => {
  const client = new OpenAI({ baseURL: `${url}${base}`, apiKey: "none", maxRetries: 0 })
  const answer = await client.chat.completions.create({ model: "demo", messages: [{ role: "user", content }] })
  return answer.choices[0]?.message.content
}

const outcomes = (path: string) => Database.records(path).map(({ Outcome }) => Outcome)

/** Which of our own open files are this one or belong to it. */
const openFiles = (path: string) =>
  fs.readdirSync("/proc/self/fd").filter((fd) => {
    try {
      return fs.readlinkSync(`/proc/self/fd/${fd}`).startsWith(path)
    } catch {
      return false
    }
  })

const quiet = Logger.minimumLogLevel(LogLevel.None)

/** A host's server over a router, with a way to stop it. */
const serve = <E, R>(router: HttpRouter.HttpRouter<E, R>, services: Layer.Layer<R, unknown>) =>
  Effect.gen(function* () {
    const layer = HttpServer.serve(router).pipe(
      Layer.provideMerge(NodeHttpServer.layer(() => http.createServer(), { port: 0, host: "127.0.0.1" })),
      Layer.provide(services),
      Layer.provide(quiet)
    )
    const scope = yield* Scope.make()
    yield* Effect.addFinalizer(() => Scope.close(scope, Exit.void))
    const context = yield* Layer.buildWithScope(layer, scope)
    return {
      url: Gateway.addressOf(Context.get(context, HttpServer.HttpServer)),
      stop: Scope.close(scope, Exit.void)
    }
  })

describe("Gateway.start", () => {
  it.scopedLive("serves a configuration of plain values, and its rows are in the file when it has stopped", () =>
    Effect.gen(function* () {
      const path = `${yield* Temp.directory}/rows.db`
      yield* Effect.promise(async () => {
        const gateway = await Gateway.start({ config: demo, port: 0, recordPath: path })
        try {
          assert.match(gateway.url, /^http:\/\/127\.0\.0\.1:[1-9]\d*$/)
          assert.strictEqual(await ask(gateway.url), "You said: Hi")
          assert.strictEqual(await ask(gateway.url, "", "again"), "You said: again")
        } finally {
          await gateway.stop()
        }
        const refused: unknown = await Caller.rejection(ask(gateway.url))
        assert.instanceOf(refused, OpenAI.APIConnectionError)
      })
      assert.deepStrictEqual(outcomes(path), ["Completed", "Completed"])
      assert.deepStrictEqual(openFiles(path), [])
    })
  )

  it.scopedLive("serves the configuration of a file, and sees it change", () =>
    Effect.gen(function* () {
      const folder = yield* Temp.directory
      const configFile = `${folder}/gateway.yaml`
      fs.writeFileSync(configFile, JSON.stringify(demo))
      yield* Effect.promise(async () => {
        const gateway = await Gateway.start({
          configFile,
          host: "localhost",
          port: 0,
          recordPath: `${folder}/rows.db`
        })
        try {
          assert.strictEqual(await ask(gateway.url), "You said: Hi")
          Temp.replace(configFile, JSON.stringify(demo).replace('["demo"]', '["renamed"]'))
          const list = async () => (await fetch(`${gateway.url}/v1/models`)).text()
          while (!(await list()).includes("renamed"));
          assert.instanceOf(await Caller.rejection(ask(gateway.url)), OpenAI.NotFoundError)
        } finally {
          await gateway.stop()
        }
      })
      assert.deepStrictEqual(outcomes(`${folder}/rows.db`), ["Completed", "ModelNotFound"])
    })
  )

  it.scopedLive("may be stopped again, at once and afterwards", () =>
    Effect.gen(function* () {
      const folder = yield* Temp.directory
      yield* Effect.promise(async () => {
        const gateway = await Gateway.start({ config: demo, port: 0, recordPath: `${folder}/rows.db` })
        await ask(gateway.url)
        await Promise.all([gateway.stop(), gateway.stop()])
        await gateway.stop()
      })
      assert.lengthOf(outcomes(`${folder}/rows.db`), 1)
    })
  )

  it.scopedLive("waits in every stop for the exchanges that run", () =>
    Effect.gen(function* () {
      const path = `${yield* Temp.directory}/rows.db`
      const proceed = Caller.latch()
      const upstream = yield* ScriptedUpstream.make(async (call) => {
        await proceed.promise
        ScriptedUpstream.answerWell("Late")(call)
      })
      const config = { openai_clients: [TestGateway.backend("a", upstream.url)] }
      yield* Effect.promise(async () => {
        const gateway = await Gateway.start({ config, port: 0, recordPath: path })
        const client = new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey: "none", maxRetries: 0 })
        const asked = Caller.ask(client, true)
        await until(() => upstream.received.length === 1)
        const ended: Array<string> = []
        const stops = [gateway.stop().then(() => ended.push("first")), gateway.stop().then(() => ended.push("second"))]
        void asked.then(() => ended.push("answer"))
        proceed.open()
        assert.strictEqual((await asked).content, "Late")
        await Promise.all(stops)
        assert.strictEqual(ended[0], "answer")
      })
      assert.deepStrictEqual(outcomes(path), ["Completed"])
    })
  )

  it.scopedLive("runs several gateways beside each other", () =>
    Effect.gen(function* () {
      const folder = yield* Temp.directory
      const names = ["one", "two"]
      yield* Effect.promise(async () => {
        const gateways = await Promise.all(
          names.map((name) => Gateway.start({ config: demo, port: 0, recordPath: `${folder}/${name}.db` }))
        )
        await Promise.all(gateways.map(({ url }) => ask(url)))
        await Promise.all(gateways.map(({ stop }) => stop()))
      })
      for (const name of names) assert.deepStrictEqual(outcomes(`${folder}/${name}.db`), ["Completed"])
    })
  )

  it.scopedLive("rejects a bad configuration with everything that is wrong", () =>
    Effect.gen(function* () {
      const folder = yield* Temp.directory
      const recordPath = `${folder}/rows.db`
      const config: Gateway.Config = { openai_clients: [], server: { drain: "soon" } }
      const rejected = yield* Effect.promise(() => Caller.rejection(Gateway.start({ config, port: 0, recordPath })))
      assert.instanceOf(rejected, Error)
      assert.include(rejected.message, "config: openai_clients: expected a list of at least one backend")
      assert.include(rejected.message, "config: server.drain: expected a duration")
      fs.writeFileSync(`${folder}/bad.yaml`, "openai_clients: 1\n")
      for (const name of ["bad.yaml", "missing.yaml"]) {
        const failed = yield* Effect.promise(() =>
          Caller.rejection(Gateway.start({ configFile: `${folder}/${name}`, port: 0, recordPath }))
        )
        assert.instanceOf(failed, Error)
        assert.include(failed.message, `${folder}/${name}`)
      }
    })
  )

  it.scopedLive("rejects a record database that cannot be opened", () =>
    Effect.gen(function* () {
      const recordPath = `${yield* Temp.directory}/missing/rows.db`
      const rejected = yield* Effect.promise(() =>
        Caller.rejection(Gateway.start({ config: demo, port: 0, recordPath }))
      )
      assert.instanceOf(rejected, Error)
      assert.include(rejected.message, recordPath)
    })
  )

  it.scopedLive("rejects a port that is taken, says so, and leaves nothing open", () =>
    Effect.gen(function* () {
      const recordPath = `${yield* Temp.directory}/rows.db`
      const { port } = new URL((yield* ScriptedUpstream.make(() => {})).url)
      const rejected = yield* Effect.promise(() =>
        Caller.rejection(Gateway.start({ config: demo, port: Number(port), recordPath }))
      )
      assert.instanceOf(rejected, Error)
      assert.include(rejected.message, "EADDRINUSE")
      assert.deepStrictEqual(openFiles(recordPath), [])
    })
  )
})

describe("Gateway.routes", () => {
  const host = HttpRouter.empty.pipe(
    HttpRouter.get("/hello", HttpServerResponse.text("Hello from the host")),
    HttpRouter.mount("/llm", Gateway.routes)
  )

  const get = (url: string) =>
    Effect.promise(async () => {
      const response = await fetch(url)
      return { status: response.status, text: await response.text() }
    })

  it.scopedLive("serve under a prefix beside the host's own routes, streamed or not, with records", () =>
    Effect.gen(function* () {
      const path = `${yield* Temp.directory}/rows.db`
      const { stop, url } = yield* serve(host, Gateway.layer({ config: demo, recordPath: path }))
      assert.deepStrictEqual(yield* get(`${url}/hello`), { status: 200, text: "Hello from the host" })
      assert.strictEqual((yield* get(`${url}/llm/health`)).status, 200)
      assert.include((yield* get(`${url}/llm/v1/models`)).text, '"demo"')
      assert.strictEqual((yield* get(`${url}/v1/models`)).status, 404)
      const client = new OpenAI({ baseURL: `${url}/llm/v1`, apiKey: "none", maxRetries: 0 })
      for (const stream of [false, true]) {
        const heard = yield* Effect.promise(() => Caller.ask(client, stream, "demo"))
        assert.strictEqual(heard.content, "You said: Hi")
      }
      const unknown = yield* Effect.promise(() => Caller.rejection(Caller.ask(client, false, "nowhere")))
      assert.instanceOf(unknown, OpenAI.NotFoundError)
      yield* stop
      assert.deepStrictEqual(outcomes(path), ["Completed", "Completed", "ModelNotFound"])
    })
  )

  it.scopedLive("abort upstream when the caller of a host leaves", () =>
    Effect.gen(function* () {
      const records: Array<RequestRecord> = []
      const aborted = Caller.latch()
      const upstream = yield* ScriptedUpstream.make((call) => {
        call.events(ScriptedUpstream.chunk({ content: "on" }))
        void call.closed.then(aborted.open)
      })
      const services = Gateway.layerCustom.pipe(
        Layer.provide([
          RequestLog.layerMemory(records),
          ConfigRef.layerStatic({ openai_clients: [TestGateway.backend("a", upstream.url)] })
        ])
      )
      const { url } = yield* serve(host, services)
      const leaving = new AbortController()
      const response = yield* Effect.promise(() =>
        fetch(`${url}/llm/v1/chat/completions`, {
          method: "POST",
          body: JSON.stringify({ ...TestGateway.chat(), stream: true }),
          signal: leaving.signal
        })
      )
      assert.strictEqual(response.status, 200)
      leaving.abort()
      yield* Effect.promise(() => aborted.promise)
      yield* Effect.promise(() => until(() => records.length === 1))
      assert.strictEqual(records[0]?.Outcome, "CallerLeft")
    })
  )
})

describe("Gateway.layerCustom", () => {
  it.scopedLive("works with the host's own configuration and record log", () =>
    Effect.gen(function* () {
      const taken: Array<string> = []
      const log = Layer.succeed(RequestLog.RequestLog, {
        record: ({ Outcome, RequestedModel }) => Effect.sync(() => taken.push(`${RequestedModel} ${Outcome}`))
      })
      const context = yield* Layer.build(ConfigRef.layerStatic(demo))
      const { changes, current } = Context.get(context, ConfigRef.ConfigRef)
      let reads = 0
      const config = Layer.succeed(ConfigRef.ConfigRef, {
        changes,
        current: Effect.suspend(() => {
          reads++
          return current
        })
      })
      const { url } = yield* serve(Gateway.routes, Gateway.layerCustom.pipe(Layer.provide([log, config])))
      assert.strictEqual(yield* Effect.promise(() => ask(url)), "You said: Hi")
      assert.deepStrictEqual(taken, ["demo Completed"])
      assert.isAtLeast(reads, 1)
    })
  )

  it.scopedLive("lets a log that a host keeps in memory see each row once", () =>
    Effect.gen(function* () {
      const records: Array<RequestRecord> = []
      const services = Gateway.layerCustom.pipe(
        Layer.provide([RequestLog.layerMemory(records), ConfigRef.layerStatic(demo)])
      )
      const { url } = yield* serve(Gateway.routes, services)
      yield* Effect.promise(() => Promise.all(Array.from({ length: 10 }, (_, n) => ask(url, "/v1", `n${n}`))))
      assert.strictEqual(new Set(records.map(({ id }) => id)).size, 10)
      assert.lengthOf(records, 10)
    })
  )
})

describe("Gateway.layerFile", () => {
  it.scopedLive("fails as a value for a file that is wrong", () =>
    Effect.gen(function* () {
      const folder = yield* Temp.directory
      const failure = yield* Effect.flip(
        Layer.build(Gateway.layerFile(`${folder}/missing.yaml`, { recordPath: `${folder}/rows.db` }))
      )
      assert.strictEqual(failure._tag, "ConfigUnreadable")
    })
  )

  it.scopedLive("closes its files when its scope closes", () =>
    Effect.gen(function* () {
      const folder = yield* Temp.directory
      fs.writeFileSync(`${folder}/config.yaml`, JSON.stringify(demo))
      const recordPath = `${folder}/rows.db`
      yield* Effect.scoped(Layer.build(Gateway.layerFile(`${folder}/config.yaml`, { recordPath })))
      assert.deepStrictEqual(openFiles(recordPath), [])
      assert.deepStrictEqual(Temp.names(folder), ["config.yaml", "rows.db", "rows.lock"])
    })
  )
})
