import { performance } from "node:perf_hooks"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"

/** What is watched, and what is done. */
export interface Options {
  /** The share of the time since it was last asked in which the thread was busy, in [0, 1]. */
  readonly busy: () => number
  readonly collect: Effect.Effect<void>
}

const interval = "2 seconds"
/** What is work, and what is rest, as shares of an interval. */
const work = 0.03
const rest = 0.01
/** So many intervals of rest end the work: whoever comes soon after finds the heap at the size that it needs. */
const patience = 12

/** Collects once whenever work has come to rest for a while. */
export const watch = Effect.fnUntraced(function* ({ busy, collect }: Options) {
  let worked = false
  let rested = 0
  while (true) {
    yield* Effect.sleep(interval)
    const share = busy()
    worked ||= share > work
    rested = share < rest ? rested + 1 : 0
    if (!worked || rested < patience) continue
    worked = false
    yield* collect
  }
})

/**
 * Has V8 give back what it holds of memory for this thread; it would do so with the next garbage, which at rest does not
 * come. The thread stands still meanwhile, for about a tenth of a second.
 */
export const collect: Effect.Effect<void> = Effect.tryPromise(() => import("node:inspector")).pipe(
  Effect.flatMap(({ Session }) =>
    Effect.async<void>((resume) => {
      const session = new Session()
      session.connect()
      session.post("HeapProfiler.collectGarbage", () =>
        // Within its own answer a session cannot be closed.
        setImmediate(() => {
          session.disconnect()
          resume(Effect.void)
        })
      )
    })
  ),
  // A Node that was built without its inspector keeps what it has.
  Effect.ignore
)

/** How busy the event loop has been since the last call. */
const meter = (): (() => number) => {
  let before = performance.eventLoopUtilization()
  return () => {
    const now = performance.eventLoopUtilization()
    const { utilization } = performance.eventLoopUtilization(now, before)
    before = now
    return utilization
  }
}

/** Watches this thread, which should be all the gateway's, until the scope closes. */
export const keep: Effect.Effect<void, never, Scope.Scope> = Effect.asVoid(
  Effect.forkScoped(Effect.suspend(() => watch({ busy: meter(), collect })))
)

/** {@link keep} as a layer. */
export const layer: Layer.Layer<never> = Layer.scopedDiscard(keep)
