// A user's program over the installed package: every entry once, with and without Effect.
import * as http from "node:http"
import * as HttpApp from "@effect/platform/HttpApp"
import * as HttpMiddleware from "@effect/platform/HttpMiddleware"
import * as HttpRouter from "@effect/platform/HttpRouter"
import * as HttpServer from "@effect/platform/HttpServer"
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import * as Gateway from "causeway"
import { ConfigRef as ConfigRefOfRoot, Gateway as GatewayOfRoot } from "causeway"
import * as Completions from "causeway/Completions"
import * as ConfigRef from "causeway/ConfigRef"
import type { GatewayFailure } from "causeway/Failure"
import * as GatewayConfig from "causeway/GatewayConfig"
import * as Preparation from "causeway/Preparation"
import * as RequestLog from "causeway/RequestLog"
import type { RequestRecord } from "causeway/RequestRecord"
import * as Routing from "causeway/Routing"
import type { StreamFailure } from "causeway/StreamFailure"
import * as Testing from "causeway/testing"
import * as Transport from "causeway/Transport"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as LogLevel from "effect/LogLevel"
import * as Stream from "effect/Stream"

const config: Gateway.Config = {
  openai_clients: [{ name: "demo", base_url: "demo:", model_match: { type: "exact", value: ["demo"] } }]
}
const request = { model: "demo", messages: [{ role: "user", content: "Hi" }] }

const decoded = GatewayConfig.decode(config)

const quiet = Logger.minimumLogLevel(LogLevel.None)

const records: Array<RequestRecord> = []
const gateway = Gateway.layerCustom.pipe(
  Layer.provide([
    RequestLog.layerMemory(records),
    ConfigRef.layerStatic(config),
    Layer.succeed(Transport.Transport, Transport.http1)
  ])
)

const program: Effect.Effect<string, GatewayFailure | StreamFailure, Completions.Completions> = Effect.gen(
  function* () {
    const { complete, stream } = yield* Completions.Completions
    const answer: Completions.ChatCompletion = yield* complete(request)
    let streamed = ""
    yield* Stream.runForEach(stream(request), (chunk: Completions.ChatCompletionChunk) =>
      Effect.sync(() => (streamed += chunk.choices[0]?.delta.content ?? ""))
    )
    return `${answer.choices[0].message.content} / ${streamed}`
  }
)

const text = await Effect.runPromise(program.pipe(Effect.provide(gateway), Logger.withMinimumLogLevel(LogLevel.None)))

/** The routes in a web handler, as on Bun or Deno, behind a middleware that has read the body before. */
const audited = HttpMiddleware.make((routed) =>
  Effect.gen(function* () {
    const { text } = yield* HttpServerRequest.HttpServerRequest
    const body = yield* Effect.orElseSucceed(text, () => "")
    return HttpServerResponse.setHeader(yield* routed, "x-length", String(body.length))
  })
)
const router = HttpRouter.empty.pipe(HttpRouter.concat(Gateway.routesAt("/llm")))
const web = HttpApp.toWebHandlerLayer(HttpRouter.use(router, audited), Layer.merge(gateway, quiet))
const post = (url: string, stream: boolean) =>
  new Request(url, { method: "POST", body: JSON.stringify({ ...request, stream }) })
const handled = [
  await web.handler(post("http://host/llm/v1/chat/completions", false)),
  await web.handler(post("http://host/llm/v1/chat/completions", true))
]
const mounted = await Promise.all(handled.map(async (it) => [it.status, it.headers.get("x-length"), await it.text()]))
await web.dispose()

const fetched = await Effect.runPromise(
  Effect.flatMap(Gateway.fetch, (fetch) =>
    Effect.promise(() => fetch(post("http://gateway/v1/chat/completions", true)).then((it) => it.text()))
  ).pipe(Effect.provide(gateway), Logger.withMinimumLogLevel(LogLevel.None))
)

const served = Gateway.withDrain(HttpServer.serve(router)).pipe(
  Layer.provideMerge(NodeHttpServer.layer(() => http.createServer(), { port: 0 })),
  Layer.provide(gateway),
  Layer.provide(quiet)
)
const closes = await Effect.runPromise(Effect.scoped(Effect.as(Layer.build(served), true)))

const running = await Gateway.start({ config, port: 0 })
const response = await fetch(`${running.url}/v1/models`)
const models = await response.text()
await running.stop()

console.log(
  JSON.stringify({
    text,
    rows: records.length,
    mounted: mounted.map(([status, length, told]) => [status, length, String(told).includes("You said: Hi")]),
    fetched: fetched.endsWith("data: [DONE]\n\n"),
    closes,
    root: GatewayOfRoot.start === Gateway.start && ConfigRefOfRoot.ConfigRef === ConfigRef.ConfigRef,
    models: models.includes('"demo"'),
    plan: Either.isRight(Testing.plan(config, "demo")),
    decoded: Either.isRight(decoded),
    planned: Either.isRight(Either.flatMap(decoded, (it) => Routing.plan(it, "demo"))),
    prepared: Either.isRight(Either.flatMap(decoded, (it) => Preparation.body(it, "demo", request)))
  })
)
