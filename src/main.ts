#!/usr/bin/env node
import * as CliConfig from "@effect/cli/CliConfig"
import * as Command from "@effect/cli/Command"
import * as NodeContext from "@effect/platform-node/NodeContext"
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Check from "./cli/Check.js"
import * as Explain from "./cli/Explain.js"
import * as Init from "./cli/Init.js"
import * as Log from "./cli/Log.js"
import * as Ping from "./cli/Ping.js"
import * as Serve from "./cli/Serve.js"
import * as Version from "./Version.js"

const causeway = Command.make("causeway").pipe(
  Command.withDescription("A self-hosted, OpenAI-compatible LLM gateway"),
  Command.withSubcommands([Serve.command, Log.command, Check.command, Explain.command, Ping.command, Init.command])
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
