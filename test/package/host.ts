// What an app exports of the gateway that it mounts, with the types that the compiler infers: a host that is a library of
// its own, or has project references, needs declarations of them.
import { createServer } from "node:http"
import * as HttpLayerRouter from "@effect/platform/HttpLayerRouter"
import * as HttpRouter from "@effect/platform/HttpRouter"
import * as HttpServer from "@effect/platform/HttpServer"
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import * as Gateway from "causeway"
import { ConfigRef, Preparation, RequestLog, Routing, Transport } from "causeway"
import * as Admission from "causeway/Admission"
import * as Backends from "causeway/Backends"
import * as Completions from "causeway/Completions"
import * as Drain from "causeway/Drain"
import * as Failure from "causeway/Failure"
import * as Forwarder from "causeway/Forwarder"
import * as GatewayConfig from "causeway/GatewayConfig"
import type * as StreamFailure from "causeway/StreamFailure"
import * as Testing from "causeway/testing"
import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"

const demo = { name: "demo", base_url: "demo:", model_match: { value: "demo" } }
const config = { openai_clients: [demo] }

export const mounted = HttpRouter.empty.pipe(HttpRouter.mount("/llm", Gateway.routes))
export const concatenated = HttpRouter.empty.pipe(HttpRouter.concat(Gateway.routesAt("/llm")))
export const layered = Gateway.layerRoutes("/llm")
export const app = HttpLayerRouter.serve(layered)

export const gateway = Gateway.layer({ config, recordPath: "record.db" })
export const fromConfig = Gateway.layerConfig({
  config: { openai_clients: Config.map(Config.redacted("KEY"), (api_key) => [{ ...demo, api_key }]) }
})
export const fromYaml = Gateway.layerYaml("openai_clients: []")
export const fromFile = Gateway.layerFile("config.yaml")
export const ownLog = Gateway.layerCustom.pipe(
  Layer.provide([RequestLog.layerMemory([]), ConfigRef.layerStatic(config)])
)
export const ownParts = Gateway.layerServices
export const proxied = (dispatcher: Transport.Connections) => Transport.layerDispatcher(dispatcher)
export const wrapped = Layer.effect(
  Transport.Transport,
  Effect.map(Transport.Transport, (inner) => ({ ...inner }))
)

export const node = NodeHttpServer.layer(createServer, { port: 0 })
export const served = HttpServer.serve(mounted).pipe(Layer.provide(gateway), Layer.provide(node))
export const servedAll = HttpServer.serve(concatenated).pipe(Layer.provideMerge(node), Layer.provideMerge(gateway))
export const alone = Gateway.serve({ host: "127.0.0.1", port: 0 }).pipe(Layer.provide(fromFile))
export const started = () => Gateway.start({ config })

export const inProcess = Gateway.fetch
export const fetches = Effect.provide(Gateway.fetch, gateway)
export const anyClient = Gateway.layerHttpClient
export const client = Layer.provide(Gateway.layerHttpClient, gateway)

export const ask = (content: string) =>
  Effect.flatMap(Completions.Completions, ({ complete }) =>
    complete({ model: "demo", messages: [{ role: "user", content }] })
  )
export const asked = Effect.provide(ask("Hi"), gateway)
export const streamed = (content: string) =>
  Stream.unwrap(
    Effect.map(Completions.Completions, ({ stream }) =>
      stream({ model: "demo", messages: [{ role: "user", content }] })
    )
  )
export const recovered = ask("Hi").pipe(
  Effect.catchTags({
    ModelNotFound: (failure) => Effect.succeed(Failure.toResponse(failure)),
    NoBackendAvailable: (failure) => Effect.succeed(failure)
  })
)
export const failed = (failure: StreamFailure.StreamFailure) => failure.reason

export const decoded = GatewayConfig.decode(config)
export const planned = Either.flatMap(decoded, (it) => Routing.plan(it, "demo"))
export const prepared = Either.flatMap(decoded, (it) => Preparation.body(it, "demo", { model: "demo" }))

export const services = Effect.all([
  Admission.Admission,
  Backends.Backends,
  ConfigRef.ConfigRef,
  Drain.Drain,
  Forwarder.Forwarder,
  RequestLog.RequestLog,
  Transport.Transport
])
export const parts = Layer.mergeAll(Admission.layer, Layer.provideMerge(Forwarder.layer, Backends.layer))
export const scripted = Testing.make({ config, script: Testing.byBackend({ demo: Testing.answerWell("Hi") }) })
export const samples = [Testing.configs, Testing.requests] as const
export const settings = Effect.map(
  Effect.flatMap(ConfigRef.ConfigRef, ({ current }) => current),
  ({ config, routes }) => ({ config, routes, backends: config.backends })
)
