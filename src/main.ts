import { setFlagsFromString } from "node:v8"
import * as Arguments from "./cli/Arguments.js"
import * as WarmThread from "./records/writer/WarmThread.js"
import * as StopSignals from "./workers/StopSignals.js"

const args = Arguments.withCommand(process.argv)

if (Arguments.commandOf(args) === "serve") {
  StopSignals.begin()
  // V8 would put what some places make among the old objects at once, where it keeps each request that it points to
  // until the next full collection.
  setFlagsFromString("--no-allocation-site-pretenuring")
  // It would let garbage grow to three times what is alive before it collects all of it.
  setFlagsFromString("--heap-growing-percent=100")
  // Before all that takes its time to load.
  WarmThread.begin()
}

const [{ load }, { runMain }] = await Promise.all([import("./cli/Program.js"), import("./cli/RunMain.js")])

const program = await load(args)

program.pipe(runMain({ disableErrorReporting: true, disablePrettyLogger: true }))
