// An Effect HttpApi with the gateway beside it, under /llm, on an HttpLayerRouter.
// Once it runs: curl http://127.0.0.1:3000/greet/Ada and curl http://127.0.0.1:3000/llm/v1/models
import { createServer } from "node:http"
import * as HttpApi from "@effect/platform/HttpApi"
import * as HttpApiBuilder from "@effect/platform/HttpApiBuilder"
import * as HttpApiEndpoint from "@effect/platform/HttpApiEndpoint"
import * as HttpApiGroup from "@effect/platform/HttpApiGroup"
import * as HttpLayerRouter from "@effect/platform/HttpLayerRouter"
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import * as Gateway from "causeway"

const greet = HttpApiEndpoint.get("greet", "/greet/:name")
  .setPath(Schema.Struct({ name: Schema.String }))
  .addSuccess(Schema.String)

const api = HttpApi.make("host").add(HttpApiGroup.make("greetings").add(greet))

const greetings = HttpApiBuilder.group(api, "greetings", (handlers) =>
  handlers.handle("greet", ({ path }) => Effect.succeed(`Hello ${path.name}`))
)

const config: Gateway.Config = {
  openai_clients: [{ name: "demo", base_url: "demo:", model_match: { type: "exact", value: "demo" } }]
}

const routes = Layer.merge(HttpLayerRouter.addHttpApi(api).pipe(Layer.provide(greetings)), Gateway.layerRoutes("/llm"))

/** The whole app, listening on a port. */
export const app = (options: { readonly port: number; readonly recordPath: string }) =>
  HttpLayerRouter.serve(routes, { disableLogger: true }).pipe(
    // When it closes, requests that run may end first.
    Gateway.withDrain,
    Layer.provideMerge(NodeHttpServer.layer(createServer, { host: "127.0.0.1", port: options.port })),
    // Before the server, which listens as soon as it is built.
    Layer.provide(Gateway.layer({ config, recordPath: options.recordPath }))
  )

if (process.argv[1] === import.meta.filename) {
  NodeRuntime.runMain(Layer.launch(app({ port: 3000, recordPath: "record.db" })))
}
