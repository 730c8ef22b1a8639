import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Runtime from "effect/Runtime"
import type * as Scope from "effect/Scope"
import { ConfigRef } from "../config/ConfigRef.js"
import * as StopDeadline from "../domain/config/StopDeadline.js"
import * as StopSignals from "./StopSignals.js"

/** How long a process that is to be killed has left to write why, in ms. */
const lastWords = 200

/** How long a process that is told to stop may take, by the configuration in force. */
export const span: Effect.Effect<Duration.Duration, never, ConfigRef> = Effect.flatMap(ConfigRef, ({ current }) =>
  Effect.map(current, ({ config }) => StopDeadline.of(config.server))
)

/** When the scope begins to close, counts the time until the process has ended, and kills it when that is too long. */
export const armed: Effect.Effect<void, never, Scope.Scope | ConfigRef> = Effect.gen(function* () {
  const config = yield* ConfigRef
  const runFork = Runtime.runFork(yield* Effect.runtime())
  yield* Effect.addFinalizer(() =>
    Effect.gen(function* () {
      const within = yield* Effect.provideService(span, ConfigRef, config)
      const end = Effect.zipRight(
        Effect.logFatal(`The gateway had not stopped after ${Duration.format(within)}: it ends at once`),
        Effect.sync(() => void setTimeout(kill, lastWords))
      )
      // It does not keep the process, which is gone by then if all is well.
      const timer = setTimeout(() => runFork(end), Duration.toMillis(within))
      timer.unref()
    })
  )
})

const kill = (): void => {
  process.kill(process.pid, "SIGKILL")
  // The first process of a container is spared by the system.
  process.exit(StopSignals.codeOf("SIGKILL"))
}
