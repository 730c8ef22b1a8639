import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import * as ConfigRef from "../config/ConfigRef.js"
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
 * The admission of one process. Where there is a `ConfigRef`, a new `server.max_in_flight` holds for those
 * who wait, too, as soon as it is in force.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer: Layer.Layer<Admission> = Layer.scoped(
  Admission,
  Effect.gen(function* () {
    const state: State = {
      line: WaitingLine.make(),
      budget: ByteBudget.make(),
      share: HeapShare.bytes(),
      admitted: 0,
      most: undefined
    }
    const config = yield* Effect.serviceOption(ConfigRef.ConfigRef)
    if (Option.isSome(config)) {
      state.most = (yield* config.value.current).config.server.maxInFlight
      yield* Effect.forkScoped(
        Stream.runForEach(config.value.changes, ({ config: { server } }) =>
          Effect.sync(() => {
            state.most = server.maxInFlight
            state.line.wake()
          })
        )
      )
    }
    return { lease: (settings) => leaseOf(state, settings) }
  })
)

interface State {
  readonly line: WaitingLine.WaitingLine
  readonly budget: ByteBudget.ByteBudget
  /** So many bytes may be held where the settings say nothing. */
  readonly share: number
  admitted: number
  /** So many may be admitted by the configuration in force; undefined where that is not known. */
  most: number | undefined
}

const leaseOf = (state: State, { maxBytesInFlight, maxInFlight, queue }: ServerSettings): Lease => {
  const { budget, line, share } = state
  const bytes = budget.open(maxBytesInFlight._tag === "Some" ? maxBytesInFlight.value : share, queue)
  // A host may give others limits than the configuration's.
  const isConfigured = maxInFlight === state.most
  let isAdmitted = false
  let isOver = false

  const take = (): true | undefined => {
    if (isOver || state.admitted >= (isConfigured ? (state.most ?? maxInFlight) : maxInFlight)) return undefined
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
