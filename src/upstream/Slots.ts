import type * as Duration from "effect/Duration"
import type * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { Backend } from "../domain/backend/Backend.js"
import * as BackendKey from "../domain/backend/BackendKey.js"
import type { Overloaded } from "../domain/failure/Failure.js"
import * as Fullness from "../domain/failover/Fullness.js"
import { Starts } from "../domain/failover/Starts.js"
import * as WaitingLine from "../admission/WaitingLine.js"
import * as Alarm from "../flow/Alarm.js"
import type { SteadyClock } from "../flow/SteadyClock.js"

/** A place among the calls that a backend may have under way; given back once, however often `free` is called. */
export interface Slot {
  /** When it was taken, in ms since the epoch. */
  readonly began: number
  /** Which of all calls to the backend it is, and how many were under way then, itself included. */
  readonly number: number
  readonly place: number
  /** How many others began within a second up to then; 0 where nobody wants to know. */
  readonly taken: number
  readonly free: () => void
}

/** Keeps each backend's calls under way within its `max_in_flight`, and within what it was found to take. */
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
  /** How many calls are under way that began between two times; not counted further than to `most` and one. */
  readonly begun: (backend: Backend, from: number, to: number, most: number) => number
  /** The backend has refused a call because it was busy; `asked` is how long it asks to be left alone. */
  readonly refused: (backend: Backend, call: Call, asked: Duration.Duration | undefined) => void
  /** A call has ended well. */
  readonly completed: (backend: Backend, call: Call) => void
  /** What is known of how much a backend takes. */
  readonly fullness: (backend: Backend) => Fullness.Fullness
  /**
   * When a slot of a backend may be free, in ms since the epoch, as far as time alone decides it: now, at the end of a hold,
   * or Infinity where a call must end first.
   */
  readonly freeAt: (backend: Backend) => number
  /** Forgets what is known of every backend but these. */
  readonly keep: (backends: ReadonlyArray<Backend>) => void
  /** Wakes nobody any more when a time has passed. */
  readonly close: () => void
}

/** What of a slot is told with what became of its call. */
export type Call = Pick<Slot, "began" | "number" | "place" | "taken">

/** Slots of which none is taken. */
export const make = (clock: Pick<SteadyClock, "now">): Slots => {
  const known = new Map<string, Uses>()
  const line = WaitingLine.make()
  const alarm = Alarm.make()
  let ringsAt = Infinity

  const usesOf = (backend: Backend): Uses => {
    const key = BackendKey.of(backend)
    const before = known.get(key)
    if (before !== undefined) return before
    const uses = { held: new Set<Slot>(), starts: new Starts(Fullness.mostCounted), fullness: undefined }
    known.set(key, uses)
    return uses
  }

  // Nothing becomes free when a time has passed: whoever waits is woken.
  const wakeAt = (at: number) => {
    const now = clock.now()
    if (at >= ringsAt && ringsAt > now) return
    ringsAt = at
    alarm.set(at - now, () => {
      ringsAt = Infinity
      line.wake()
    })
  }

  const take = (backend: Backend, isWaiting = false): Slot | undefined => {
    const uses = usesOf(backend)
    const now = clock.now()
    if (uses.held.size >= mostOf(backend)) return undefined
    if (uses.fullness !== undefined) {
      const present = Fullness.at(uses.fullness, now)
      const at = freeAt(uses, present, now)
      if (at > now) {
        uses.fullness = Fullness.turnedAway(present, boundBy(uses, present, now), now)
        if (isWaiting && at < Infinity) wakeAt(at)
        return undefined
      }
      uses.fullness = present === Fullness.unknown ? undefined : Fullness.begun(present)
    }
    const taken = uses.fullness === undefined ? 0 : uses.starts.taken(now - lookBack, now)
    uses.starts.begin(now)
    const slot: Slot = {
      began: now,
      number: uses.starts.count,
      place: uses.held.size + 1,
      taken,
      free: () => {
        if (uses.held.delete(slot)) line.wake()
      }
    }
    uses.held.add(slot)
    return slot
  }

  const takeFirst = <A extends { readonly backend: Backend }>(
    candidates: ReadonlyArray<A>,
    onTaken: (slot: Slot) => void
  ) => {
    for (const candidate of candidates) {
      const slot = take(candidate.backend, true)
      if (slot === undefined) continue
      onTaken(slot)
      return { candidate, slot }
    }
    return undefined
  }

  const fullness = (backend: Backend) =>
    Fullness.at(known.get(BackendKey.of(backend))?.fullness ?? Fullness.unknown, clock.now())

  return {
    take,
    wait: (candidates, limits, onTaken) => line.take(() => takeFirst(candidates, onTaken), limits),
    inFlight: (backend) => known.get(BackendKey.of(backend))?.held.size ?? 0,
    begun: (backend, from, to, most) => {
      let count = 0
      for (const { began } of known.get(BackendKey.of(backend))?.held ?? []) {
        if (began >= from && began <= to && ++count > most) break
      }
      return count
    },
    refused: (backend, { began, number, place }, asked) => {
      const uses = usesOf(backend)
      const { held, starts } = uses
      starts.refuse(began)
      const taken = starts.taken(began - lookBack, began)
      const call = { number, place, others: Math.max(0, held.size - 1), taken }
      const before = uses.fullness ?? Fullness.unknown
      uses.fullness = Fullness.refused(before, call, starts.count, asked, clock.now(), backend.breaker)
    },
    completed: (backend, call) => {
      const uses = known.get(BackendKey.of(backend))
      if (uses?.fullness === undefined) return
      const { pace, places } = uses.fullness
      uses.fullness = Fullness.completed(uses.fullness, call, uses.starts.count, clock.now())
      if (uses.fullness.pace > pace || uses.fullness.places > places) line.wake()
    },
    fullness,
    freeAt: (backend) => {
      const uses = known.get(BackendKey.of(backend))
      const now = clock.now()
      if ((uses?.held.size ?? 0) >= mostOf(backend)) return Infinity
      if (uses?.fullness === undefined) return now
      return freeAt(uses, Fullness.at(uses.fullness, now), now)
    },
    keep: (backends) => {
      const kept = new Set(backends.map(BackendKey.of))
      for (const [key, uses] of known) if (!kept.has(key) && uses.held.size === 0) known.delete(key)
    },
    close: () => alarm.clear()
  }
}

/** What calls a backend has under way, and what they have shown. */
interface Uses {
  readonly held: Set<Slot>
  readonly starts: Starts
  /** Undefined until it has refused a call because it was busy. */
  fullness: Fullness.Fullness | undefined
}

/** So far back it is counted how many calls a backend took before it refused one, in ms. */
const lookBack = 1_000

const mostOf = ({ maxInFlight }: Backend): number => Option.getOrElse(maxInFlight, () => Infinity)

const freeAt = ({ held, starts }: Uses, { heldUntil, pace, places }: Fullness.Fullness, now: number): number => {
  if (now < heldUntil) return heldUntil
  return held.size >= places ? Infinity : Math.max(now, starts.last(pace - 1) + Fullness.paced)
}

const boundBy = ({ held }: Uses, { heldUntil, places }: Fullness.Fullness, now: number): Fullness.Bound | "hold" => {
  if (now < heldUntil) return "hold"
  return held.size >= places ? "places" : "pace"
}
