#!/usr/bin/env node
import * as CliConfig from "@effect/cli/CliConfig"
import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import * as HttpServer from "@effect/platform/HttpServer"
import * as NodeContext from "@effect/platform-node/NodeContext"
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as Cause from "effect/Cause"
import * as ConfigError from "effect/ConfigError"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as ProcessConfig from "./config/ProcessConfig.js"
import * as Gateway from "./Gateway.js"
import * as ProcessLog from "./log/ProcessLog.js"
import * as Version from "./Version.js"

const options = {
  config: Options.text("config").pipe(
    Options.withDescription("The configuration file (CAUSEWAY_CONFIG)"),
    Options.withFallbackConfig(ProcessConfig.configFile)
  ),
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
  }).pipe(Effect.tapError((failure) => Console.error(messageOf(failure))))

// A ConfigError's own message does not say which variable it is about; its text does.
const messageOf = (failure: { readonly message: string }): string =>
  ConfigError.isConfigError(failure)
    ? Cause.prettyErrors(Cause.fail(failure))
        .map(({ message }) => message)
        .join("\n")
    : failure.message

const causeway = Command.make("causeway").pipe(
  Command.withDescription("A self-hosted, OpenAI-compatible LLM gateway"),
  Command.withSubcommands([
    Command.make("serve", options, serve).pipe(Command.withDescription("Serve the gateway; what it does by default"))
  ])
)

const run = Command.run(causeway, { name: "Causeway", version: Version.version })

const ownFlags = new Set(["--help", "-h", "--version", "--wizard", "--completions"])

// `causeway --port 9000` is `causeway serve --port 9000`.
const withCommand = ([node = "", script = "", ...args]: ReadonlyArray<string>): ReadonlyArray<string> => {
  const [first] = args
  const implied = first === undefined || (first.startsWith("-") && !ownFlags.has(first))
  return [node, script, ...(implied ? ["serve"] : []), ...args]
}

run(withCommand(process.argv)).pipe(
  Effect.provide(Layer.merge(NodeContext.layer, CliConfig.layer({ showBuiltIns: false }))),
  NodeRuntime.runMain({ disableErrorReporting: true, disablePrettyLogger: true })
)
