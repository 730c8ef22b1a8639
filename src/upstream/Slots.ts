import type * as Duration from "effect/Duration"
import type * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { Backend } from "../domain/backend/Backend.js"
import * as BackendKey from "../domain/backend/BackendKey.js"
import type { Overloaded } from "../domain/failure/Failure.js"
import type { Target } from "../domain/routing/RouteTable.js"
import * as Fullness from "../domain/failover/Fullness.js"
import { Starts } from "../domain/failover/Starts.js"
import * as WaitingLine from "../admission/WaitingLine.js"
import * as Alarm from "../flow/Alarm.js"
import type { SteadyClock } from "../flow/SteadyClock.js"

/** A place among the calls that a backend may have under way; given back once, however often `free` is called. */
export interface Slot {
  /** The model that is asked for. */
  readonly model: string
  /** When it was taken, in ms since the epoch. */
  readonly began: number
  /** Which of all calls for this model it is. */
  readonly number: number
  /** How many of them were under way then, itself included; without those that turn out to be refused. */
  place: number
  /** How many others of them began within a second up to then, without such, too; 0 where nobody wants to know. */
  taken: number
  readonly free: () => void
}

/**
 * Keeps each backend's calls under way within its `max_in_flight`, and those for each model within what it was found to take.
 *
 * @category models
 * @since 0.1.0
 */
export interface Slots {
  /** A slot of this backend, if one is free; who has nobody else to ask is not kept away by a hold that is a guess. */
  readonly take: (target: Target, isLone?: boolean) => Slot | undefined
  /** A slot of the first candidate that has one, waited for in one line with everybody else; `onTaken` hears of it first. */
  readonly wait: <A extends Target>(
    candidates: ReadonlyArray<A>,
    limits: WaitingLine.Limits,
    onTaken: (slot: Slot) => void
  ) => Effect.Effect<{ readonly candidate: A; readonly slot: Slot }, Overloaded>
  /** Whether anybody waits for a slot of any backend. */
  readonly isWaitedFor: () => boolean
  /** How many calls a backend has under way. */
  readonly inFlight: (backend: Backend) => number
  /** How many calls are under way that began between two times; not counted further than to `most` and one. */
  readonly begun: (backend: Backend, from: number, to: number, most: number) => number
  /** The backend has refused a call because it was busy; `asked` is how long it asks to be left alone. */
  readonly refused: (backend: Backend, call: Call, asked: Duration.Duration | undefined) => void
  /** A call has ended well. */
  readonly completed: (backend: Backend, call: Call) => void
  /** What is known of how much a backend takes of a model. */
  readonly fullness: (target: Target) => Fullness.Fullness
  /** The models of a backend of which anything is known. */
  readonly known: (backend: Backend) => ReadonlyArray<readonly [model: string, fullness: Fullness.Fullness]>
  /** When who waits for a slot may find one, in ms since the epoch, unless a call ends before; Infinity where one must. */
  readonly freeAt: (target: Target) => number
  /** These are the backends from now on: what is known of others is forgotten, and their limits hold for who waits, too. */
  readonly keep: (backends: ReadonlyArray<Backend>) => void
  /** Wakes nobody any more when a time has passed. */
  readonly close: () => void
}

/** What of a slot is told with what became of its call. */
export type Call = Readonly<Pick<Slot, "began" | "model" | "number" | "place" | "taken">>

/** Of so many models of a backend it is known how much it takes: callers may make names up. */
export const mostModels = 64

/** Slots of which none is taken. */
export const make = (clock: Pick<SteadyClock, "now">): Slots => {
  const known = new Map<string, Uses>()
  const totals = new Map<string, number>()
  const limits = new Map<string, number>()
  const line = WaitingLine.make()
  const alarm = Alarm.make()
  let ringsAt = Infinity

  const usesOf = (backend: Backend): Uses => {
    const key = BackendKey.accessOf(backend)
    const before = known.get(key)
    if (before !== undefined) return before
    const uses = { held: new Set<Slot>(), models: new Map<string, OfModel>() }
    known.set(key, uses)
    return uses
  }

  const ofModel = ({ backend, model }: Target): OfModel | undefined =>
    known.get(BackendKey.accessOf(backend))?.models.get(model)

  const totalOf = (backend: Backend): number => totals.get(BackendKey.of(backend)) ?? 0

  // What is in force counts, whichever configuration an exchange began with.
  const mostOf = (backend: Backend): number =>
    limits.get(BackendKey.of(backend)) ?? Option.getOrElse(backend.maxInFlight, () => Infinity)

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

  const take = ({ backend, model }: Target, isLone = false, isWaiting = false): Slot | undefined => {
    const key = BackendKey.of(backend)
    const total = totalOf(backend)
    if (total >= mostOf(backend)) return undefined
    const uses = usesOf(backend)
    const of = modelOf(uses.models, model)
    const now = clock.now()
    if (of.fullness !== undefined && !hasRoom(of, of.fullness, now, isLone)) {
      const at = worthTrying(of, of.fullness, now, isLone)
      if (isWaiting && at < Infinity) wakeAt(at)
      return undefined
    }
    const taken = of.fullness === undefined ? 0 : of.starts.taken(now - lookBack, now)
    of.starts.begin(now)
    const slot: Slot = {
      model,
      began: now,
      number: of.starts.count,
      place: ++of.underWay,
      taken,
      free: () => {
        if (!uses.held.delete(slot)) return
        of.underWay--
        totals.set(key, (totals.get(key) ?? 1) - 1)
        line.wake()
      }
    }
    uses.held.add(slot)
    totals.set(key, total + 1)
    return slot
  }

  const takeFirst = <A extends Target>(candidates: ReadonlyArray<A>, onTaken: (slot: Slot) => void) => {
    for (const candidate of candidates) {
      const slot = take(candidate, true, true)
      if (slot === undefined) continue
      onTaken(slot)
      return { candidate, slot }
    }
    return undefined
  }

  return {
    take: (target, isLone) => take(target, isLone),
    wait: (candidates, limits, onTaken) => line.take(() => takeFirst(candidates, onTaken), limits),
    isWaitedFor: () => !line.isEmpty(),
    inFlight: totalOf,
    begun: (backend, from, to, most) => {
      let count = 0
      for (const { began } of known.get(BackendKey.accessOf(backend))?.held ?? []) {
        if (began >= from && began <= to && ++count > most) break
      }
      return count
    },
    refused: (backend, { began, model, number, place }, asked) => {
      const uses = usesOf(backend)
      const of = modelOf(uses.models, model)
      const { starts, underWay } = of
      starts.refuse(began)
      uncount(uses, model, number, began)
      const counted = starts.taken(began - lookBack, began)
      // What began in a storm is counted among what is left of it.
      const taken = counted === Infinity ? Math.max(0, begunOf(uses, model, began - lookBack) - 1) : counted
      const call = { number, place, others: Math.max(0, underWay - 1), taken }
      const before = of.fullness ?? Fullness.unknown
      of.fullness = Fullness.refused(before, call, starts.count, asked, clock.now(), backend.breaker)
    },
    completed: (backend, call) => {
      const of = ofModel({ backend, model: call.model })
      if (of?.fullness !== undefined) of.fullness = Fullness.completed(of.fullness, call, of.starts.count, clock.now())
    },
    fullness: (target) => Fullness.at(ofModel(target)?.fullness ?? Fullness.unknown, clock.now()),
    known: (backend) => {
      const now = clock.now()
      return [...(known.get(BackendKey.accessOf(backend))?.models ?? [])].flatMap(([model, { fullness }]) => {
        const present = fullness === undefined ? Fullness.unknown : Fullness.at(fullness, now)
        return present === Fullness.unknown ? [] : [[model, present] as const]
      })
    },
    freeAt: (target) => {
      const uses = known.get(BackendKey.accessOf(target.backend))
      if (totalOf(target.backend) >= mostOf(target.backend)) return Infinity
      const of = uses?.models.get(target.model)
      const now = clock.now()
      return of?.fullness === undefined ? now : worthTrying(of, of.fullness, now, true)
    },
    keep: (backends) => {
      const kept = new Set(backends.map(BackendKey.accessOf))
      for (const [key, uses] of known) if (!kept.has(key) && uses.held.size === 0) known.delete(key)
      for (const [key, total] of totals) if (total === 0) totals.delete(key)
      limits.clear()
      for (const backend of backends) {
        limits.set(
          BackendKey.of(backend),
          Option.getOrElse(backend.maxInFlight, () => Infinity)
        )
      }
      line.wake()
    },
    close: () => alarm.clear()
  }
}

/** What calls a backend has under way, and what those for each model have shown. */
interface Uses {
  readonly held: Set<Slot>
  readonly models: Map<string, OfModel>
}

interface OfModel {
  underWay: number
  readonly starts: Starts
  /** Undefined until a call was refused because the backend was busy. */
  fullness: Fullness.Fullness | undefined
}

const begunOf = ({ held }: Uses, model: string, after: number): number => {
  let count = 0
  for (const slot of held) if (slot.model === model && slot.began > after) count++
  return count
}

// Those that began after a call were not beside it, for it was refused.
const uncount = ({ held }: Uses, model: string, number: number, began: number): void => {
  for (const slot of held) {
    if (slot.model !== model || slot.number <= number) continue
    slot.place--
    if (slot.began - began < lookBack && slot.taken > 0) slot.taken--
  }
}

/** So far back it is counted how many calls a backend took before it refused one, in ms. */
const lookBack = 1_000

const modelOf = (models: Map<string, OfModel>, model: string): OfModel => {
  const before = models.get(model)
  if (before !== undefined) return before
  if (models.size >= mostModels) makeRoom(models)
  const of = { underWay: 0, starts: new Starts(Fullness.mostCounted), fullness: undefined }
  models.set(model, of)
  return of
}

// First of those of which nothing is known, then of those that came first; what is under way is bounded anyway.
const makeRoom = (models: Map<string, OfModel>): void => {
  let oldest: string | undefined
  for (const [model, { fullness, underWay }] of models) {
    if (underWay > 0) continue
    oldest ??= model
    if (fullness === undefined) return void models.delete(model)
  }
  if (oldest !== undefined) models.delete(oldest)
}

/** Whether one more call may go; a bound is raised for it where it may be. */
const hasRoom = (of: OfModel, fullness: Fullness.Fullness, now: number, isLone: boolean): boolean => {
  const present = Fullness.at(fullness, now)
  of.fullness = present === Fullness.unknown ? undefined : present
  const at = freeAt(of, present, now, isLone)
  if (at <= now) return true
  const { starts, underWay } = of
  // Who was refused is counted among those that began, but not among those that are under way.
  const standing = () => underWay - starts.begunSince(now - Fullness.settled)
  of.fullness = Fullness.turnedAway(present, standing, slackAt(of, present), starts.count, now)
  return freeAt(of, of.fullness, now, isLone) <= now
}

const freeAt = ({ starts, underWay }: OfModel, fullness: Fullness.Fullness, now: number, isLone: boolean): number => {
  const { guessedUntil, heldUntil, pace, places } = fullness
  const held = isLone ? heldUntil : Math.max(heldUntil, guessedUntil)
  if (now < held) return held
  if (underWay >= places) return Infinity
  if (pace === Infinity) return now
  return Math.max(now, starts.last(Fullness.paceCount(pace) - 1) + Fullness.paceSpan(pace))
}

// A bound that may be raised gives room, too.
const worthTrying = (of: OfModel, fullness: Fullness.Fullness, now: number, isLone: boolean): number => {
  const at = freeAt(of, fullness, now, isLone)
  return now < fullness.heldUntil ? at : Math.max(now, Math.min(at, Fullness.raisesAt(fullness, slackAt(of, fullness))))
}

// When fewer have begun within a second than when a call was refused.
const slackAt = ({ starts }: OfModel, { refusedAt: { pace } }: Fullness.Fullness): number =>
  pace >= 1 && pace <= Fullness.mostCounted ? starts.last(pace - 1) + lookBack : -Infinity
