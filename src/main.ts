#!/usr/bin/env node
import * as Arguments from "./cli/Arguments.js"
import * as WarmThread from "./log/WarmThread.js"

const args = Arguments.withCommand(process.argv)

// Before all that takes its time to load.
if (Arguments.commandOf(args) === "serve") WarmThread.begin()

const [{ program }, NodeRuntime] = await Promise.all([
  import("./cli/Program.js"),
  import("@effect/platform-node/NodeRuntime")
])

program(args).pipe(NodeRuntime.runMain({ disableErrorReporting: true, disablePrettyLogger: true }))
