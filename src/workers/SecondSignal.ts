import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"

const signals = ["SIGINT", "SIGTERM"] as const

/** Until the scope closes a signal does this and then ends the process, as the system would without anybody listening. */
export const armed = (last: () => void): Effect.Effect<void, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.sync(() => {
      const disarm = () => {
        for (const signal of signals) process.off(signal, onSignal)
      }
      const onSignal = (signal: NodeJS.Signals) => {
        last()
        disarm()
        process.kill(process.pid, signal)
      }
      for (const signal of signals) process.on(signal, onSignal)
      return disarm
    }),
    (disarm) => Effect.sync(disarm)
  )
