import * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { RequestRecord } from "../domain/record/RequestRecord.js"
import * as Running from "./Running.js"

/**
 * How an exchange is brought to its end from outside.
 *
 * @category models
 * @since 0.1.0
 */
export interface Ending {
  /** The drain deadline has passed: it is to end now. */
  readonly cut: () => void
  /** It did not: what is known of it is recorded, and nobody waits for it any more. */
  readonly letGo: Effect.Effect<void>
  /** What is known of it by now, where that is more than when it was last asked; of one that is short nothing is. */
  readonly news?: () => RequestRecord | undefined
}

/**
 * Knows the exchanges that are running, and brings them to an end when the gateway stops.
 *
 * @example
 * ```ts
 * import * as Drain from "causeway/Drain"
 * import * as Effect from "effect/Effect"
 *
 * const isWelcome = Effect.map(Drain.Drain, ({ isReady }) => isReady())
 * ```
 *
 * @category services
 * @since 0.1.0
 */
export class Drain extends Context.Tag("causeway/Drain")<
  Drain,
  {
    /** Whether the gateway is stopping, so that no exchange may begin. */
    readonly isDraining: () => boolean
    /** Whether new exchanges are welcome: not from the moment on that the gateway is to stop. */
    readonly isReady: () => boolean
    /** Says that the gateway is to stop, while it still serves. */
    readonly announce: Effect.Effect<void>
    /** Counts an exchange in; the result counts it out, once. */
    readonly enter: (ending: Ending) => () => void
    /** The exchanges that are running. */
    readonly running: () => ReadonlyArray<Ending>
    /**
     * Lets no exchange begin, waits for those that run, and cuts what is left at the deadline; what has not ended a few
     * seconds later is let go.
     */
    readonly drain: (deadline: Duration.Duration) => Effect.Effect<void>
  }
>() {}

/** How long exchanges that were cut may take to end: twice what a caller has to read the end of its answer. */
const lastDeadline = "2 seconds"

/**
 * The register of one gateway.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer: Layer.Layer<Drain> = Layer.effect(
  Drain,
  Effect.sync(() => {
    const state: State = { running: Running.make(), isReady: true, isDraining: false, onIdle: () => {} }
    return {
      isDraining: () => state.isDraining,
      isReady: () => state.isReady && !state.isDraining,
      announce: Effect.sync(() => (state.isReady = false)),
      enter: (ending) => enter(state, ending),
      running: state.running.all,
      drain: (deadline) => drain(state, deadline)
    }
  })
)

interface State {
  readonly running: Running.Running<Ending>
  isReady: boolean
  isDraining: boolean
  onIdle: () => void
}

const enter = (state: State, ending: Ending): (() => void) => {
  const leave = state.running.enter(ending)
  return () => {
    leave()
    if (state.running.size() === 0) state.onIdle()
  }
}

const drain = Effect.fnUntraced(function* (state: State, deadline: Duration.Duration) {
  const { running } = state
  state.isDraining = true
  if (yield* idleWithin(state, deadline)) return
  yield* Effect.logWarning(`Cutting ${running.size()} exchanges at the drain deadline`)
  for (const { cut } of running.all()) cut()
  if (yield* idleWithin(state, lastDeadline)) return
  const left = running.all()
  yield* Effect.logError(`${left.length} exchanges did not end when they were cut: they are let go`)
  yield* Effect.forEach(left, ({ letGo }) => letGo, { concurrency: "unbounded", discard: true })
})

const idleWithin = (state: State, deadline: Duration.DurationInput): Effect.Effect<boolean> =>
  Effect.map(Effect.timeoutOption(Effect.interruptible(idle(state)), deadline), ({ _tag }) => _tag === "Some")

const idle = (state: State): Effect.Effect<void> =>
  Effect.async((resume) => {
    if (state.running.size() === 0) return resume(Effect.void)
    state.onIdle = () => resume(Effect.void)
  })
