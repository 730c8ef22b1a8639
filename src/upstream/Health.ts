import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import type { Backend } from "../domain/backend/Backend.js"
import * as BackendKey from "../domain/backend/BackendKey.js"
import * as Blame from "../domain/failover/Blame.js"
import * as Breaker from "../domain/failover/Breaker.js"
import * as Credentials from "../domain/backend/Credentials.js"
import type { AttemptFailure } from "../domain/failure/Failure.js"
import { oncePer } from "../domain/text/OncePer.js"
import type { RelayEnd } from "../domain/failure/Outcome.js"
import * as Shortages from "./Shortages.js"

/** To be run where there is one: tells the log that a backend was set aside, or has come back. */
export type Report = Effect.Effect<void> | undefined

/** Knows which backends are worth asking, from what became of the calls to them. */
export interface Health {
  /** Whether this backend is neither set aside nor coming back, so that a call may go to it on the usual terms. */
  readonly isSound: (backend: Backend) => boolean
  /** Whether a call may go to this backend now; whoever gets a permit must say what became of the call. */
  readonly admit: (backend: Backend, now: number) => Effect.Effect<Breaker.Permit | undefined>
  /** Whether {@link Health.admit} would let no call through. */
  readonly isOpen: (backend: Backend, now: number) => boolean
  /** When a backend that is set aside may be asked again, in ms since the epoch; `now` for any other. */
  readonly returnsAt: (backend: Backend, now: number) => number
  /** The answer has begun. */
  readonly answered: (backend: Backend, permit: Breaker.Permit, now: number) => Report
  /** The attempt failed before anything was with the caller. */
  readonly failed: (backend: Backend, permit: Breaker.Permit, failure: AttemptFailure, now: number) => Report
  /** The answer has ended, well or not. */
  readonly ended: (backend: Backend, permit: Breaker.Permit, end: RelayEnd, now: number) => Report
  /** Nothing can be said of the call. */
  readonly released: (backend: Backend, permit: Breaker.Permit, now: number) => Report
  /** What is thought of a backend. */
  readonly breaker: (backend: Backend, now: number) => Breaker.Breaker
  /** Forgets every backend but these. */
  readonly keep: (backends: ReadonlyArray<Backend>) => void
}

type Change = (
  breaker: Breaker.Breaker,
  permit: Breaker.Permit,
  now: number,
  settings: Breaker.Settings
) => Breaker.Breaker

/** Health of which nothing is known. */
export const make = (): Health => {
  const breakers = new Map<string, Breaker.Breaker>()
  const shortages = Shortages.make()
  const breaker = (backend: Backend, now: number) =>
    Breaker.at(breakers.get(BackendKey.of(backend)) ?? Breaker.closed, now, settingsOf(backend))

  const change = (backend: Backend, next: Breaker.Breaker, why: string, now: number): Report => {
    const key = BackendKey.of(backend)
    const before = breakers.get(key) ?? Breaker.closed
    breakers.set(key, next)
    return next._tag === before._tag ? undefined : report(backend, before, next, why, now)
  }

  const tell = (backend: Backend, permit: Breaker.Permit, now: number, why: string, apply: Change): Report => {
    if (!backend.breaker.enabled) return undefined
    const present = breakers.get(BackendKey.of(backend)) ?? Breaker.closed
    return change(backend, apply(present, permit, now, settingsOf(backend)), why, now)
  }

  const isSound = (backend: Backend) => {
    const present = breakers.get(BackendKey.of(backend))
    return present === undefined || present._tag === "Closed" || !backend.breaker.enabled
  }

  return {
    isSound,
    admit: Effect.fnUntraced(function* (backend: Backend, now: number) {
      if (isSound(backend)) return "usual"
      const before = breakers.get(BackendKey.of(backend)) ?? Breaker.closed
      const [next, permit] = Breaker.admit(before, now, yield* Random.next, settingsOf(backend))
      const changed = change(backend, next, "its time has passed", now)
      if (changed !== undefined) yield* changed
      return permit
    }),
    isOpen: (backend, now) => {
      const present = breaker(backend, now)
      return backend.breaker.enabled && (present._tag === "Open" || (present._tag === "HalfOpen" && present.probing))
    },
    returnsAt: (backend, now) => {
      const present = breaker(backend, now)
      return present._tag === "Open" ? present.until : now
    },
    answered: (backend, permit, now) =>
      permit === "usual" ? undefined : tell(backend, permit, now, "it answers again", Breaker.answered),
    failed: (backend, permit, failure, now) => {
      // It says nothing of the backend.
      if (failure._tag === "ResourcesExhausted") {
        return both(shortages.met(failure, now), tell(backend, permit, now, "released", Breaker.released))
      }
      const retryAfter = failure._tag === "UpstreamRejected" ? failure.retryAfter : undefined
      return Blame.isBackends(failure, !Credentials.takesCallers(backend))
        ? tell(backend, permit, now, whyOf(failure), (state, terms, at, settings) =>
            Breaker.failed(state, terms, at, retryAfter, settings)
          )
        : // Whoever refuses a request is there.
          tell(backend, permit, now, "it answers again", Breaker.completed)
    },
    ended: (backend, permit, end, now) => {
      if (end._tag === "Completed") return tell(backend, permit, now, "it answers again", Breaker.completed)
      if (!Blame.isBackendsEnd(end, !Credentials.takesCallers(backend)))
        return tell(backend, permit, now, "released", Breaker.released)
      return tell(backend, permit, now, end._tag, (state, terms, at, settings) =>
        Breaker.failed(state, terms, at, undefined, settings)
      )
    },
    released: (backend, permit, now) => tell(backend, permit, now, "released", Breaker.released),
    breaker,
    keep: (backends) => {
      const kept = new Set(backends.map(BackendKey.of))
      for (const key of breakers.keys()) if (!kept.has(key)) breakers.delete(key)
    }
  }
}

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

const report = (backend: Backend, before: Breaker.Breaker, after: Breaker.Breaker, why: string, now: number) => {
  const wait = after._tag === "Open" ? ` for ${Duration.format(Duration.millis(after.until - now))}` : ""
  const line = `Backend ${backend.name}: ${before._tag} → ${after._tag}${wait} (${why})`
  return after._tag === "Open" ? Effect.logWarning(line) : Effect.logInfo(line)
}
