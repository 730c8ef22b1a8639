import * as http from "node:http"
import * as HttpServer from "@effect/platform/HttpServer"
import { assert, describe, it } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as LogLevel from "effect/LogLevel"
import * as ConfigRef from "../../src/config/ConfigRef.js"
import type { LoggedRecord } from "../../src/domain/record/RequestRecord.js"
import * as Gateway from "../../src/Gateway.js"
import { RequestLog } from "../../src/records/RequestLog.js"
import * as TestGateway from "../support/TestGateway.js"
import { until } from "../support/Until.js"

/** A gateway under `sync` whose log takes a record only when it is let. */
const make = Effect.gen(function* () {
  const records: Array<LoggedRecord> = []
  const open = yield* Deferred.make<void>()
  const log = Layer.succeed(RequestLog, {
    record: (record) =>
      Effect.zipRight(
        Effect.sync(() => records.push(record)),
        Deferred.await(open)
      )
  })
  const config = { openai_clients: [TestGateway.backend("demo", "demo:")], log: { durability: "sync" as const } }
  const layer = Gateway.serve({ host: "127.0.0.1", port: 0 }).pipe(
    Layer.provide(Gateway.layerCustom),
    Layer.provide([log, ConfigRef.layerStatic(config)]),
    Layer.provide(Logger.minimumLogLevel(LogLevel.None))
  )
  const url = Gateway.addressOf(Context.get(yield* Layer.build(layer), HttpServer.HttpServer))
  return { url, records, letIn: Deferred.succeed(open, undefined) }
})

/** Asks, and keeps everything that has come so far; `ended` when the response has come to its end. */
const ask = (url: string, body: object) => {
  const seen = { text: "", ended: false, headers: false }
  const request = http.request(`${url}/v1/chat/completions`, { method: "POST" }, (response) => {
    seen.headers = true
    response.on("data", (bytes: Buffer) => (seen.text += bytes.toString()))
    response.on("end", () => (seen.ended = true))
    response.on("error", () => {})
  })
  request.on("error", () => {})
  request.end(JSON.stringify({ ...TestGateway.chat(), ...body }))
  return { seen, leave: () => request.destroy() }
}

// Time for what must not come to come.
const aWhile = Effect.promise(() => new Promise((resolve) => setTimeout(resolve, 100)))

describe("under log.durability: sync", () => {
  it.scopedLive("a stream ends when its row is on the disk, and its content does not wait", () =>
    Effect.gen(function* () {
      const { letIn, records, url } = yield* make
      const { seen } = ask(url, { stream: true })
      yield* Effect.promise(() => until(() => records.length === 1))
      yield* aWhile
      assert.include(seen.text, `"finish_reason":"stop"`)
      assert.notInclude(seen.text, "[DONE]")
      assert.isFalse(seen.ended)
      yield* letIn
      yield* Effect.promise(() => until(() => seen.ended))
      assert.include(seen.text, "[DONE]")
      assert.deepStrictEqual(
        records.map(({ Outcome, amends }) => [Outcome, amends]),
        [["Completed", undefined]]
      )
    })
  )

  for (const [what, body, outcome] of [
    ["an answer that is not streamed", {}, "Completed"],
    ["an error", { model: "nobody's" }, "ModelNotFound"]
  ] as const) {
    it.scopedLive(`${what} is sent when its row is on the disk`, () =>
      Effect.gen(function* () {
        const { letIn, records, url } = yield* make
        const { seen } = ask(url, body)
        yield* Effect.promise(() => until(() => records.length === 1))
        yield* aWhile
        assert.isFalse(seen.headers)
        yield* letIn
        yield* Effect.promise(() => until(() => seen.ended))
        assert.strictEqual(records[0]?.Outcome, outcome)
        assert.lengthOf(records, 1)
      })
    )
  }

  it.scopedLive("a row is amended when the caller has left before its end", () =>
    Effect.gen(function* () {
      const { letIn, records, url } = yield* make
      const { leave } = ask(url, {})
      yield* Effect.promise(() => until(() => records.length === 1))
      leave()
      yield* aWhile
      yield* letIn
      yield* Effect.promise(() => until(() => records.length === 2))
      const [early, late] = records
      assert.deepStrictEqual([early?.Outcome, late?.Outcome, late?.amends], ["Completed", "CallerLeft", true])
      assert.strictEqual(late?.id, early?.id)
    })
  )
})
