import * as Effect from "effect/Effect"
import type { ResourcesExhausted } from "../domain/failure/Failure.js"

/** Tells the log of the gateway's own shortages: once, and again when one comes back after it had gone. */
export interface Shortages {
  /** What is to be told of a failure at `now`, in ms since the epoch. */
  readonly met: (failure: ResourcesExhausted, now: number) => Effect.Effect<void> | undefined
}

/** One that has not been met for so long, in ms, has gone. */
const gone = 60_000

/** Shortages of which none has been met yet. */
export const make = (): Shortages => {
  const last = new Map<string, number>()
  return {
    met: ({ message, what }, now) => {
      const before = last.get(what) ?? -Infinity
      last.set(what, now)
      return now - before < gone ? undefined : Effect.logError(`Requests are refused: ${message}`)
    }
  }
}
