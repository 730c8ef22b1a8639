import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Random from "effect/Random"
import type * as Breaker from "../../domain/failover/Breaker.js"
import * as Blame from "../../domain/failover/Blame.js"
import { Overloaded } from "../../domain/failure/Failure.js"
import type { AttemptFailure } from "../../domain/failure/Failure.js"
import { unchecked } from "../../domain/failure/Identified.js"
import * as RetryPolicy from "../../domain/failover/RetryPolicy.js"
import type { Target } from "../../domain/routing/RouteTable.js"
import { nameOf } from "../../domain/routing/RouteTable.js"
import type * as Health from "../Health.js"
import type * as Slots from "../Slots.js"
import type { Limits } from "../../admission/WaitingLine.js"
import type { SteadyClock } from "../../flow/SteadyClock.js"

/** A call that may be made: to whom, and on what terms. */
export interface Ticket {
  readonly target: Target
  readonly permit: Health.Permit
}

/** The candidates of one exchange that have not been asked yet. */
export interface Candidates {
  /** The first one, if it is well and has room: what is chosen nearly always. */
  readonly first: () => Ticket | undefined
  /** One that is well and has room at once, to be asked beside another while nobody waits for room anywhere. */
  readonly spare: () => Ticket | undefined
  /** The same candidates for another who asks at the same time: whoever is chosen by either is chosen. */
  readonly beside: () => Candidates
  /** Whether somebody is left to ask. */
  readonly areLeft: () => boolean
  /** The next one to ask; undefined when nobody is left. Whoever is chosen is not chosen again. One is held at a time. */
  readonly next: () => Effect.Effect<Ticket | undefined, Overloaded>
  /** The one that is held once more, after a wait; undefined where no slot of it became free in time. */
  readonly again: (
    ticket: Ticket,
    failure: AttemptFailure,
    after: Duration.Duration
  ) => Effect.Effect<Ticket | undefined>
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

/**
 * Whether whoever asks again after this failure gives its place up meanwhile, so that what became of the call is told first:
 * the backend is busy, if only for this caller's key, and others may be answered before that is over.
 */
export const waitsOutside = (failure: AttemptFailure): boolean => Blame.isFull(failure)

/** All candidates of a plan. */
export const make = (options: Options): Candidates => of({ options, remaining: options.plan, panicked: false })

const of = (shared: Shared): Candidates => {
  const state: State = { shared, slot: undefined, held: undefined }
  return {
    free: () => free(state),
    letGo: () => letGo(state),
    first: () => first(state),
    spare: () => spare(state),
    beside: () => of(shared),
    areLeft: () => shared.remaining.length > 0,
    // Whoever leaves while one is chosen must not take its place along: only the wait is interrupted.
    next: () => Effect.uninterruptible(choose(state)),
    again: (ticket, failure, after) =>
      waitsOutside(failure)
        ? Effect.uninterruptible(again(state, ticket, after))
        : Effect.as(Effect.sleep(after), ticket),
    decide: (failure, target, made) => decide(shared, failure, target, made)
  }
}

/** What is known to all who ask in the name of one exchange. */
interface Shared {
  readonly options: Options
  remaining: ReadonlyArray<Target>
  panicked: boolean
}

interface State {
  readonly shared: Shared
  slot: Slots.Slot | undefined
  held: Ticket | undefined
}

const first = (state: State): Ticket | undefined => {
  const [target] = state.shared.remaining
  return target === undefined ? undefined : takeSound(state, target)
}

const takeSound = (state: State, target: Target): Ticket | undefined => {
  const { clock, health, slots } = state.shared.options
  if (!health.isSound(target.backend)) return undefined
  if (left(state.shared, target, clock.now()) <= 0) return undefined
  state.slot = slots.take(target)
  return state.slot === undefined ? undefined : hold(state, target, "usual", state.slot)
}

const spare = (state: State): Ticket | undefined => {
  const { options, remaining } = state.shared
  if (options.slots.isWaitedFor()) return undefined
  for (const target of remaining) {
    const ticket = takeSound(state, target)
    if (ticket !== undefined) return ticket
  }
  return undefined
}

const choose = Effect.fnUntraced(function* (state: State) {
  const { shared } = state
  const { clock, health, slots } = shared.options
  const now = clock.now()
  const inTime = shared.remaining.filter((target) => left(shared, target, now) > 0)
  const busy: Array<Target> = []
  for (const target of inTime) {
    if (health.isOpen(target.backend, now)) continue
    const slot = slots.take(target)
    if (slot === undefined) {
      busy.push(target)
      continue
    }
    state.slot = slot
    const terms = yield* health.admit(target.backend, now)
    if (terms !== undefined) return hold(state, target, terms, slot)
    free(state)
  }
  const soon = busy.filter((target) => isFreeInTime(shared, target, now))
  if (soon.length > 0) return yield* waitFor(state, soon)
  // A refusal without having asked anybody helps nobody: the one that comes back first may have come back.
  if (inTime.length === 0 || shared.panicked) return undefined
  const aside = inTime.filter((target) => isFreeInTime(shared, target, now))
  if (aside.length === 0) return yield* refuse(shared, inTime, now)
  shared.panicked = true
  const returnsAt = ({ backend }: Target) => health.returnsAt(backend, now)
  return yield* waitFor(
    state,
    aside.sort((a, b) => returnsAt(a) - returnsAt(b)),
    "panic"
  )
})

// Whoever asks to be left alone for longer than anybody may wait is waited for in vain.
const isFreeInTime = ({ options: { queue, slots } }: Shared, target: Target, now: number): boolean =>
  slots.fullness(target).heldUntil - now <= Duration.toMillis(queue.timeout)

// All ask to be left alone: what the first of them says next is known already.
const refuse = ({ options: { plan, slots }, remaining }: Shared, targets: ReadonlyArray<Target>, now: number) => {
  if (remaining.length < plan.length) return Effect.succeed(undefined)
  const at = Math.min(...targets.map((target) => slots.fullness(target).heldUntil))
  return Effect.fail(new Overloaded({ retryAfter: Duration.millis(Math.max(leastWait, at - now)) }, unchecked))
}

/** Nobody is told to come back sooner, in ms. */
const leastWait = 1_000

const waitFor = Effect.fnUntraced(function* (state: State, targets: ReadonlyArray<Target>, terms?: Breaker.Permit) {
  const { clock, health, queue, slots } = state.shared.options
  const { candidate, slot } = yield* Effect.interruptible(slots.wait(targets, queue, (taken) => (state.slot = taken)))
  const admitted = terms ?? (yield* health.admit(candidate.backend, clock.now()))
  return hold(state, candidate, admitted ?? "panic", slot)
})

const hold = (state: State, target: Target, terms: Breaker.Permit, call: Slots.Slot): Ticket => {
  const held = { target, permit: { terms, call } }
  const { shared } = state
  shared.remaining = shared.remaining.filter((candidate) => candidate !== target)
  state.held = held
  return held
}

// A call that was refused because its backend is busy waits without a slot, and then its turn.
const again = Effect.fnUntraced(function* (state: State, { permit, target }: Ticket, after: Duration.Duration) {
  const { clock, health, queue, slots } = state.shared.options
  free(state)
  yield* Effect.interruptible(Effect.sleep(after))
  const taking = slots.wait([target], queue, (taken) => (state.slot = taken))
  const taken = yield* Effect.option(Effect.interruptible(taking))
  if (Option.isNone(taken)) return undefined
  // Another call may be the one that asks how it is by now.
  const terms = permit.terms === "probe" ? yield* health.admit(target.backend, clock.now()) : permit.terms
  return hold(state, target, terms ?? "panic", taken.value.slot)
})

const free = (state: State): void => {
  state.slot?.free()
  state.slot = undefined
  state.held = undefined
}

const letGo = (state: State): Health.Report => {
  const { held, shared } = state
  free(state)
  if (held === undefined) return undefined
  const { options } = shared
  return options.health.released(held.target.backend, held.permit, options.clock.now())
}

const decide = Effect.fnUntraced(function* (shared: Shared, failure: AttemptFailure, target: Target, made: Made) {
  const { clock, health, slots } = shared.options
  const now = clock.now()
  const { remaining } = shared
  const { retries, retryAfterMax } = target.backend
  const isSibling = (other: Target) =>
    nameOf(other) === nameOf(target) && !health.isOpen(other.backend, now) && slots.fullness(other).heldUntil <= now
  const verdict = RetryPolicy.verdict(failure, {
    ...made,
    retries,
    retryAfterMax,
    siblingLeft: remaining.some(isSibling),
    remaining: Duration.millis(left(shared, target, now)),
    remainingElsewhere: Duration.millis(Math.max(0, ...remaining.map((other) => left(shared, other, now)))),
    draw: yield* Random.next
  })
  if (verdict._tag === "NextModel") shared.remaining = remaining.filter((other) => nameOf(other) !== nameOf(target))
  if (verdict._tag === "Stop") shared.remaining = []
  return verdict
})

// In ms.
const left = ({ options }: Shared, target: Target, now: number): number =>
  deadlineOf(target, options.startedAt) - tooLittle - now
