#!/usr/bin/env node
import * as CliConfig from "@effect/cli/CliConfig"
import * as Command from "@effect/cli/Command"
import * as NodeContext from "@effect/platform-node/NodeContext"
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Version from "./cli/Version.js"

// Each command brings much along that the others can do without.
const commands = {
  serve: () => import("./cli/Serve.js"),
  log: () => import("./cli/Log.js"),
  check: () => import("./cli/Check.js"),
  explain: () => import("./cli/Explain.js"),
  ping: () => import("./cli/Ping.js"),
  init: () => import("./cli/Init.js")
}

const isCommand = (word: string): word is keyof typeof commands => Object.hasOwn(commands, word)

const ownFlags = new Set(["--help", "-h", "--version", "--wizard", "--completions"])

// `causeway --port 9000` is `causeway serve --port 9000`.
const withCommand = ([node = "", script = "", ...args]: ReadonlyArray<string>): ReadonlyArray<string> => {
  const [first] = args
  const implied = first === undefined || (first.startsWith("-") && !ownFlags.has(first))
  return [node, script, ...(implied ? ["serve"] : []), ...args]
}

const args = withCommand(process.argv)
const [, , named = ""] = args

// Whoever names none of them, or asks what there is, is shown all.
const [first, ...others] = await Promise.all(
  isCommand(named)
    ? [commands[named]()]
    : [commands.serve(), commands.log(), commands.check(), commands.explain(), commands.ping(), commands.init()]
)

const causeway = Command.make("causeway").pipe(
  Command.withDescription("A self-hosted, OpenAI-compatible LLM gateway"),
  Command.withSubcommands([first.command, ...others.map(({ command }) => command)])
)

const run = Command.run(causeway, { name: "Causeway", version: Version.version })

run(args).pipe(
  Effect.provide(Layer.merge(NodeContext.layer, CliConfig.layer({ showBuiltIns: false }))),
  NodeRuntime.runMain({ disableErrorReporting: true, disablePrettyLogger: true })
)
