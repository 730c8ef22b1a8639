import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"

// An operator asks a process by a signal, which is the process's own matter: none is listened for here.

const listeners = new Set<() => void>()

/** Until the scope closes, does this whenever an operator asks to have read again what may have changed on the disk. */
export const onAsked = (act: () => void): Effect.Effect<void, never, Scope.Scope> =>
  Effect.asVoid(
    Effect.acquireRelease(
      Effect.sync(() => listeners.add(act)),
      () => Effect.sync(() => listeners.delete(act))
    )
  )

/** An operator asks. */
export const ask = (): void => {
  for (const act of [...listeners]) act()
}
