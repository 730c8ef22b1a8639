import type * as HttpLayerRouter from "@effect/platform/HttpLayerRouter"
import * as HttpRouter from "@effect/platform/HttpRouter"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import { describe, expectTypeOf, it } from "@effect/vitest"
import * as Gateway from "causeway"
import * as Completions from "causeway/Completions"
import { Attempts } from "causeway/RequestRecord"
import type { AttemptTrace, LoggedRecord, RequestRecord } from "causeway/RequestRecord"
import * as Testing from "causeway/testing"
import * as Transport from "causeway/Transport"
import type * as Context from "effect/Context"
import type { ConfigRef } from "../src/config/ConfigRef.js"
import * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import type * as Stream from "effect/Stream"
import type OpenAI from "openai"
import type { BootFailure, ConfigInvalid, GatewayFailure, LogUnavailable } from "../src/domain/failure/Failure.js"
import { protocol } from "../src/domain/protocol/openai-chat/OpenAiChatClient.js"
import { ModelNotFound } from "../src/domain/failure/Failure.js"
import { RelayEnd } from "../src/domain/failure/Outcome.js"
import type { Outcome } from "../src/domain/failure/Outcome.js"
import type { StreamFailure } from "../src/domain/failure/StreamFailure.js"
import type { Admission } from "../src/admission/Admission.js"
import type { Drain } from "../src/exchange/Drain.js"
import * as Handler from "../src/http/Handler.js"
import type { RequestLog } from "../src/records/RequestLog.js"
import type { Backends } from "../src/upstream/Backends.js"
import type { Forwarder } from "../src/upstream/forward/Forwarder.js"

// The compiler is the judge here: `tsc` fails where an error that is expected below does not come. Nothing is run.

type Needs = Admission | ConfigRef | Drain | RequestLog

const receive = (): Effect.Effect<number, GatewayFailure> => Effect.succeed(1)
const obtain = (): Effect.Effect<string, GatewayFailure> => new ModelNotFound({ model: "m" })
const relay = (): Effect.Effect<RelayEnd> => Effect.succeed(RelayEnd.Completed())
const brokenRelay = (): Effect.Effect<RelayEnd, ModelNotFound> => new ModelNotFound({ model: "m" })

describe("the types of a route", () => {
  it("let a route be served that goes through Handler.handle", () => {
    const total: HttpRouter.HttpRouter<never, Needs> = HttpRouter.empty.pipe(
      HttpRouter.post("/x", Handler.route(Handler.handle(protocol, { receive, obtain, relay }), "/x"))
    )
    expectTypeOf(total).toEqualTypeOf<HttpRouter.HttpRouter<never, Needs>>()
  })

  it("let none be served that skips it", () => {
    const skipping = () => {
      const leaky = HttpRouter.empty.pipe(HttpRouter.post("/x", Effect.as(obtain(), HttpServerResponse.empty())))
      // @ts-expect-error its failures would reach the server
      const total: HttpRouter.HttpRouter<never, Needs> = leaky
      return total
    }
    expectTypeOf(skipping).toBeFunction()
  })

  it("let no relay fail: after commit there is nobody to tell", () => {
    // @ts-expect-error a relay has no error channel
    const failing = () => Handler.handle(protocol, { receive, obtain, relay: brokenRelay })
    expectTypeOf(failing).toBeFunction()
  })

  it("let no relay end without saying how", () => {
    // @ts-expect-error an outcome is a value that must be given
    const silent = () => Handler.handle(protocol, { receive, obtain, relay: () => Effect.void })
    expectTypeOf(silent).toBeFunction()
  })

  it("let obtain fail only in ways that have an answer on the wire", () => {
    // @ts-expect-error a plain Error has no status
    const unknown = () => Handler.handle(protocol, { receive, obtain: () => Effect.fail(new Error("what?")), relay })
    expectTypeOf(unknown).toBeFunction()
  })

  it("leave an answered exchange without failures, and in need of a log", () => {
    const answered = () => Handler.route(Handler.handle(protocol, { receive, obtain, relay }), "/x")
    expectTypeOf(answered).returns.toMatchTypeOf<Effect.Effect<unknown, never, unknown>>()
    // @ts-expect-error it cannot run without its services
    const run = () => Effect.runPromise(answered())
    expectTypeOf(run).toBeFunction()
  })
})

describe("the types of the library", () => {
  it("say which services the routes need", () => {
    expectTypeOf(Gateway.routes).toEqualTypeOf<HttpRouter.HttpRouter<never, Needs | Backends | Forwarder>>()
    expectTypeOf<Gateway.Services>().toEqualTypeOf<Needs | Backends | Forwarder | Completions.Completions>()
  })

  it("say how each layer fails, and that it needs nothing", () => {
    expectTypeOf(Gateway.layer).returns.toEqualTypeOf<Layer.Layer<Gateway.Services, ConfigInvalid | LogUnavailable>>()
    expectTypeOf(Gateway.layerFile).returns.toEqualTypeOf<Layer.Layer<Gateway.Services, BootFailure>>()
    expectTypeOf(Gateway.layerCustom).toEqualTypeOf<Layer.Layer<Gateway.Services, never, ConfigRef | RequestLog>>()
  })

  it("say what can fail in completions, and that they need nothing but their layer", () => {
    const services = (completions: Context.Tag.Service<Completions.Completions>) => ({
      whole: completions.complete({ model: "m", messages: [{ role: "user", content: "Hi" }] }),
      stream: completions.stream({ model: "m", messages: [{ role: "user", content: "Hi" }] })
    })
    expectTypeOf(services).returns.toEqualTypeOf<{
      whole: Effect.Effect<Completions.ChatCompletion, Completions.CompletionFailure>
      stream: Stream.Stream<Completions.ChatCompletionChunk, Completions.CompletionFailure | StreamFailure>
    }>()
    expectTypeOf<Completions.CompletionFailure["_tag"]>().toEqualTypeOf<
      | "BodyTooLarge"
      | "BodyTooComplex"
      | "BodyMalformed"
      | "ModelNotFound"
      | "Draining"
      | "Overloaded"
      | "Rejected"
      | "NoBackendAvailable"
    >()
    expectTypeOf(Completions.layer).toEqualTypeOf<
      Layer.Layer<Completions.Completions, never, Needs | Backends | Forwarder>
    >()
  })

  it("take any field of a request, and those of the official client, but none without a model", () => {
    const take = (
      completions: Context.Tag.Service<Completions.Completions>,
      params: OpenAI.ChatCompletionCreateParamsNonStreaming,
      streaming: OpenAI.ChatCompletionCreateParamsStreaming
    ) => [
      completions.stream(streaming),
      completions.complete({ model: "m", messages: [{ role: "user", content: "Hi" }], temperature: 1, anything: {} }),
      completions.complete(params),
      // @ts-expect-error a request names its model
      completions.complete({ messages: [{ role: "user", content: "Hi" }] }),
      // @ts-expect-error a key is redacted
      completions.complete(params, { apiKey: "sk-in-the-open" })
    ]
    expectTypeOf(take).toBeFunction()
  })

  it("know the fields of a request, and what a message needs", () => {
    const messages = [{ role: "user", content: "Hi" }] as const
    const plain = { model: "m", messages: [{ role: "user", content: "Hi" }] }
    const take = ({ complete, stream }: Context.Tag.Service<Completions.Completions>) => [
      complete(plain),
      complete({ model: "m", messages, top_k: 40, provider: { order: ["a"] } }),
      complete({
        model: "m",
        messages: [{ role: "user", content: [{ type: "text", text: "Hi", cache_control: {} }] }]
      }),
      stream({ model: "m", messages, stream: true, stream_options: { include_usage: true } }),
      // @ts-expect-error a temperature is a number
      complete({ model: "m", messages, temperature: "hot" }),
      // @ts-expect-error there is no such role
      complete({ model: "m", messages: [{ role: "usr", content: "Hi" }] }),
      // @ts-expect-error a user says something
      complete({ model: "m", messages: [{ role: "user" }] }),
      // @ts-expect-error a whole answer is not streamed
      complete({ model: "m", messages, stream: true }),
      // @ts-expect-error a stream is
      stream({ model: "m", messages, stream: false })
    ]
    expectTypeOf(take).toBeFunction()
  })

  it("know what every answer has, and that it may have more", () => {
    const read = (answer: Completions.ChatCompletion, chunk: Completions.ChatCompletionChunk) => ({
      content: answer.choices[0].message.content,
      delta: chunk.choices[0]?.delta.content,
      more: answer["system_fingerprint"]
    })
    expectTypeOf(read).returns.toEqualTypeOf<{
      content: string | null
      delta: string | null | undefined
      more: unknown
    }>()
  })

  it("say what a host's layer router needs for the routes", () => {
    expectTypeOf(Gateway.layerRoutes).returns.toEqualTypeOf<
      Layer.Layer<
        never,
        never,
        HttpLayerRouter.HttpRouter | HttpLayerRouter.Request.From<"Requires", Needs | Backends | Forwarder>
      >
    >()
  })

  it("let a transport be replaced that nobody has to provide", () => {
    expectTypeOf(Transport.layerDispatcher).returns.toEqualTypeOf<Layer.Layer<Transport.Transport>>()
    expectTypeOf(Gateway.layerCustom).toEqualTypeOf<Layer.Layer<Gateway.Services, never, ConfigRef | RequestLog>>()
  })

  it("say of a gateway under test what the real one says", () => {
    expectTypeOf<Testing.TestGateway["layer"]>().toEqualTypeOf<Layer.Layer<Gateway.Services, BootFailure>>()
    // @ts-expect-error one of the two is needed
    const neither = () => Testing.make({ script: Testing.silent })
    expectTypeOf(neither).toBeFunction()
  })

  it("take either a configuration or a file", () => {
    const config: Gateway.Config = {
      openai_clients: [{ name: "demo", base_url: "demo:", model_match: { value: "demo" }, fallback: false }]
    }
    expectTypeOf({ config }).toMatchTypeOf<Gateway.StartOptions>()
    expectTypeOf({ configFile: "config.yaml", port: 0 }).toMatchTypeOf<Gateway.StartOptions>()
    // @ts-expect-error one of the two is needed
    const neither: Gateway.StartOptions = { port: 0 }
    expectTypeOf(neither).toBeObject()
  })

  it("know every key of config.yaml, and no other", () => {
    // @ts-expect-error a backend needs a name
    const nameless: Gateway.Config = { openai_clients: [{ base_url: "demo:", model_match: { value: "demo" } }] }
    const backend = { name: "demo", base_url: "demo:", model_match: { value: "demo" } }
    // @ts-expect-error there is no key of that name
    const unknown: Gateway.Config = { openai_clients: [backend], servers: {} }
    // @ts-expect-error a duration is a text with a unit
    const wrong: Gateway.Config = { openai_clients: [backend], server: { drain: 30 } }
    expectTypeOf([nameless, unknown, wrong]).toBeArray()
  })
})

describe("the types of a record", () => {
  it("know the outcomes and the operations by their words", () => {
    expectTypeOf<RequestRecord["Outcome"]>().toEqualTypeOf<Outcome["_tag"] | "Interrupted">()
    expectTypeOf<RequestRecord["Type"]>().toEqualTypeOf<
      | "chat"
      | "completion"
      | "embeddings"
      | "rerank"
      | "score"
      | "classify"
      | "moderations"
      | "audio/speech"
      | "audio/transcriptions"
      | "audio/translations"
      | "images/generations"
      | "images/edits"
      | "images/variations"
    >()
    const read = (record: RequestRecord) => Schema.decode(Attempts)(record.Attempts)
    expectTypeOf(read).returns.toMatchTypeOf<Effect.Effect<ReadonlyArray<AttemptTrace>, unknown>>()
  })

  it("let a log be given what it may keep as a row", () => {
    const keep = (record: Parameters<RequestLog["Type"]["record"]>[0]): LoggedRecord => record
    expectTypeOf(keep).toBeFunction()
    // @ts-expect-error the words of a row may be those of another version
    const trust = (row: LoggedRecord): RequestRecord => row
    expectTypeOf(trust).toBeFunction()
  })
})
