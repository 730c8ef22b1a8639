import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { ServerSettings } from "../domain/config/GatewayConfig.js"
import type { Overloaded } from "../domain/failure/Failure.js"
import * as ByteBudget from "./ByteBudget.js"
import * as HeapShare from "./HeapShare.js"
import * as WaitingLine from "./WaitingLine.js"

/**
 * What an exchange holds from its arrival to its true end.
 *
 * @category models
 * @since 0.1.0
 */
export interface Lease {
  /** The bytes that it holds in memory. */
  readonly bytes: ByteBudget.ByteLease
  /** Waits until fewer than `server.max_in_flight` are admitted; undefined where that is so already. */
  readonly admit: () => Effect.Effect<void, Overloaded> | undefined
  /** Gives everything back, once. */
  readonly release: () => void
}

/**
 * Lets exchanges in: so many at a time, holding so many bytes together.
 *
 * @example
 * ```ts
 * import { Admission } from "causeway"
 * import * as Effect from "effect/Effect"
 * import * as Layer from "effect/Layer"
 *
 * let arrived = 0
 *
 * // Counts what arrives, and lets it in as the default does.
 * export const counting = Layer.effect(
 *   Admission.Admission,
 *   Effect.map(Admission.Admission, ({ lease }) => ({
 *     lease: (settings) => {
 *       arrived++
 *       return lease(settings)
 *     }
 *   }))
 * ).pipe(Layer.provide(Admission.layer))
 * ```
 *
 * @category services
 * @since 0.1.0
 */
export class Admission extends Context.Tag("causeway/Admission")<
  Admission,
  {
    /** What an exchange that has arrived holds under these limits: nothing yet, for it is not admitted. */
    readonly lease: (settings: ServerSettings) => Lease
  }
>() {}

/**
 * The admission of one process.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer: Layer.Layer<Admission> = Layer.effect(
  Admission,
  Effect.sync(() => {
    const state: State = { line: WaitingLine.make(), budget: ByteBudget.make(), share: HeapShare.bytes(), admitted: 0 }
    return { lease: (settings) => leaseOf(state, settings) }
  })
)

interface State {
  readonly line: WaitingLine.WaitingLine
  readonly budget: ByteBudget.ByteBudget
  /** So many bytes may be held where the settings say nothing. */
  readonly share: number
  admitted: number
}

const leaseOf = (state: State, { maxBytesInFlight, maxInFlight, queue }: ServerSettings): Lease => {
  const { budget, line, share } = state
  const bytes = budget.open(maxBytesInFlight._tag === "Some" ? maxBytesInFlight.value : share, queue)
  let isAdmitted = false
  let isOver = false

  const take = (): true | undefined => {
    if (isOver || state.admitted >= maxInFlight) return undefined
    state.admitted++
    isAdmitted = true
    return true
  }

  return {
    bytes,
    admit: () => (line.takeNow(take) === true ? undefined : Effect.asVoid(line.take(take, queue))),
    release: () => {
      if (isOver) return
      isOver = true
      bytes.release()
      if (!isAdmitted) return
      state.admitted--
      line.wake()
    }
  }
}
