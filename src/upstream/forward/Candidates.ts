import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import type * as Breaker from "../../domain/failover/Breaker.js"
import type { AttemptFailure, Overloaded } from "../../domain/failure/Failure.js"
import * as RetryPolicy from "../../domain/failover/RetryPolicy.js"
import type { Target } from "../../domain/routing/RouteTable.js"
import type * as Health from "../Health.js"
import type * as Slots from "../Slots.js"
import type { Limits } from "../../admission/WaitingLine.js"
import type { SteadyClock } from "../../flow/SteadyClock.js"

/** A call that may be made: to whom, and on what terms. */
export interface Ticket {
  readonly target: Target
  readonly permit: Breaker.Permit
}

/** The candidates of one exchange that have not been asked yet. */
export interface Candidates {
  /** The first one, if it is well and has room: what is chosen nearly always. */
  readonly first: () => Ticket | undefined
  /** The next one to ask; undefined when nobody is left. Whoever is chosen is not chosen again. One is held at a time. */
  readonly next: () => Effect.Effect<Ticket | undefined, Overloaded>
  /** Gives the place of the one that is held back, once what became of the call is told. */
  readonly free: () => void
  /** Lets go of the one that is held, if any, with nothing to tell of it. */
  readonly letGo: () => Health.Report
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
  readonly clock: SteadyClock
  /** When the exchange arrived, in ms since the epoch. */
  readonly startedAt: number
}

// A timer may ring a moment early; what has so little left, in ms, is over.
const tooLittle = 5

/** When a target's `total` has passed for an exchange that arrived at `startedAt`; in ms since the epoch. */
export const deadlineOf = ({ backend }: Target, startedAt: number): number =>
  startedAt + Duration.toMillis(backend.timeouts.total)

/** All candidates of a plan. */
export const make = (options: Options): Candidates => {
  const state: State = { options, remaining: options.plan, panicked: false, slot: undefined, held: undefined }
  return {
    free: () => free(state),
    letGo: () => letGo(state),
    first: () => first(state),
    // Whoever leaves while one is chosen must not take its place along: only the wait is interrupted.
    next: () => Effect.uninterruptible(choose(state)),
    decide: (failure, target, made) => decide(state, failure, target, made)
  }
}

interface State {
  readonly options: Options
  remaining: ReadonlyArray<Target>
  panicked: boolean
  slot: Slots.Slot | undefined
  held: Ticket | undefined
}

const first = (state: State): Ticket | undefined => {
  const { clock, health, slots } = state.options
  const [target] = state.remaining
  if (target === undefined || !health.isSound(target.backend)) return undefined
  if (left(state, target, clock.now()) <= 0) return undefined
  state.slot = slots.take(target.backend)
  return state.slot === undefined ? undefined : hold(state, target, "usual")
}

const choose = Effect.fnUntraced(function* (state: State) {
  const { clock, health, slots } = state.options
  const now = clock.now()
  const inTime = state.remaining.filter((target) => left(state, target, now) > 0)
  const busy: Array<Target> = []
  for (const target of inTime) {
    if (health.isOpen(target.backend, now)) continue
    state.slot = slots.take(target.backend)
    if (state.slot === undefined) {
      busy.push(target)
      continue
    }
    const permit = yield* health.admit(target.backend, now)
    if (permit !== undefined) return hold(state, target, permit)
    free(state)
  }
  if (busy.length > 0) return yield* waitFor(state, busy)
  // A refusal without having asked anybody helps nobody: the one that comes back first may have come back.
  if (inTime.length === 0 || state.panicked) return undefined
  state.panicked = true
  const returnsAt = ({ backend }: Target) => health.returnsAt(backend, now)
  return yield* waitFor(
    state,
    [...inTime].sort((a, b) => returnsAt(a) - returnsAt(b)),
    "panic"
  )
})

const waitFor = Effect.fnUntraced(function* (state: State, targets: ReadonlyArray<Target>, permit?: Breaker.Permit) {
  const { clock, health, queue, slots } = state.options
  const { candidate } = yield* Effect.interruptible(slots.wait(targets, queue, (taken) => (state.slot = taken)))
  const admitted = permit ?? (yield* health.admit(candidate.backend, clock.now()))
  return hold(state, candidate, admitted ?? "panic")
})

const hold = (state: State, target: Target, permit: Breaker.Permit): Ticket => {
  state.remaining = state.remaining.filter((candidate) => candidate !== target)
  state.held = { target, permit }
  return state.held
}

const free = (state: State): void => {
  state.slot?.free()
  state.slot = undefined
  state.held = undefined
}

const letGo = (state: State): Health.Report => {
  const { held, options } = state
  free(state)
  if (held === undefined) return undefined
  return options.health.released(held.target.backend, held.permit, options.clock.now())
}

const decide = Effect.fnUntraced(function* (state: State, failure: AttemptFailure, target: Target, made: Made) {
  const { clock, health } = state.options
  const now = clock.now()
  const { remaining } = state
  const { retries, retryAfterMax } = target.backend
  const isSibling = (other: Target) => other.model === target.model && !health.isOpen(other.backend, now)
  const verdict = RetryPolicy.verdict(failure, {
    ...made,
    retries,
    retryAfterMax,
    siblingLeft: remaining.some(isSibling),
    remaining: Duration.millis(left(state, target, now)),
    remainingElsewhere: Duration.millis(Math.max(0, ...remaining.map((other) => left(state, other, now)))),
    draw: yield* Random.next
  })
  if (verdict._tag === "NextModel") state.remaining = remaining.filter(({ model }) => model !== target.model)
  if (verdict._tag === "Stop") state.remaining = []
  return verdict
})

// In ms.
const left = ({ options }: State, target: Target, now: number): number =>
  deadlineOf(target, options.startedAt) - tooLittle - now
