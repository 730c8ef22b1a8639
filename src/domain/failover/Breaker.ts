import * as Data from "effect/Data"
import * as Duration from "effect/Duration"

/** When a backend is set aside, for how long, and how it comes back. */
export interface Settings {
  /** So many failures in a row open the breaker, where they are the greater part of the calls that ended or are under way. */
  readonly failures: number
  /** So large a share of failures among at least {@link minCalls} calls within {@link Settings.window} opens it. */
  readonly failureRate: number
  readonly window: Duration.Duration
  /** How long it stays open the first time; twice as long each further time, unless it fails at once. */
  readonly open: Duration.Duration
  /** It never stays open for longer than this, whatever the backend asks for. */
  readonly openMax: Duration.Duration
  /** How long the backend's share grows back to the whole after a good probe. */
  readonly ramp: Duration.Duration
  /** A backend that asks to be left alone for longer than this is, at once. */
  readonly patience: Duration.Duration
}

/** What is thought of a backend; times in ms since the epoch. */
export type Breaker = Data.TaggedEnum<{
  /** Every call goes through. */
  Closed: Counted
  /** No call goes through. */
  Open: SetAside & { readonly until: number }
  /** One call goes through, to see. */
  HalfOpen: SetAside & { readonly probing: boolean }
  /** A growing share of the calls goes through. */
  Ramp: Counted & { readonly since: number; readonly openings: number }
}>
export const Breaker = Data.taggedEnum<Breaker>()

/** How the calls ended that went through on the usual terms. */
interface Counted {
  /** So many of the last ones failed. */
  readonly row: number
  readonly current: Tally
  readonly previous: Tally
}

interface SetAside {
  /** How often it was set aside, with no ramp in between that held. */
  readonly openings: number
  /** How the calls ended that went through all the same. */
  readonly asked: Tally
}

interface Tally {
  readonly since: number
  readonly calls: number
  readonly failures: number
}

/** On what terms a call was let through; what becomes of it is told with the same word. */
export type Permit = "usual" | "probe" | "panic"

/** What a call has to say beside how it ended. */
export interface Call {
  /** When it began. */
  readonly began: number
  /** How many other calls are under way that began between two times; nobody wants to know how many more than `most`. */
  readonly beside: (from: number, to: number, most: number) => number
  /** Whether it failed in a way in which the next ones would fail, too; default: nobody knows. */
  readonly isSure?: boolean
}

/** A share of failures says nothing among fewer calls than this. */
export const minCalls = 20

/** The smallest share that goes through at the beginning of a ramp. */
const firstShare = 0.1

/** Calls that begin within so many ms began together: one of them has failed too soon to speak for the others. */
const together = 1_000

/** Who fails within so many ms costs a caller next to nothing, and may be asked again as soon as the first time. */
const quick = 1_000

/** What fails less often than this share of `failure_rate` has got well. */
const wellBelow = 0.5

const noCalls = (since: number): Tally => ({ since, calls: 0, failures: 0 })

const noneAsked = noCalls(0)

/** The breaker of a backend of which nothing is known. */
export const closed: Breaker = Breaker.Closed({ row: 0, current: noCalls(0), previous: noCalls(0) })

/** What the mere passing of time has made of a breaker. */
export const at = (breaker: Breaker, now: number, settings: Settings): Breaker => {
  if (breaker._tag === "Open" && now >= breaker.until) {
    return Breaker.HalfOpen({ probing: false, openings: breaker.openings, asked: breaker.asked })
  }
  if (breaker._tag !== "Ramp" || now - breaker.since < Duration.toMillis(settings.ramp)) return breaker
  return Breaker.Closed({ row: breaker.row, current: breaker.current, previous: breaker.previous })
}

/**
 * Whether a call may go through now, and on what terms; within a ramp `draw` in [0, 1) decides. One call at a time is not
 * too much for a backend that has failed none since its outage and has nothing else to do (`isIdle`).
 */
export const admit = (
  breaker: Breaker,
  now: number,
  draw: number,
  settings: Settings,
  isIdle = false
): readonly [Breaker, Permit | undefined] => {
  const present = at(breaker, now, settings)
  switch (present._tag) {
    case "Closed":
      return [present, "usual"]
    case "Open":
      return [present, undefined]
    case "HalfOpen":
      return present.probing ? [present, undefined] : [Breaker.HalfOpen({ ...present, probing: true }), "probe"]
    case "Ramp": {
      const share = Math.max(firstShare, (now - present.since) / Duration.toMillis(settings.ramp))
      const isWell = present.openings === 1 && present.current.failures + present.previous.failures === 0
      return [present, (isIdle && isWell) || draw < share ? "usual" : undefined]
    }
  }
}

/** The backend has begun to answer a call: it lives. */
export const answered = (breaker: Breaker, permit: Permit, now: number, settings: Settings): Breaker => {
  const present = at(breaker, now, settings)
  const proves = permit === "probe" && isAside(present)
  return proves ? ramp(present, now) : present
}

/** A call that `began` then has ended well. */
export const completed = (
  breaker: Breaker,
  permit: Permit,
  now: number,
  settings: Settings,
  began: number = now
): Breaker => {
  const present = answered(breaker, permit, now, settings)
  if (isAside(present)) return permit === "panic" ? ask(present, now, settings, 0) : present
  return counts(present, permit, began) ? count(present, now, settings, 0) : present
}

/** A call has failed by the backend's fault; `retryAfter` is how long it asks to be left alone. */
export const failed = (
  breaker: Breaker,
  permit: Permit,
  now: number,
  retryAfter: Duration.Duration | undefined,
  settings: Settings,
  call: Call = { began: now, beside: nobody }
): Breaker => {
  const present = at(breaker, now, settings)
  const asked = retryAfter !== undefined && Duration.greaterThan(retryAfter, settings.patience)
  switch (present._tag) {
    case "Open":
      if (retryAfter !== undefined) return later(present, now, retryAfter, settings)
      return permit === "panic" ? ask(present, now, settings, 1) : present
    case "HalfOpen":
      if (permit === "probe" || asked) {
        // One that seemed well between times is no outage: to ask it as soon again would send a ramp's callers to it each time.
        const isOutage = present.openings === 1 && now - call.began < quick
        return opened(isOutage ? 1 : present.openings + 1, now, retryAfter, settings)
      }
      return permit === "panic" ? ask(present, now, settings, 1) : present
    case "Ramp":
    case "Closed": {
      if (!counts(present, permit, call.began)) return present
      const counted = count(present, now, settings, 1)
      return asked || call.isSure === true || isTooMuch(counted, now, settings, call)
        ? opened(openingsAfter(present, now, settings), now, retryAfter, settings)
        : counted
    }
  }
}

/** A call has ended without telling anything of the backend, as when its caller left. */
export const released = (breaker: Breaker, permit: Permit, now: number, settings: Settings): Breaker => {
  const present = at(breaker, now, settings)
  return permit === "probe" && present._tag === "HalfOpen" ? Breaker.HalfOpen({ ...present, probing: false }) : present
}

type Of<Tag extends Breaker["_tag"]> = Data.TaggedEnum.Value<Breaker, Tag>

const nobody = () => 0

const isAside = (breaker: Breaker): breaker is Of<"Open" | "HalfOpen"> =>
  breaker._tag === "Open" || breaker._tag === "HalfOpen"

const ramp = ({ openings }: SetAside, now: number): Breaker =>
  Breaker.Ramp({ since: now, openings, row: 0, current: noCalls(now), previous: noCalls(now) })

// One such call after the other is counted, up to as many as say something; a few good ones among failures say nothing.
const ask = (breaker: Of<"Open" | "HalfOpen">, now: number, settings: Settings, failures: 0 | 1): Breaker => {
  const calls = breaker.asked.calls + 1
  const failed = breaker.asked.failures + failures
  if (calls < minCalls) return { ...breaker, asked: { since: 0, calls, failures: failed } }
  return failed < wellBelow * settings.failureRate * calls ? ramp(breaker, now) : { ...breaker, asked: noneAsked }
}

// A ramp is judged by what began within it: neither by what is left from before, nor by what was asked all the same.
const counts = (breaker: Of<"Closed" | "Ramp">, permit: Permit, began: number): boolean =>
  breaker._tag === "Closed" || permit === "probe" || (permit === "usual" && began >= breaker.since)

const openingsAfter = (breaker: Of<"Closed" | "Ramp">, now: number, settings: Settings): number =>
  breaker._tag === "Closed" || now - breaker.since >= Duration.toMillis(settings.ramp) / 2 ? 1 : breaker.openings + 1

const opened = (
  openings: number,
  now: number,
  retryAfter: Duration.Duration | undefined,
  { open, openMax }: Settings
): Breaker => {
  const grown = Duration.toMillis(open) * 2 ** Math.min(openings - 1, 30)
  const asked = retryAfter === undefined ? 0 : Duration.toMillis(retryAfter)
  const until = now + Math.min(Duration.toMillis(openMax), Math.max(grown, asked))
  return Breaker.Open({ until, openings, asked: noneAsked })
}

// What is asked and what is known already: the later of both.
const later = (breaker: Of<"Open">, now: number, retryAfter: Duration.Duration, { openMax }: Settings): Breaker => {
  const asked = now + Math.min(Duration.toMillis(openMax), Duration.toMillis(retryAfter))
  return asked > breaker.until ? { ...breaker, until: asked } : breaker
}

// Two halves stand for a window that slides.
const count = <A extends Counted>(breaker: A, now: number, { window }: Settings, failures: 0 | 1): A => {
  const half = Duration.toMillis(window) / 2
  const age = now - breaker.current.since
  const previous = age < half ? breaker.previous : age < 2 * half ? breaker.current : noCalls(0)
  const current = age < half ? breaker.current : noCalls(now)
  return {
    ...breaker,
    row: failures === 0 ? 0 : breaker.row + 1,
    previous,
    current: { since: current.since, calls: current.calls + 1, failures: current.failures + failures }
  }
}

const isTooMuch = ({ current, previous, row }: Counted, now: number, settings: Settings, call: Call): boolean => {
  const calls = current.calls + previous.calls
  const failures = current.failures + previous.failures
  const { failureRate } = settings
  const isRow = row >= settings.failures && isGreaterPart(row, row, now, settings, call)
  if (isRow) return true
  return calls >= minCalls && failures >= failureRate * calls && isGreaterPart(failures, calls, now, settings, call)
}

// Those that end first are not like the others: failures are often quick. So what is under way speaks for the backend,
// unless it began after the one that failed, and has not had as long to fail.
const isGreaterPart = (failures: number, ended: number, now: number, settings: Settings, { began, beside }: Call) => {
  const part = Math.min(greaterPart, settings.failureRate)
  const most = failures / part - ended
  return beside(now - Duration.toMillis(settings.window), began + together, most) <= most
}

const greaterPart = 0.5
