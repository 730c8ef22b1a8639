import * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import { guarded } from "./Guarded.js"

/**
 * What is held until something ends, as a `Scope` has it, for what is made anew for every request: to make, fill and close
 * a `Scope` is 20 steps of a fiber, and one of these none where nothing has to be waited for.
 */
export interface LightScope {
  /** Has something done when it is closed, what was given last first; at once where it is closed, and then not waited for. */
  readonly addFinalizer: (finalizer: Finalizer) => void
  /** A `Scope` that is closed with it. */
  readonly scope: Effect.Effect<Scope.Scope>
  /** Does what there is to do, once; undefined where nothing of it has to be waited for. */
  readonly close: (exit: Exit.Exit<unknown, unknown>) => Effect.Effect<void> | undefined
}

/** What is to be done at the end; undefined where it is done at once. */
export type Finalizer = (exit: Exit.Exit<unknown, unknown>) => Effect.Effect<void> | undefined

/** One that is open. */
export const make = (): LightScope => {
  const state: State = { finalizers: [], closedWith: undefined }
  return {
    addFinalizer: (finalizer) => add(state, finalizer),
    scope: Effect.suspend(() => scopeIn(state)),
    close: (exit) => close(state, (state.closedWith ??= exit))
  }
}

/** One that is closed with the scope around. */
export const scoped: Effect.Effect<LightScope, never, Scope.Scope> = Effect.acquireRelease(
  Effect.sync(make),
  (light, exit) => light.close(exit) ?? Effect.void
)

interface State {
  readonly finalizers: Array<Finalizer>
  closedWith: Exit.Exit<unknown, unknown> | undefined
}

const add = ({ closedWith, finalizers }: State, finalizer: Finalizer): void => {
  if (closedWith === undefined) finalizers.push(finalizer)
  else finalizer(closedWith)
}

const scopeIn = (state: State): Effect.Effect<Scope.Scope> =>
  Effect.tap(Scope.make(), (scope) => {
    if (state.closedWith !== undefined) return Scope.close(scope, state.closedWith)
    state.finalizers.push((exit) => Scope.close(scope, exit))
    return Effect.void
  })

const close = (state: State, exit: Exit.Exit<unknown, unknown>): Effect.Effect<void> | undefined => {
  const { finalizers } = state
  for (let finalizer = finalizers.pop(); finalizer !== undefined; finalizer = finalizers.pop()) {
    const present = finalizer
    const rest = guarded(() => present(exit))
    // Whoever is interrupted meanwhile must not keep the others from their end.
    if (rest !== undefined) {
      return Effect.uninterruptible(
        Effect.zipRight(
          rest,
          Effect.suspend(() => close(state, exit) ?? Effect.void)
        )
      )
    }
  }
  return undefined
}
