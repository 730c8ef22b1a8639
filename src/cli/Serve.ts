import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import * as HttpServer from "@effect/platform/HttpServer"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as ProcessConfig from "../config/ProcessConfig.js"
import * as Gateway from "../Gateway.js"
import * as ProcessLog from "../log/ProcessLog.js"
import * as CommonOptions from "./CommonOptions.js"
import * as Ending from "./Ending.js"

const options = {
  config: CommonOptions.config,
  host: Options.text("host").pipe(
    Options.withDescription("The address to listen on (SERVER_HOST)"),
    Options.withFallbackConfig(ProcessConfig.host)
  ),
  port: Options.integer("port").pipe(
    Options.withDescription("The port to listen on; 0 takes a free one (SERVER_PORT)"),
    Options.filterMap(ProcessConfig.portOption, "expected a port from 0 to 65535"),
    Options.withFallbackConfig(ProcessConfig.port)
  )
}

const announce = Layer.effectDiscard(
  Effect.flatMap(HttpServer.HttpServer, (server) =>
    Console.log(`Causeway is listening on ${Gateway.addressOf(server)}`)
  )
)

const serve = (settings: { readonly config: string; readonly host: string; readonly port: number }) =>
  Effect.gen(function* () {
    const recordPath = yield* ProcessConfig.recordPath
    const { config, host, port } = settings
    return yield* announce.pipe(
      Layer.provide(Gateway.serve({ host, port })),
      Layer.provide(Gateway.layerFile(config, { recordPath })),
      Layer.provide(ProcessLog.layer),
      Layer.launch
    )
  }).pipe(Ending.told)

/** `causeway serve`: serves the gateway until it is told to stop. */
export const command = Command.make("serve", options, serve).pipe(
  Command.withDescription("Serve the gateway; what it does by default")
)
