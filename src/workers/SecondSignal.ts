import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as StopSignals from "./StopSignals.js"

/** Until the scope closes a signal does this and then ends the process, as the system would without anybody listening. */
export const armed = (last: () => void): Effect.Effect<void, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.sync(() => {
      const disarm = StopSignals.listen((signal) => {
        last()
        disarm()
        process.kill(process.pid, signal)
      })
      return disarm
    }),
    (disarm) => Effect.sync(disarm)
  )
