import * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"

/**
 * What is held until something ends, as a `Scope` has it, for what is made anew for every request: to make, fill and close
 * a `Scope` is 20 steps of a fiber, and one of these none where nothing has to be waited for.
 */
export interface LightScope {
  /** Has something done when it is closed: what was given last comes first. */
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
  const finalizers: Array<Finalizer> = []
  return {
    addFinalizer: (finalizer) => void finalizers.push(finalizer),
    scope: Effect.suspend(() => scopeIn(finalizers)),
    close: (exit) => close(finalizers, exit)
  }
}

/** One that is closed with the scope around. */
export const scoped: Effect.Effect<LightScope, never, Scope.Scope> = Effect.acquireRelease(
  Effect.sync(make),
  (light, exit) => light.close(exit) ?? Effect.void
)

const scopeIn = (finalizers: Array<Finalizer>): Effect.Effect<Scope.Scope> =>
  Effect.map(Scope.make(), (scope) => {
    finalizers.push((exit) => Scope.close(scope, exit))
    return scope
  })

const close = (finalizers: Array<Finalizer>, exit: Exit.Exit<unknown, unknown>): Effect.Effect<void> | undefined => {
  for (let finalizer = finalizers.pop(); finalizer !== undefined; finalizer = finalizers.pop()) {
    const last = finalize(finalizer, exit)
    if (last !== undefined)
      return Effect.zipRight(
        last,
        Effect.suspend(() => close(finalizers, exit) ?? Effect.void)
      )
  }
  return undefined
}

// Whatever fails to end must not keep the rest from it.
const finalize = (finalizer: Finalizer, exit: Exit.Exit<unknown, unknown>): Effect.Effect<void> | undefined => {
  const failed = (cause: unknown) => Effect.logError("Something did not end as it should", cause)
  try {
    const last = finalizer(exit)
    return last === undefined ? undefined : Effect.catchAllCause(last, failed)
  } catch (defect) {
    return failed(defect)
  }
}
