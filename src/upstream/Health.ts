import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import type { Backend } from "../domain/backend/Backend.js"
import * as BackendKey from "../domain/backend/BackendKey.js"
import * as Blame from "../domain/failover/Blame.js"
import * as Breaker from "../domain/failover/Breaker.js"
import * as Credentials from "../domain/backend/Credentials.js"
import * as Busyness from "../domain/failure/Busyness.js"
import type { AttemptFailure } from "../domain/failure/Failure.js"
import type * as Fullness from "../domain/failover/Fullness.js"
import { oncePer } from "../domain/text/OncePer.js"
import type { RelayEnd } from "../domain/failure/Outcome.js"
import * as BackendLog from "./BackendLog.js"
import * as Shortages from "./Shortages.js"
import type * as Slots from "./Slots.js"

/** To be run where there is one: tells the log that a backend was set aside, or has come back. */
export type Report = Effect.Effect<void> | undefined

/** On what terms a call was let through, and how it stood when it began. */
export interface Permit {
  readonly terms: Breaker.Permit
  readonly call: Slots.Call
}

/**
 * Knows which backends are worth asking, from what became of the calls to them.
 *
 * @category models
 * @since 0.1.0
 */
export interface Health {
  /** Whether this backend is neither set aside nor coming back, so that a call may go to it on the usual terms. */
  readonly isSound: (backend: Backend) => boolean
  /** Whether a call may go to this backend now; whoever is let through must say what became of the call. */
  readonly admit: (backend: Backend, now: number) => Effect.Effect<Breaker.Permit | undefined>
  /** Whether {@link Health.admit} would let no call through. */
  readonly isOpen: (backend: Backend, now: number) => boolean
  /** When a backend that is set aside may be asked again, in ms since the epoch; `now` for any other. */
  readonly returnsAt: (backend: Backend, now: number) => number
  /** The answer has begun. */
  readonly answered: (backend: Backend, permit: Permit, now: number) => Report
  /** The attempt failed before anything was with the caller. */
  readonly failed: (backend: Backend, permit: Permit, failure: AttemptFailure, now: number) => Report
  /** The attempt was given up for one that was quicker, after it had been silent for so long that another was made. */
  readonly outrun: (backend: Backend, permit: Permit, now: number) => Report
  /** The answer has ended, well or not. */
  readonly ended: (backend: Backend, permit: Permit, end: RelayEnd, now: number) => Report
  /** Nothing can be said of the call. */
  readonly released: (backend: Backend, permit: Permit, now: number) => Report
  /** What is thought of a backend. */
  readonly breaker: (backend: Backend, now: number) => Breaker.Breaker
  /** Forgets every backend but these. */
  readonly keep: (backends: ReadonlyArray<Backend>) => void
}

type Change = (breaker: Breaker.Breaker, settings: Breaker.Settings) => Breaker.Breaker

/** Health of which nothing is known; the slots know which calls are under way, and learn how many the backends take. */
export const make = (slots: Pick<Slots.Slots, "begun" | "completed" | "fullness" | "inFlight" | "refused">): Health => {
  const known = new Map<string, Known>()
  const shortages = Shortages.make()
  const stateOf = (backend: Backend) => known.get(BackendKey.accessOf(backend))?.breaker ?? Breaker.closed
  const breaker = (backend: Backend, now: number) => Breaker.at(stateOf(backend), now, settingsOf(backend))

  const knownOf = (backend: Backend): Known => {
    const key = BackendKey.accessOf(backend)
    const before = known.get(key)
    if (before !== undefined) return before
    const made = { breaker: Breaker.closed, log: BackendLog.make() }
    known.set(key, made)
    return made
  }

  const change = (backend: Backend, next: Breaker.Breaker, why: string, now: number): Report => {
    const of = knownOf(backend)
    const before = of.breaker
    of.breaker = next
    const isOpen = next._tag === "Open"
    return next._tag === before._tag
      ? of.log.catchUp(() => `Backend ${backend.name}: ${standing(next, now)}`, isOpen, now)
      : of.log.tell(`Backend ${backend.name}: ${before._tag} → ${standing(next, now)} (${why})`, isOpen, now)
  }

  const tell = (backend: Backend, why: string, now: number, apply: Change): Report =>
    backend.breaker.enabled ? change(backend, apply(stateOf(backend), settingsOf(backend)), why, now) : undefined

  const release = (backend: Backend, { terms }: Permit, now: number): Report =>
    tell(backend, "released", now, (state, settings) => Breaker.released(state, terms, now, settings))

  const complete = (backend: Backend, { call, terms }: Permit, now: number): Report =>
    tell(backend, "it answers again", now, (state, settings) =>
      Breaker.completed(state, terms, now, settings, call.began)
    )

  const fail = (
    backend: Backend,
    permit: Permit,
    why: string,
    retryAfter: Duration.Duration | undefined,
    now: number,
    isSure = false
  ) =>
    tell(backend, why, now, (state, settings) => {
      const { call, terms } = permit
      const { began } = call
      const beside = (from: number, to: number, most: number) => {
        // Its own slot is among those that are held, and too old to be counted where it took longer than the window.
        const own = began >= from && began <= to ? 1 : 0
        return Math.max(0, slots.begun(backend, from, to, most + own) - own)
      }
      return Breaker.failed(state, terms, now, retryAfter, settings, { began, beside, isSure })
    })

  // How full it is says nothing of how well it is.
  const refuse = (backend: Backend, permit: Permit, asked: Duration.Duration | undefined, now: number): Report => {
    const { model } = permit.call
    const target = { backend, model }
    const before = slots.fullness(target)
    slots.refused(backend, permit.call, asked)
    const after = slots.fullness(target)
    const isNews = isUnbound(before) && !isUnbound(after)
    const line = `Backend ${backend.name}: takes ${boundOf(after)} of ${model} (it refused one more)`
    return both(isNews ? knownOf(backend).log.remark(line, now) : undefined, release(backend, permit, now))
  }

  const isSound = (backend: Backend) => stateOf(backend)._tag === "Closed" || !backend.breaker.enabled

  return {
    isSound,
    admit: Effect.fnUntraced(function* (backend: Backend, now: number) {
      if (isSound(backend)) return "usual"
      const settings = settingsOf(backend)
      // Whoever asks has a slot already.
      const isIdle = slots.inFlight(backend) <= 1
      const [next, terms] = Breaker.admit(stateOf(backend), now, yield* Random.next, settings, isIdle)
      const changed = change(backend, next, "its time has passed", now)
      if (changed !== undefined) yield* changed
      return terms
    }),
    isOpen: (backend, now) => {
      const present = breaker(backend, now)
      return backend.breaker.enabled && (present._tag === "Open" || (present._tag === "HalfOpen" && present.probing))
    },
    returnsAt: (backend, now) => {
      const present = breaker(backend, now)
      return present._tag === "Open" ? present.until : now
    },
    answered: (backend, { terms }, now) =>
      terms === "probe"
        ? tell(backend, "it answers again", now, (state, settings) => Breaker.answered(state, terms, now, settings))
        : undefined,
    failed: (backend, permit, failure, now) => {
      // It says nothing of the backend.
      if (failure._tag === "ResourcesExhausted") {
        return both(shortages.met(failure, now), release(backend, permit, now))
      }
      const isOurKey = !Credentials.takesCallers(backend)
      const retryAfter = failure._tag === "UpstreamRejected" ? failure.retryAfter : undefined
      const isFull = backend.breaker.enabled && Blame.isFull(failure)
      if (isFull && isOurKey) return refuse(backend, permit, retryAfter, now)
      // What it says to one caller's key it may not say to another's.
      if (isFull && Blame.isBackends(failure, isOurKey)) return release(backend, permit, now)
      return Blame.isBackends(failure, isOurKey)
        ? fail(backend, permit, whyOf(failure), retryAfter, now, Blame.isKeys(failure))
        : // Whoever refuses a request is there.
          complete(backend, permit, now)
    },
    ended: (backend, permit, end, now) => {
      if (end._tag === "Completed") {
        slots.completed(backend, permit.call)
        return complete(backend, permit, now)
      }
      const isOurKey = !Credentials.takesCallers(backend)
      if (backend.breaker.enabled && end._tag === "UpstreamErrored" && Busyness.isBusy(end)) {
        return isOurKey ? refuse(backend, permit, undefined, now) : release(backend, permit, now)
      }
      return Blame.isBackendsEnd(end, isOurKey)
        ? fail(backend, permit, end._tag, undefined, now)
        : release(backend, permit, now)
    },
    outrun: (backend, permit, now) => fail(backend, permit, "silent, and outrun by another", undefined, now),
    released: release,
    breaker,
    keep: (backends) => {
      const kept = new Set(backends.map(BackendKey.accessOf))
      for (const key of known.keys()) if (!kept.has(key)) known.delete(key)
    }
  }
}

/** What is known of one backend. */
interface Known {
  breaker: Breaker.Breaker
  readonly log: BackendLog.BackendLog
}

const isUnbound = ({ pace, places }: Fullness.Fullness): boolean => pace === Infinity && places === Infinity

const boundOf = ({ pace, places }: Fullness.Fullness): string =>
  places < Infinity ? `${places} at once` : `${pace.toPrecision(2)} a second`

const whyOf = (failure: AttemptFailure): string =>
  failure._tag === "UpstreamRejected" && failure.location !== undefined
    ? `${failure._tag}, redirects to ${failure.location}`
    : failure._tag

const both = (one: Report, other: Report): Report =>
  one === undefined || other === undefined ? (one ?? other) : Effect.zipRight(one, other)

const settingsOf = oncePer(({ breaker, retryAfterMax }: Backend): Breaker.Settings => ({
  ...breaker,
  patience: retryAfterMax
}))

const standing = (breaker: Breaker.Breaker, now: number): string =>
  breaker._tag === "Open"
    ? `Open for ${Duration.format(Duration.millis(Math.max(0, breaker.until - now)))}`
    : breaker._tag
