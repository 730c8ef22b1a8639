import * as Duration from "effect/Duration"
import * as BorneLoad from "./BorneLoad.js"

/**
 * What is known of how much a backend takes, from the calls that it refused because it was busy; times in ms since the
 * epoch. Two bounds are learned: how many calls it may have under way, and how many may begin within a second.
 */
export interface Fullness {
  /** So many calls it takes at once; Infinity where that is not known. */
  readonly places: number
  /** So many calls it takes in one {@link paced} span; Infinity where that is not known. */
  readonly pace: number
  /** No call goes to it before this. */
  readonly heldUntil: number
  /** Refusals of calls that had nothing beside them, since the last good end. */
  readonly alone: number
  /** The bound that changed last, how, and how many calls had begun by then. */
  readonly last: Change
  readonly changedAfter: number
  /** What the bound that changed last was before it was raised, so that it need not be lower. */
  readonly sure: number
  /** By how much a bound is raised next, and lowered next: twice as much each time, until it goes the other way. */
  readonly step: number
  readonly drop: number
  /** So many good ends raise a bound. */
  readonly patience: number
  /** Good ends of calls that began since the last change. */
  readonly good: number
  /** The bound that turned away the last call that was turned away, if none has begun since. */
  readonly turnedBy: Bound | undefined
  /** The bound that turned calls away right before the last one began that had to wait for others: it is the tighter one. */
  readonly pressed: Bound | undefined
  /** Good ends that no refusal has used up: so many speak against one. */
  readonly credit: number
  readonly borne: BorneLoad.BorneLoad
  /** Refusals of late at a load that is no reason for one. */
  readonly baseless: number
  /** Before this no refusal tells anything, unless it says for how long. */
  readonly deafUntil: number
  /** No bound is raised before this: what the last refusal has cost must not be paid often. */
  readonly calmUntil: number
  /** When a call was last refused or turned away. */
  readonly busyAt: number
}

/** What keeps a call away from a backend. */
export type Bound = "places" | "pace"

type Change = "none" | "learned" | "raised places" | "lowered places" | "raised pace" | "lowered pace"

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

/** The time that a pace is kept in: a little more than a second, in ms, for calls do not travel equally fast. */
export const paced = 1_050

/** What is learned is forgotten after so long, in ms, in which nobody was refused or turned away. */
export const quiet = 60_000

/** More calls within a second are not counted. */
export const mostCounted = 500

/**
 * So many good ends raise a bound: few at first, when little is known, more with each raise that was refused, so that few
 * calls are refused for having tried, and few again where raise after raise is right.
 */
const ends = { least: 4, further: 8, most: 40 }

/** A raise by so many has followed others that were right. */
const longWay = 4

/** So many good ends make up for one refusal that no raise has brought about, and so many are counted at most. */
const price = 40
const mostCredit = 3 * price

/** So many refusals without a reason in the load, and for so long, in ms, none is heeded. */
const mostBaseless = 2
const deafness = 60_000

/** The time between two refusals that each held the backend is at least so many times as long as it was held. */
const calm = 12

/** How long a backend is left alone that refuses a call which has nothing beside it, the first time, in ms. */
const firstHold = 1_000

/**
 * It is left alone for at most twice as long: whoever waits behind it would have its words at once without a gateway, and
 * clients give up.
 */
const mostDoublings = 1

/** A backend of which nothing is known. */
export const unknown: Fullness = {
  places: Infinity,
  pace: Infinity,
  heldUntil: 0,
  alone: 0,
  last: "none",
  changedAfter: 0,
  sure: 1,
  step: 1,
  drop: 1,
  patience: ends.least,
  good: 0,
  turnedBy: undefined,
  pressed: undefined,
  credit: 0,
  borne: BorneLoad.none,
  baseless: 0,
  deafUntil: 0,
  calmUntil: 0,
  busyAt: -Infinity
}

/** What the mere passing of time has made of it. */
export const at = (fullness: Fullness, now: number): Fullness =>
  now - fullness.busyAt >= quiet && now >= fullness.heldUntil ? unknown : fullness

/** A call found no room, by this bound or because the backend is held. */
export const turnedAway = (fullness: Fullness, by: Bound | "hold", now: number): Fullness => {
  const turnedBy = by === "hold" ? undefined : by
  // Many may be turned away in one moment: what is told anew once a second costs little.
  const isNews = turnedBy !== fullness.turnedBy || now - fullness.busyAt > 1_000
  return isNews ? { ...fullness, turnedBy, busyAt: now } : fullness
}

/** A call begins. */
export const begun = (fullness: Fullness): Fullness =>
  fullness.turnedBy === undefined ? fullness : { ...fullness, turnedBy: undefined, pressed: fullness.turnedBy }

/** A call has ended well; `begun` is how many have begun so far. */
export const completed = (before: Fullness, call: Call, begun: number, now: number): Fullness => {
  const credit = Math.min(mostCredit, before.credit + 1)
  if (call.number <= before.changedAfter) return { ...before, alone: 0, credit }
  const fullness = bearing(before, call, now)
  const { good, pressed } = fullness
  const counted = { ...fullness, credit, good: good + 1, alone: 0, drop: good + 1 >= ends.further ? 1 : fullness.drop }
  if (pressed === undefined || now < fullness.calmUntil) return counted
  const isFurther = fullness.last === (pressed === "places" ? "raised places" : "raised pace")
  if (good + 1 < (isFurther ? Math.min(ends.further, counted.patience) : counted.patience)) return counted
  return raised(counted, pressed, isFurther ? 2 * fullness.step : 1, begun)
}

/** A call was refused; `asked` is how long the backend asks to be left alone, `begun` how many calls have begun so far. */
export const refused = (
  fullness: Fullness,
  call: Refused,
  begun: number,
  asked: Duration.Duration | undefined,
  now: number,
  settings: Settings
): Fullness => {
  const before = at(fullness, now)
  // Some refuse a call now and then, however much room they have.
  if (asked === undefined) {
    if (now < before.deafUntil) return { ...before, busyAt: now }
    if (BorneLoad.isLight(before.borne, { places: call.place, pace: call.taken + 1 })) return withoutBase(before, now)
    if (before.credit >= price && !isOfRaise(before, call))
      return { ...before, credit: before.credit - price, busyAt: now }
  }
  const alone = isAlone(call) ? before.alone + 1 : before.alone
  const hold = holdOf(call, alone, asked, settings)
  const learned = call.number <= before.changedAfter ? alike(before, call) : lowered(before, call, begun)
  return {
    ...learned,
    alone,
    heldUntil: Math.max(before.heldUntil, now + hold),
    calmUntil: Math.max(before.calmUntil, now + calm * hold),
    busyAt: now
  }
}

const isOfRaise = ({ last, sure }: Fullness, { place }: Call): boolean =>
  last === "raised pace" || (last === "raised places" && place >= sure)

const bearing = (fullness: Fullness, { place, taken }: Call, now: number): Fullness => {
  const borne = BorneLoad.bear(fullness.borne, { places: place, pace: taken === Infinity ? 0 : taken + 1 }, now)
  if (borne === fullness.borne) return fullness
  return BorneLoad.isOver(fullness.borne, now) ? { ...fullness, borne, baseless: 0 } : { ...fullness, borne }
}

// What is refused whatever the load is teaches nothing about how much is too much.
const withoutBase = (fullness: Fullness, now: number): Fullness =>
  fullness.baseless + 1 < mostBaseless
    ? { ...fullness, baseless: fullness.baseless + 1, busyAt: now }
    : { ...unknown, borne: { ...fullness.borne, before: BorneLoad.none }, deafUntil: now + deafness, busyAt: now }

const raised = (fullness: Fullness, bound: Bound, step: number, begun: number): Fullness => ({
  ...fullness,
  [bound]: fullness[bound] + step,
  last: bound === "places" ? "raised places" : "raised pace",
  changedAfter: begun,
  sure: fullness[bound],
  step,
  patience: step >= longWay ? ends.least : fullness.patience,
  good: 0,
  pressed: undefined
})

const lowered = (fullness: Fullness, call: Refused, begun: number): Fullness => {
  const { drop, last, pace, patience, places, sure } = fullness
  const common = { changedAfter: begun, step: 1, good: 0, pressed: undefined }
  if (places === Infinity && !isAlone(call)) {
    return { ...fullness, ...common, last: "learned", places: Math.max(1, call.others), sure: 1 }
  }
  // What was just raised is to blame, and need not be lower than before.
  if (last === "raised places" && call.place >= sure) {
    const lower = Math.max(sure, Math.min(places - 1, call.others))
    const tried = { ...fullness, ...common, last: "lowered places" as const, places: lower }
    // Or they began too soon one after the other, which is found out once.
    return pace === Infinity && call.taken < Infinity
      ? { ...tried, pace: Math.max(leastPace(call), call.taken), patience: ends.least }
      : { ...tried, patience: longer(patience) }
  }
  if (last === "raised pace") {
    const slower = Math.max(sure, Math.min(pace - 1, call.taken))
    const least = Math.max(leastPace(call), Math.floor(sure * nearly))
    return { ...fullness, ...common, last: "lowered pace", pace: slower, sure: least, patience: longer(patience) }
  }
  if (toBlame(fullness, call) === "places") {
    const lower = Math.max(1, Math.min(places - drop, call.others))
    return { ...fullness, ...common, last: "lowered places", places: lower, drop: 2 * drop, sure: lower }
  }
  // Whoever takes nothing at all has no pace, but is asked by one call at a time.
  if (call.taken === 0) return { ...fullness, ...common, last: "lowered pace", places: call.place, sure: 1 }
  const least = Math.max(leastPace(call), pace === Infinity ? 0 : Math.floor(pace / 2))
  const slower = Math.max(least, Math.min(pace - 1, call.taken))
  return { ...fullness, ...common, last: "lowered pace", pace: slower, sure: least }
}

const isAlone = ({ others, place }: Refused): boolean => place === 1 && others === 0

// Half as many as are under way can begin within a second, or the calls are so long that places bound them well.
const leastPace = ({ place }: Refused): number => Math.max(1, Math.floor(place / 2))

/** What was sure before a raise is not lower than this part of it. */
const nearly = 0.8

const longer = (patience: number): number => Math.min(ends.most, 4 * patience)

// It began before the last change, so it says no more than what led to that.
const alike = (fullness: Fullness, call: Refused): Fullness => {
  const { last, pace, places, sure } = fullness
  switch (last) {
    case "learned":
    case "lowered places":
      return { ...fullness, places: Math.min(places, Math.max(sure, call.others)) }
    case "lowered pace":
      return { ...fullness, pace: Math.min(pace, Math.max(sure, call.taken)) }
    default:
      return fullness
  }
}

// A bound is to blame that the call has reached, where it has not reached the other. Where it has reached both, or neither,
// each is lowered in its turn.
const toBlame = ({ last, pace, places }: Fullness, call: Refused): Bound => {
  if (isAlone(call)) return "pace"
  if (call.taken === Infinity) return "places"
  if (pace === Infinity && call.place < places) return "pace"
  if (call.taken + 1 < pace && pace < Infinity && call.place >= places) return "places"
  return last === "lowered pace" ? "places" : "pace"
}

const holdOf = (
  call: Refused,
  alone: number,
  asked: Duration.Duration | undefined,
  { open, openMax }: Settings
): number => {
  // Who asks for no time at all says nothing.
  const time = asked === undefined ? 0 : Duration.toMillis(asked)
  if (time > 0) return Math.min(time, Duration.toMillis(openMax))
  return isAlone(call) ? Math.min(firstHold * 2 ** Math.min(alone - 1, mostDoublings), Duration.toMillis(open)) : 0
}
