import * as Runtime from "@effect/platform/Runtime"
import * as StopSignals from "../workers/StopSignals.js"

/**
 * Runs the program to its end. The first signal to stop interrupts it, a lost terminal's too; the next one ends the process
 * as the system would, or would if it were not the first one of a container. Outputs that nobody reads any more, or that are full, cost what is written there, not the process.
 */
export const runMain: Runtime.RunMain = Runtime.makeRunMain(({ fiber, teardown }) => {
  for (const output of [process.stdout, process.stderr]) output.on("error", () => {})
  const waiting = setInterval(() => {}, longest)
  let isStopping = false

  const disarm = StopSignals.listen(() => {
    isStopping = true
    disarm()
    // After whoever else hears of it. Otherwise it is the system that ends the process.
    if (process.pid === 1) StopSignals.listen((next) => setImmediate(() => process.exit(StopSignals.codeOf(next))))
    fiber.unsafeInterruptAsFork(fiber.id())
  })

  fiber.addObserver((exit) => {
    disarm()
    clearInterval(waiting)
    teardown(exit, (code) => {
      if (isStopping || code !== 0) process.exit(code)
    })
  })
})

/** The longest that a timer may last, in ms: it is only there so that the process is. */
const longest = 2 ** 31 - 1
