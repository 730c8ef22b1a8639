import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import { assert, describe, it } from "@effect/vitest"
import * as Gateway from "causeway"
import * as Testing from "causeway/testing"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as LogLevel from "effect/LogLevel"
import * as Stream from "effect/Stream"
import OpenAI from "openai"
import * as Caller from "./support/Caller.js"
import * as TestGateway from "./support/TestGateway.js"
import { until } from "./support/Until.js"

const quiet = Logger.minimumLogLevel(LogLevel.None)

const config: Gateway.Config = { openai_clients: [TestGateway.backend("a", "https://a.example/v1")] }

const withFetch = (
  gateway: Testing.TestGateway,
  use: (fetch: typeof globalThis.fetch) => Promise<unknown>
): Effect.Effect<unknown, unknown> =>
  Effect.flatMap(Gateway.fetch, (fetch) => Effect.promise(() => use(fetch))).pipe(
    Effect.provide(gateway.layer),
    Effect.provide(quiet)
  )

const url = "http://gateway/v1/chat/completions"

const streamed = { method: "POST", body: JSON.stringify({ ...TestGateway.chat(), stream: true }) }

describe("Gateway.fetch", () => {
  it.live("serves OpenAI's client without a socket, whole, streamed and refused", () => {
    const gateway = Testing.make({ config, script: Testing.answerWell("Hi there") })
    return withFetch(gateway, async (fetch) => {
      const client = new OpenAI({ baseURL: "http://gateway/v1", apiKey: "none", maxRetries: 0, fetch })
      for (const stream of [false, true]) assert.strictEqual((await Caller.ask(client, stream)).content, "Hi there")
      assert.instanceOf(await Caller.rejection(Caller.ask(client, false, "nowhere")), OpenAI.NotFoundError)
      assert.strictEqual((await client.models.list()).data[0]?.id, "test-model")
      assert.strictEqual((await fetch("http://gateway/nowhere")).status, 404)
      assert.strictEqual((await fetch("http://gateway/v1/chat/completions", { method: "POST" })).status, 400)
      await until(() => gateway.records.length === 4)
      assert.deepStrictEqual(
        gateway.records.map(({ Outcome }) => Outcome),
        ["Completed", "Completed", "ModelNotFound", "BodyMalformed"]
      )
    })
  })

  it.live("rejects when its signal aborts, before the answer and in its middle, and cancels the backend", () => {
    let [begun, closed] = [0, 0]
    const gateway = Testing.make({
      config,
      script: (call) => {
        begun++
        if (call.number === 1) call.events(Testing.chunk({ content: "on" }))
        void call.closed.then(() => closed++)
      }
    })
    return withFetch(gateway, async (fetch) => {
      const reason = new Error("enough")
      assert.strictEqual(await Caller.rejection(fetch(url, { ...streamed, signal: AbortSignal.abort(reason) })), reason)
      const before = new AbortController()
      const answered = fetch(url, { ...streamed, signal: before.signal })
      await until(() => begun === 1)
      before.abort(reason)
      assert.strictEqual(await Caller.rejection(answered), reason)
      await until(() => closed === 1)
      const amid = new AbortController()
      const { body } = await fetch(url, { ...streamed, signal: amid.signal })
      const reader = body?.getReader()
      assert.isDefined((await reader?.read())?.value)
      amid.abort(reason)
      assert.strictEqual(await Caller.rejection(reader?.read() ?? Promise.resolve()), reason)
      await until(() => closed === 2)
      await until(() => gateway.records.length === 2)
      assert.deepStrictEqual(
        gateway.records.map(({ Outcome }) => Outcome),
        ["CallerLeft", "CallerLeft"]
      )
    })
  })

  it.live("fails in the middle of an answer that breaks off, after its last words", () => {
    const gateway = Testing.make({ config, script: Testing.breakOff("half") })
    return withFetch(gateway, async (fetch) => {
      const { isWhole, text } = await Caller.received(await fetch(url, streamed))
      assert.isFalse(isWhole)
      assert.match(text, /"half"[^]*"error"/)
    })
  })
})

describe("Gateway.layerHttpClient", () => {
  it.live("answers an HttpClient, whole and streamed", () => {
    const gateway = Testing.make({ config, script: Testing.answerWell("Hi there") })
    const ask = (stream: boolean) =>
      HttpClientRequest.post(url).pipe(
        HttpClientRequest.bodyUnsafeJson({ ...TestGateway.chat(), stream }),
        HttpClient.execute,
        Effect.flatMap(({ status, stream }) =>
          Effect.map(Stream.mkString(Stream.decodeText(stream)), (text) => ({ status, text }))
        )
      )
    return Effect.gen(function* () {
      for (const stream of [false, true]) {
        const { status, text } = yield* ask(stream)
        assert.strictEqual(status, 200)
        assert.include(text, "there")
        assert.strictEqual(text.endsWith("data: [DONE]\n\n"), stream)
      }
    }).pipe(Effect.provide(Layer.provide(Gateway.layerHttpClient, gateway.layer)), Effect.provide(quiet))
  })
})
