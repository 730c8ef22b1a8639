// An Effect app with an API of its own and the gateway beside it, under /llm.
// Once it runs: curl http://127.0.0.1:3000/llm/v1/models
import { createServer } from "node:http"
import * as HttpRouter from "@effect/platform/HttpRouter"
import * as HttpServer from "@effect/platform/HttpServer"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as Layer from "effect/Layer"
import * as Gateway from "causeway"

const router = HttpRouter.empty.pipe(
  HttpRouter.get("/hello", HttpServerResponse.text("Hello from the host")),
  HttpRouter.concat(Gateway.routesAt("/llm"))
)

const config: Gateway.Config = {
  openai_clients: [{ name: "demo", base_url: "demo:", model_match: { type: "exact", value: "demo" } }]
}

/** The whole app, listening on a port. */
export const app = (options: { readonly port: number; readonly recordPath: string }) =>
  HttpServer.serve(router).pipe(
    // When it closes, requests that run may end first.
    Gateway.withDrain,
    Layer.provideMerge(NodeHttpServer.layer(createServer, { host: "127.0.0.1", port: options.port })),
    // Before the server, which listens as soon as it is built.
    Layer.provide(Gateway.layer({ config, recordPath: options.recordPath }))
  )

if (process.argv[1] === import.meta.filename) {
  NodeRuntime.runMain(Layer.launch(app({ port: 3000, recordPath: "record.db" })))
}
