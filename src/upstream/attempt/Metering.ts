import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type { ByteLease } from "../../admission/ByteBudget.js"
import type { LightScope } from "../../flow/LightScope.js"
import { ResourcesExhausted } from "../../domain/failure/Failure.js"

/**
 * Counts an answer that is held back, of which so many bytes have come, among those that all exchanges may hold in memory;
 * where there is no room for them, the effect waits for it. Undefined where nothing has to be counted.
 */
export type Meter = (size: number) => Effect.Effect<void, ResourcesExhausted> | undefined

/** So many bytes are counted at a time; the first of them are not worth it. */
const step = 64 * 1024

/** The meter of one answer: what it has counted goes back with the scope if that fails, and with the lease at the latest. */
export const make = (lease: ByteLease, { addFinalizer }: LightScope): Meter => {
  let room = step
  return (size) => {
    if (size <= room) return undefined
    const more = Math.max(step, size - room)
    room += more
    const counted = (): undefined =>
      void addFinalizer((exit) => (Exit.isFailure(exit) ? void lease.giveBack(more) : undefined))
    if (lease.take(more)) return counted()
    return Effect.map(Effect.mapError(lease.hold(more), noRoom), counted)
  }
}

const noRoom = () => new ResourcesExhausted({ what: "memory", everywhere: true })
