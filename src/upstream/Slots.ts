import type * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { Backend } from "../domain/backend/Backend.js"
import * as BackendKey from "../domain/backend/BackendKey.js"
import type { Overloaded } from "../domain/failure/Failure.js"
import * as WaitingLine from "../admission/WaitingLine.js"

/** A place among the calls that a backend may have under way; given back once, however often `free` is called. */
export interface Slot {
  readonly free: () => void
}

/** Keeps each backend's calls under way within its `max_in_flight`. */
export interface Slots {
  /** A slot of this backend, if one is free. */
  readonly take: (backend: Backend) => Slot | undefined
  /** A slot of the first candidate that has one, waited for in one line with everybody else; `onTaken` hears of it first. */
  readonly wait: <A extends { readonly backend: Backend }>(
    candidates: ReadonlyArray<A>,
    limits: WaitingLine.Limits,
    onTaken: (slot: Slot) => void
  ) => Effect.Effect<{ readonly candidate: A; readonly slot: Slot }, Overloaded>
  /** How many calls a backend has under way. */
  readonly inFlight: (backend: Backend) => number
}

/** Slots of which none is taken. */
export const make = (): Slots => {
  const taken = new Map<string, number>()
  const line = WaitingLine.make()
  const inFlight = (backend: Backend) => taken.get(BackendKey.of(backend)) ?? 0

  const take = (backend: Backend): Slot | undefined => {
    const key = BackendKey.of(backend)
    const before = inFlight(backend)
    if (before >= Option.getOrElse(backend.maxInFlight, () => Infinity)) return undefined
    taken.set(key, before + 1)
    let held = true
    return {
      free: () => {
        if (!held) return
        held = false
        const left = (taken.get(key) ?? 1) - 1
        if (left === 0) taken.delete(key)
        else taken.set(key, left)
        line.wake()
      }
    }
  }

  const takeFirst = <A extends { readonly backend: Backend }>(
    candidates: ReadonlyArray<A>,
    onTaken: (slot: Slot) => void
  ) => {
    for (const candidate of candidates) {
      const slot = take(candidate.backend)
      if (slot === undefined) continue
      onTaken(slot)
      return { candidate, slot }
    }
    return undefined
  }

  return {
    take,
    wait: (candidates, limits, onTaken) => line.take(() => takeFirst(candidates, onTaken), limits),
    inFlight
  }
}
