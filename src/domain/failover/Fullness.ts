import * as Duration from "effect/Duration"
import * as BorneLoad from "./BorneLoad.js"

/**
 * What is known of how much a backend takes of one model, from the calls that it refused because it was busy; times in ms
 * since the epoch. It is taken for one of two kinds: one that takes so many calls at once, or one that takes so many in a
 * second. At most one of the two bounds is known.
 */
export interface Fullness {
  /** So many calls it takes at once; Infinity where that is not known. */
  readonly places: number
  /** So many calls it takes in a second, not always a whole number; Infinity where that is not known. */
  readonly pace: number
  /** No call goes to it before this, for it asked for that. */
  readonly heldUntil: number
  /** No call that could go elsewhere goes to it before this: it did not say for how long. */
  readonly guessedUntil: number
  /** Refusals of calls that had nothing beside them, since the last good end. */
  readonly alone: number
  /** How the bound changed last, when, and how many calls had begun by then. */
  readonly last: Change
  readonly changedAt: number
  readonly changedAfter: number
  /** The bound need not be lower than this for what was refused of late: it stood there before it was raised. */
  readonly sure: number
  /** So many times the smallest step it was raised last. */
  readonly step: number
  /** Good ends that no refusal has used up. */
  readonly credit: number
  /** The least load that was refused when the bound was learned. */
  readonly refusedAt: BorneLoad.Load
  /** How many calls had begun by then. */
  readonly refusedAfter: number
  readonly borne: BorneLoad.BorneLoad
  /** Refusals in a row that a backend of the other kind would rather give. */
  readonly doubts: number
  /** Calls since the last refusal that one which takes so many at once would have refused. */
  readonly proofs: number
  /** How often it was taken for the other kind, and then for this one again. */
  readonly returns: number
  /** Refusals of late that neither kind of backend gives. */
  readonly baseless: number
  /** Before this no refusal changes a bound, unless there are many. */
  readonly deafUntil: number
  readonly strikes: number
  /** No bound is raised before this: what the last refusal has cost must not be paid often. */
  readonly calmUntil: number
  /** When a call was last refused or turned away. */
  readonly busyAt: number
}

type Change = "none" | "learned" | "raised" | "lowered"

/** For how long a backend is left alone that does not say for how long. */
export interface Settings {
  /** At most so long. */
  readonly open: Duration.Duration
  /** At most so long where it says it. */
  readonly openMax: Duration.Duration
}

/** A call, as it stood when it began. */
export interface Call {
  /** How many calls had begun by then, itself included. */
  readonly number: number
  /** How many were under way then, itself included. */
  readonly place: number
  /** How many others began within a second up to then and were not refused; Infinity where they are not counted. */
  readonly taken: number
}

/** A call that was refused. */
export interface Refused extends Call {
  /** How many others are under way. */
  readonly others: number
}

/** What is learned is forgotten after so long, in ms, in which nobody was refused or turned away. */
export const quiet = 60_000

/** More calls within a second are not counted. */
export const mostCounted = 500

/** So long, in ms, a raise is looked at before the next one: whoever refuses is quick. */
export const settled = 250

/** So long, in ms, after a bound was learned or lowered it is not raised. */
const rest = 1_000

/** So long, in ms, a raise of a number at once waits at most for the best time. */
const longestSlack = 10_000

/** So long, in ms, a raise of a pace is looked at. */
const paceSettled = 1_500

/** So many good ends pay for one refusal, so many are counted at most, and so many may be owed. */
const price = 40
const mostCredit = 2 * price
const mostOwed = 3 * price

/** A pace is kept a little below what was taken in a second: calls do not travel equally fast. */
const below = 0.95

/** By this part a pace is raised, and lowered. */
const paceStep = 0.05
const paceDrop = 0.9

/** It is lowered faster, and at once by no more than to this part, where less was taken than {@link farBelow} of it. */
const leastOfPace = 0.7
const farBelow = 0.6

/** No call waits for longer than for two seconds for its pace. */
const slowest = 0.5

/** Fewer than this part of what was borne at once are no reason to refuse one more, nor are so few less than that. */
const fewer = { part: 0.8, count: 2 }

/** Up to twice as much as in any other second is taken in one; less than this part of it is no reason to refuse one more. */
const slower = 0.4

/** So many doubts turn a pace into a number at once, the first time, and so often they become twice as many. */
const firstReturn = 4
const mostReturns = 6

/** So many calls are proof enough, or a single one before which no more than so many began within a second. */
const enoughProofs = 3
const fewBegun = 2

/** Of the calls of a second so great a part may have ended without having been heard of yet. */
const unheard = 0.005

/** So many refusals without a reason in the load, and for so long, in ms, none changes a bound. */
const mostBaseless = 2
const deafness = 60_000

/** Unless more than a fifth of the calls is refused for a while. */
const strike = 4
const mostStrikes = 60

/** The time between two refusals that each held the backend is at least so many times as long as it was held. */
const calm = 20

/** A hold so short, in ms, may come twice, to learn what kind of backend it is. */
const shortHold = 2_000

/** How long a backend is left alone that refuses a call which has nothing beside it, the first time, in ms. */
const firstHold = 1_000

/** So many such refusals in a row come from one that takes nothing at all, which says nothing of how much it takes. */
const mostAlone = 3

const noLoad: BorneLoad.Load = { places: Infinity, pace: Infinity }

/** A backend of which nothing is known. */
export const unknown: Fullness = {
  places: Infinity,
  pace: Infinity,
  heldUntil: 0,
  guessedUntil: 0,
  alone: 0,
  last: "none",
  changedAt: 0,
  changedAfter: 0,
  sure: 1,
  step: 1,
  credit: price,
  refusedAt: noLoad,
  refusedAfter: 0,
  borne: BorneLoad.none,
  doubts: 0,
  proofs: 0,
  returns: 0,
  baseless: 0,
  deafUntil: 0,
  strikes: 0,
  calmUntil: 0,
  busyAt: -Infinity
}

/** What the mere passing of time has made of it. */
export const at = (fullness: Fullness, now: number): Fullness =>
  now - fullness.busyAt >= quiet && now >= fullness.heldUntil && now >= fullness.deafUntil ? unknown : fullness

/** So many calls may begin within {@link paceSpan}. */
export const paceCount = (pace: number): number => Math.max(1, Math.ceil(pace))

/** The time in which {@link paceCount} calls may begin, in ms. */
export const paceSpan = (pace: number): number => (1_000 * paceCount(pace)) / pace

/**
 * When the bound may be raised, as far as time alone decides it; Infinity where calls must end well first. A number at once
 * is raised best after `slackAt`, when fewer have begun within a second than when it was learned: what becomes of one more
 * then tells which kind of backend it is.
 */
export const raisesAt = ({ calmUntil, changedAt, credit, last, pace }: Fullness, slackAt: number): number => {
  if (credit < price) return Infinity
  if (last === "raised") return Math.max(calmUntil, changedAt + (pace === Infinity ? settled : paceSettled))
  const rested = Math.max(calmUntil, changedAt + rest)
  return pace === Infinity ? Math.max(rested, Math.min(slackAt, rested + longestSlack)) : rested
}

/**
 * A bound has left no room for a call. It is raised where it may be, by one step and then by more; `standing` is how many
 * calls are under way that cannot be refused any more, and `begun` how many have begun so far.
 */
export const turnedAway = (
  fullness: Fullness,
  standing: () => number,
  slackAt: number,
  begun: number,
  now: number
): Fullness => {
  const { last, pace, places, refusedAt, step } = fullness
  if (now < raisesAt(fullness, slackAt)) {
    // Many may be turned away in one moment: what is told anew once a second costs little.
    return now - fullness.busyAt > 1_000 ? { ...fullness, busyAt: now } : fullness
  }
  const next = last === "raised" ? 2 * step : 1
  const raised = { ...fullness, last: "raised", changedAt: now, changedAfter: begun, step: next, busyAt: now } as const
  if (places === Infinity) return { ...raised, pace: pace * (1 + paceStep), sure: pace }
  // More are under way now than when one more was refused: their number was not the reason.
  return isCounted(refusedAt.pace) && standing() > refusedAt.places
    ? toPace(fullness, refusedAt.pace, begun, now)
    : { ...raised, places: places + next, sure: places }
}

/** A call has ended well; `begun` is how many have begun so far. */
export const completed = (before: Fullness, call: Call, begun: number, now: number): Fullness => {
  const credit = Math.min(mostCredit, before.credit + 1)
  const strikes = Math.max(0, before.strikes - 1)
  const borne = call.number <= before.changedAfter ? before.borne : bearing(before.borne, call, now)
  const isProof = isBesideAsMany(before, call)
  const proofs = isProof ? before.proofs + 1 : before.proofs
  const after = { ...before, alone: 0, credit, strikes, borne, proofs }
  // Where many begin and end another one may just have ended.
  return isProof && (call.taken <= fewBegun || proofs >= enoughProofs)
    ? toPace(after, before.refusedAt.pace, begun, now)
    : after
}

// It was taken beside as many as when another one was refused, and less had begun within a second.
const isBesideAsMany = ({ places, refusedAfter, refusedAt }: Fullness, { number, place, taken }: Call): boolean =>
  number > refusedAfter &&
  places < Infinity &&
  place > refusedAt.places &&
  isCounted(refusedAt.pace) &&
  taken < refusedAt.pace

/** A call was refused; `said` is how long the backend asks to be left alone, `begun` how many calls have begun so far. */
export const refused = (
  fullness: Fullness,
  call: Refused,
  begun: number,
  said: Duration.Duration | undefined,
  now: number,
  settings: Settings
): Fullness => {
  const before = at(fullness, now)
  const isAlone = call.place === 1 && call.others === 0
  const alone = isAlone ? before.alone + 1 : before.alone
  // Who asks for no time at all says nothing.
  const asked = said === undefined ? 0 : Math.min(Duration.toMillis(said), Duration.toMillis(settings.openMax))
  const learned = { ...learn({ ...before, alone }, call, asked > 0, begun, now), busyAt: now }
  if (asked > 0) {
    const pause = learned.last === "learned" && asked <= shortHold ? asked + rest : calm * asked
    return {
      ...learned,
      heldUntil: Math.max(before.heldUntil, now + asked),
      calmUntil: Math.max(before.calmUntil, now + pause)
    }
  }
  if (!isAlone) return learned
  const guess = Math.min(firstHold * (alone > 1 ? 2 : 1), Duration.toMillis(settings.open))
  return { ...learned, guessedUntil: Math.max(before.guessedUntil, now + guess) }
}

const learn = (before: Fullness, call: Refused, holds: boolean, begun: number, now: number): Fullness => {
  // Others may have begun and ended on the way of this call.
  const load = { places: Math.max(call.place - 1, call.others), pace: call.taken }
  if (now < before.deafUntil) {
    if (before.strikes + strike <= mostStrikes) return { ...before, strikes: before.strikes + strike }
    return first({ ...unknown, alone: before.alone }, { ...load, places: call.others }, begun, now)
  }
  // Of many that began together more were refused than this one.
  const least = { places: call.others, pace: call.taken }
  if (before.last === "none") return first(before, least, begun, now)
  const isTold = before.pace < Infinity && before.last !== "raised" && now - before.changedAt < rest
  if (isTold || call.number <= before.changedAfter)
    return alike(before, before.last === "learned" ? least : load, begun, now)
  const charged = { ...before, proofs: 0, credit: Math.max(-mostOwed, before.credit - price) }
  if (before.alone >= mostAlone) return first(charged, { places: 0, pace: 0 }, begun, now)
  const isOfPlaces = isReasonAtOnce(before.borne, load)
  const isOfPace = isReasonASecond(before.borne, load)
  const doubts = isDoubtful(before, load) ? before.doubts + (load.pace === 0 ? 2 : 1) : 0
  if (!isOfPlaces && !isOfPace) return withoutBase(charged, now)
  const isOfRaise = before.last === "raised" && (before.places === Infinity || call.place > before.sure)
  // Some refuse a call now and then; but not for the price of a hold.
  if (before.credit >= price && !isOfRaise && !holds) return charged
  const bottom = isOfRaise ? before.sure : 0
  const lowered = { ...charged, last: "lowered", changedAt: now, changedAfter: begun, sure: bottom, step: 1 } as const
  const patience = 2 ** Math.min(before.returns, mostReturns)
  if (before.places < Infinity) {
    const isDoubted = !isOfPlaces || doubts >= patience
    if (isDoubted && isCounted(load.pace)) return toPace(charged, load.pace, begun, now)
    return { ...lowered, doubts, places: Math.max(1, bottom, Math.min(before.places - 1, load.places)) }
  }
  if (!isOfPace || doubts >= firstReturn * patience) return toPlaces(charged, load.places, begun, now)
  return { ...lowered, doubts, pace: Math.max(slowest, bottom, slowed(before.pace, load.pace)) }
}

const isCounted = (pace: number): boolean => pace >= 1 && pace < Infinity

// One that takes so many at once refuses no call beside fewer, and takes none beside as many as when it refused one.
const isDoubtful = ({ borne, pace, refusedAt }: Fullness, load: BorneLoad.Load): boolean =>
  pace === Infinity
    ? isCounted(load.pace) && load.places < refusedAt.places - load.pace * unheard
    : load.places > 0 && borne.places > 0 && load.places >= borne.places

// What was under way, or was taken within a second, when it was refused.
const first = (fullness: Fullness, load: BorneLoad.Load, begun: number, now: number): Fullness => {
  const common = {
    ...fullness,
    last: "learned",
    changedAt: now,
    changedAfter: begun,
    sure: 1,
    step: 1,
    refusedAt: load,
    refusedAfter: begun,
    borne: BorneLoad.of(load, now)
  } as const
  return load.places === 0 && isCounted(load.pace)
    ? { ...common, places: Infinity, pace: Math.max(slowest, below * load.pace) }
    : { ...common, pace: Infinity, places: Math.max(1, load.places) }
}

const toPace = (fullness: Fullness, taken: number, begun: number, now: number): Fullness => ({
  ...changed(fullness, begun, now),
  borne: { ...fullness.borne, places: 0, before: { ...fullness.borne.before, places: 0 } },
  places: Infinity,
  pace: Math.max(slowest, below * Math.min(taken, Math.max(1, fullness.refusedAt.pace)))
})

const toPlaces = (fullness: Fullness, others: number, begun: number, now: number): Fullness => ({
  ...changed(fullness, begun, now),
  returns: fullness.returns + 1,
  refusedAt: { places: others, pace: fullness.pace },
  refusedAfter: begun,
  places: Math.max(1, others),
  pace: Infinity
})

const changed = (fullness: Fullness, begun: number, now: number): Fullness => ({
  ...fullness,
  last: "lowered",
  changedAt: now,
  changedAfter: begun,
  sure: 0,
  step: 1,
  doubts: 0,
  proofs: 0,
  credit: Math.max(0, fullness.credit)
})

// It began before the last change, so it says no more than what led to that.
const alike = (fullness: Fullness, load: BorneLoad.Load, begun: number, now: number): Fullness => {
  const { last, pace, places, sure } = fullness
  if (last === "raised") return fullness
  if (last === "learned") {
    const least = {
      places: Math.min(fullness.refusedAt.places, load.places),
      pace: Math.min(fullness.refusedAt.pace, load.pace)
    }
    return first({ ...fullness, changedAfter: 0 }, least, fullness.changedAfter, now)
  }
  const credit = Math.max(-mostOwed, fullness.credit - price)
  if (places === Infinity && !isReasonASecond(fullness.borne, load)) {
    return toPlaces({ ...fullness, credit }, load.places, begun, now)
  }
  return places < Infinity
    ? { ...fullness, credit, places: Math.max(1, sure, Math.min(places, load.places)) }
    : { ...fullness, credit, pace: Math.max(slowest, sure, Math.min(pace, below * load.pace)) }
}

const slowed = (pace: number, taken: number): number =>
  taken < farBelow * pace ? Math.max(leastOfPace * pace, below * taken) : paceDrop * pace

const isReasonAtOnce = ({ before, places }: BorneLoad.BorneLoad, load: BorneLoad.Load): boolean => {
  const most = Math.max(places, before.places)
  return load.places > 0 && load.places > Math.min(fewer.part * most, most - fewer.count)
}

const isReasonASecond = ({ before, pace }: BorneLoad.BorneLoad, load: BorneLoad.Load): boolean =>
  load.pace + 1 >= slower * Math.max(pace, before.pace)

const bearing = (borne: BorneLoad.BorneLoad, { place, taken }: Call, now: number): BorneLoad.BorneLoad =>
  BorneLoad.bear(borne, { places: place, pace: taken === Infinity ? 0 : taken + 1 }, now)

// What is refused whatever the load is teaches nothing about how much is too much.
const withoutBase = (fullness: Fullness, now: number): Fullness =>
  fullness.baseless + 1 < mostBaseless
    ? { ...fullness, baseless: fullness.baseless + 1 }
    : { ...unknown, alone: fullness.alone, deafUntil: now + deafness }
