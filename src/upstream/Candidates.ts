import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import type * as Breaker from "../domain/Breaker.js"
import type { AttemptFailure, Overloaded } from "../domain/Failure.js"
import * as RetryPolicy from "../domain/RetryPolicy.js"
import type { Target } from "../domain/RouteTable.js"
import type * as Health from "./Health.js"
import type * as Slots from "./Slots.js"
import type { Limits } from "./WaitingLine.js"

/** A call that may be made: to whom, and on what terms. */
export interface Ticket {
  readonly target: Target
  readonly permit: Breaker.Permit
}

/** The candidates of one exchange that have not been asked yet. */
export interface Candidates {
  /** The next one to ask; undefined when nobody is left. Whoever is chosen is not chosen again. One is held at a time. */
  readonly choose: Effect.Effect<Ticket | undefined, Overloaded>
  /** Gives the place of the one that is held back, once what became of the call is told. */
  readonly free: () => void
  /** Lets go of the one that is held, if any, with nothing to tell of it. */
  readonly letGo: Effect.Effect<void>
  /** What follows a failed attempt; whoever it rules out is not chosen any more. */
  readonly decide: (failure: AttemptFailure, target: Target, made: Made) => Effect.Effect<RetryPolicy.Verdict>
}

/** How many attempts were made, in all and in a row on one candidate. */
export type Made = Pick<RetryPolicy.Situation, "attempts" | "attemptsHere">

/** What the choice depends on. */
export interface Options {
  /** In the order in which they are tried. */
  readonly plan: ReadonlyArray<Target>
  readonly health: Health.Health
  readonly slots: Slots.Slots
  /** How long to wait when all who could be asked have as many calls under way as they may. */
  readonly queue: Limits
  /** When the exchange arrived, in ms since the epoch. */
  readonly startedAt: number
}

// A timer may ring a moment early; what has so little left, in ms, is over.
const tooLittle = 5

/** When a target's `total` has passed for an exchange that arrived at `startedAt`; in ms since the epoch. */
export const deadlineOf = ({ backend }: Target, startedAt: number): number =>
  startedAt + Duration.toMillis(backend.timeouts.total)

/** All candidates of a plan. */
export const make = ({ health, plan, queue, slots, startedAt }: Options): Candidates => {
  let remaining = plan
  let panicked = false
  const left = (target: Target, now: number) => deadlineOf(target, startedAt) - tooLittle - now
  const isOpen = ({ backend }: Target, now: number) => health.isOpen(backend, now)

  let slot: Slots.Slot | undefined
  let held: Ticket | undefined

  const free = () => {
    slot?.free()
    slot = undefined
    held = undefined
  }

  const hold = (target: Target, permit: Breaker.Permit): Ticket => {
    remaining = remaining.filter((candidate) => candidate !== target)
    return (held = { target, permit })
  }

  const waitFor = Effect.fnUntraced(function* (targets: ReadonlyArray<Target>, permit?: Breaker.Permit) {
    const { candidate } = yield* Effect.interruptible(slots.wait(targets, queue, (taken) => (slot = taken)))
    return hold(candidate, permit ?? (yield* health.admit(candidate.backend)) ?? "panic")
  })

  return {
    free,
    letGo: Effect.suspend(() => {
      const ticket = held
      free()
      return ticket === undefined ? Effect.void : health.released(ticket.target.backend, ticket.permit)
    }),
    // Whoever leaves while one is chosen must not take its place along: only the wait is interrupted.
    choose: Effect.gen(function* () {
      const now = yield* Clock.currentTimeMillis
      const inTime = remaining.filter((target) => left(target, now) > 0)
      const busy: Array<Target> = []
      for (const target of inTime) {
        if (isOpen(target, now)) continue
        slot = slots.take(target.backend)
        if (slot === undefined) {
          busy.push(target)
          continue
        }
        const permit = yield* health.admit(target.backend)
        if (permit !== undefined) return hold(target, permit)
        free()
      }
      if (busy.length > 0) return yield* waitFor(busy)
      // A refusal without having asked anybody helps nobody: the one that comes back first may have come back.
      if (inTime.length === 0 || panicked) return undefined
      panicked = true
      const returnsAt = ({ backend }: Target) => health.returnsAt(backend, now)
      return yield* waitFor(
        [...inTime].sort((a, b) => returnsAt(a) - returnsAt(b)),
        "panic"
      )
    }).pipe(Effect.uninterruptible),
    decide: Effect.fnUntraced(function* (failure, target, made) {
      const now = yield* Clock.currentTimeMillis
      const { retries, retryAfterMax } = target.backend
      const verdict = RetryPolicy.verdict(failure, {
        ...made,
        retries,
        retryAfterMax,
        siblingLeft: remaining.some((other) => other.model === target.model && !isOpen(other, now)),
        remaining: Duration.millis(left(target, now)),
        remainingElsewhere: Duration.millis(Math.max(0, ...remaining.map((other) => left(other, now)))),
        draw: yield* Random.next
      })
      if (verdict._tag === "NextModel") remaining = remaining.filter(({ model }) => model !== target.model)
      if (verdict._tag === "Stop") remaining = []
      return verdict
    })
  }
}
