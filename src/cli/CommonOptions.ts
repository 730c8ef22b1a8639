import * as Args from "@effect/cli/Args"
import * as HelpDoc from "@effect/cli/HelpDoc"
import * as Options from "@effect/cli/Options"
import * as Effect from "effect/Effect"
import * as ProcessConfig from "../config/ProcessConfig.js"

/** `--config`: the configuration file. */
export const config = Options.text("config").pipe(
  Options.withDescription("The configuration file (CAUSEWAY_CONFIG)"),
  Options.withFallbackConfig(ProcessConfig.configFile)
)

/** `--json`: for scripts. */
export const json = Options.boolean("json").pipe(Options.withDescription("Print JSON rather than text"))

/** A path that stands alone among the arguments; a flag that nobody knows is none. */
export const path = (name: string, description: string) =>
  Args.text({ name }).pipe(
    Args.withDescription(description),
    Args.mapEffect((text) =>
      text.startsWith("-") ? Effect.fail(HelpDoc.p(`Received unknown argument: '${text}'`)) : Effect.succeed(text)
    )
  )
