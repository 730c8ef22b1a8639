import * as http from "node:http"
import * as HttpServer from "@effect/platform/HttpServer"
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as Gateway from "causeway"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as LogLevel from "effect/LogLevel"

// The gateway as a host mounts it, on Effect's own server and router, with the configuration in the working directory. A
// host has a logger of its own, whose lines are not counted here.

const told = Layer.effectDiscard(
  Effect.flatMap(HttpServer.HttpServer, (server) => Console.log(`listening on ${Gateway.addressOf(server)}`))
)

const served = Gateway.withDrain(HttpServer.serve(Gateway.routes)).pipe(
  Layer.merge(told),
  Layer.provide(NodeHttpServer.layer(() => http.createServer(), { host: "127.0.0.1", port: 0 })),
  Layer.provide(Gateway.layerFile("config.yaml")),
  Layer.provide(Logger.minimumLogLevel(LogLevel.Warning))
)

NodeRuntime.runMain(Layer.launch(served))
