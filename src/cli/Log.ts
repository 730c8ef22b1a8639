import * as Command from "@effect/cli/Command"
import * as Ending from "./Ending.js"
import * as LogExport from "./LogExport.js"
import * as LogList from "./LogList.js"
import * as LogShow from "./LogShow.js"
import * as LogStats from "./LogStats.js"

/** `causeway log`: reads the records, those in archives too; a running gateway is not held up. */
export const command = Command.make("log", LogList.options, (asked) => Ending.told(LogList.run(asked))).pipe(
  Command.withDescription("Read the records: list, show, sum up, follow, export"),
  Command.withSubcommands([LogList.command, LogShow.command, LogStats.command, LogExport.command])
)
