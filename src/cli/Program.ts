import * as CliConfig from "@effect/cli/CliConfig"
import * as Command from "@effect/cli/Command"
import * as NodeContext from "@effect/platform-node/NodeContext"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Arguments from "./Arguments.js"
import * as ShownConsole from "./ShownConsole.js"
import * as Version from "./Version.js"

// Each command brings much along that the others can do without.
const commands = {
  serve: () => import("./Serve.js"),
  log: () => import("./Log.js"),
  check: () => import("./Check.js"),
  explain: () => import("./Explain.js"),
  ping: () => import("./Ping.js"),
  health: () => import("./Health.js"),
  init: () => import("./Init.js")
}

const isCommand = (word: string): word is keyof typeof commands => Object.hasOwn(commands, word)

// Whoever names none of them, or asks what there is, is shown all.
const modulesOf = (named: string) =>
  Promise.all(
    isCommand(named)
      ? [commands[named]()]
      : [
          commands.serve(),
          commands.log(),
          commands.check(),
          commands.explain(),
          commands.ping(),
          commands.health(),
          commands.init()
        ]
  )

/** Loads what the process is to do that was begun with these arguments. */
export const load = async (args: ReadonlyArray<string>) => {
  const [first, ...others] = await modulesOf(Arguments.commandOf(args))
  const causeway = Command.make("causeway").pipe(
    Command.withDescription("A self-hosted, OpenAI-compatible LLM gateway"),
    Command.withSubcommands([first.command, ...others.map(({ command }) => command)])
  )
  const run = Command.run(causeway, { name: "Causeway", version: Version.version })
  return Effect.provide(
    ShownConsole.run(run(args)),
    Layer.merge(NodeContext.layer, CliConfig.layer({ showBuiltIns: false }))
  )
}
