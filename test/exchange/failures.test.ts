import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import * as HttpApi from "@effect/platform/HttpApi"
import * as HttpApiBuilder from "@effect/platform/HttpApiBuilder"
import * as HttpApiClient from "@effect/platform/HttpApiClient"
import * as HttpApiEndpoint from "@effect/platform/HttpApiEndpoint"
import * as HttpApiGroup from "@effect/platform/HttpApiGroup"
import * as HttpServer from "@effect/platform/HttpServer"
import { assert, describe, it } from "@effect/vitest"
import * as Completions from "causeway/Completions"
import * as Failure from "causeway/Failure"
import { StreamFailure } from "causeway/StreamFailure"
import * as Testing from "causeway/testing"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as LogLevel from "effect/LogLevel"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import * as LocalGateway from "../support/LocalGateway.js"
import * as ScriptedUpstream from "../support/ScriptedUpstream.js"
import * as TestGateway from "../support/TestGateway.js"

const { backend, chat } = TestGateway

const config = {
  openai_clients: [
    backend("spent", "http://spent", { model_match: { type: "exact", value: ["spent"] }, retries: 0 }),
    backend("busy", "http://busy", { model_match: { value: "busy" }, retries: 0 }),
    backend("wrong", "http://wrong", { model_match: { value: "wrong" }, retries: 0 }),
    backend("broken", "http://broken", { model_match: { value: "broken" }, retries: 0, rescue: "off" })
  ]
}

const script = Testing.byBackend({
  spent: Testing.reject(429),
  busy: Testing.reject(503),
  wrong: Testing.reject(422),
  broken: Testing.breakOff("Once")
})

const Question = Schema.Struct({ model: Schema.String })

// A host's own API over completions, as a client of another process sees it.
const Api = HttpApi.make("host").add(
  HttpApiGroup.make("answers").add(
    HttpApiEndpoint.post("answer", "/answer")
      .setPayload(Question)
      .addSuccess(Schema.String)
      .addError(Failure.ModelNotFound)
      .addError(Failure.Overloaded)
      .addError(Failure.Draining)
      .addError(Failure.Rejected)
      .addError(Failure.NoBackendAvailable)
      .addError(StreamFailure)
  )
)

const Handlers = HttpApiBuilder.group(Api, "answers", (handlers) =>
  handlers.handle("answer", ({ payload: { model } }) =>
    Effect.gen(function* () {
      const { stream } = yield* Completions.Completions
      return yield* Stream.runFold(stream({ ...chat(), model }), "", (text, { choices }) => {
        return text + (choices[0]?.delta.content ?? "")
      })
    }).pipe(Effect.catchTags({ BodyMalformed: Effect.die, BodyTooLarge: Effect.die, BodyTooComplex: Effect.die }))
  )
)

describe("failures inside the process", () => {
  it.scopedLive("go through a host's HttpApi with their status, class and id", () =>
    Effect.gen(function* () {
      const gateway = Testing.make({ config, script })
      const { dispose, handler } = HttpApiBuilder.toWebHandler(
        Layer.mergeAll(
          HttpApiBuilder.api(Api).pipe(
            Layer.provide(Handlers),
            Layer.provide(gateway.layer),
            Layer.provide(Logger.minimumLogLevel(LogLevel.None))
          ),
          HttpServer.layerContext
        )
      )
      yield* Effect.addFinalizer(() => Effect.promise(dispose))
      const statuses: Array<number> = []
      const fetched: typeof fetch = async (input, init) => {
        const response = await handler(new Request(input, init))
        statuses.push(response.status)
        return response
      }
      const client = yield* HttpApiClient.make(Api, { baseUrl: "http://host" }).pipe(
        Effect.provide(FetchHttpClient.layer),
        Effect.provideService(FetchHttpClient.Fetch, fetched)
      )
      const failures = yield* Effect.forEach(["nowhere", "spent", "busy", "wrong", "broken"], (model) =>
        Effect.flip(
          client.answers.answer({ payload: { model } }).pipe(Effect.provideService(FetchHttpClient.Fetch, fetched))
        )
      )
      assert.deepStrictEqual(
        failures.map(({ _tag }) => _tag),
        ["ModelNotFound", "Rejected", "NoBackendAvailable", "Rejected", "StreamFailure"]
      )
      assert.isTrue(failures[0] instanceof Failure.ModelNotFound)
      assert.isTrue(failures[3] instanceof Failure.Rejected)
      assert.deepStrictEqual(statuses, [404, 400, 502, 400, 502])
      assert.deepStrictEqual(
        failures.map((failure) => ("id" in failure ? failure.id : undefined)),
        gateway.records.map(({ id }) => id)
      )
    }).pipe(Logger.withMinimumLogLevel(LogLevel.None))
  )

  it.scopedLive("are answered by toResponse as the gateway answers them over HTTP", () =>
    Effect.gen(function* () {
      const upstream = yield* ScriptedUpstream.make(({ json, received }) => {
        switch (received.body["model"]) {
          case "spent":
            return json(429, { error: { message: "Spent.", code: "insufficient_quota" } })
          case "busy":
            return json(503, { error: { message: "Busy." } }, { "retry-after": "3" })
          default:
            return json(422, { error: { message: "No such tool.", hint: 1 } })
        }
      })
      const settings = {
        openai_clients: [
          backend("a", upstream.url, {
            model_match: { type: "keyword", value: ["spent", "busy", "wrong"] },
            retries: 0
          })
        ]
      }
      const gateway = yield* TestGateway.make(settings)
      const { completions, records } = yield* LocalGateway.make(settings)
      for (const [at, model] of ["nowhere", "spent", "wrong", "busy"].entries()) {
        const over = yield* Effect.promise(() => gateway.post("/v1/chat/completions", { ...chat(), model }))
        const failure = yield* Effect.flip(completions.complete({ ...chat(), model }))
        const response = Failure.toResponse(failure)
        assert.strictEqual(response.status, over.status)
        assert.strictEqual(response.headers["x-request-id"], records[at]?.id)
        const {
          date: _,
          connection: __,
          "content-length": ___,
          "keep-alive": ____,
          "x-request-id": _____,
          ...headers
        } = Object.fromEntries(over.headers)
        const { "x-request-id": ______, ...ours } = response.headers
        assert.deepStrictEqual(ours, headers)
        assert.deepStrictEqual(response.body, yield* Effect.promise(() => over.json()))
      }
    })
  )
})
