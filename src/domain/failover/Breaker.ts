import * as Data from "effect/Data"
import * as Duration from "effect/Duration"

/** When a backend is set aside, for how long, and how it comes back. */
export interface Settings {
  /** So many failures in a row open the breaker. */
  readonly failures: number
  /** So large a share of failures among at least {@link minCalls} calls within {@link Settings.window} opens it. */
  readonly failureRate: number
  readonly window: Duration.Duration
  /** How long it stays open the first time; twice as long each further time. */
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
  Closed: { readonly row: number; readonly current: Tally; readonly previous: Tally }
  /** No call goes through. */
  Open: { readonly until: number; readonly openings: number }
  /** One call goes through, to see. */
  HalfOpen: { readonly probing: boolean; readonly openings: number }
  /** A growing share of the calls goes through. */
  Ramp: { readonly since: number; readonly openings: number }
}>
export const Breaker = Data.taggedEnum<Breaker>()

interface Tally {
  readonly since: number
  readonly calls: number
  readonly failures: number
}

/** On what terms a call was let through; what becomes of it is told with the same word. */
export type Permit = "usual" | "probe" | "panic"

/** A share of failures says nothing among fewer calls than this. */
export const minCalls = 20

/** The smallest share that goes through at the beginning of a ramp. */
const firstShare = 0.1

const noCalls = (since: number): Tally => ({ since, calls: 0, failures: 0 })

/** The breaker of a backend of which nothing is known. */
export const closed: Breaker = Breaker.Closed({ row: 0, current: noCalls(0), previous: noCalls(0) })

/** What the mere passing of time has made of a breaker. */
export const at = (breaker: Breaker, now: number, settings: Settings): Breaker => {
  if (breaker._tag === "Open" && now >= breaker.until) {
    return Breaker.HalfOpen({ probing: false, openings: breaker.openings })
  }
  return breaker._tag === "Ramp" && now - breaker.since >= Duration.toMillis(settings.ramp) ? closed : breaker
}

/** Whether a call may go through now, and on what terms; `draw` in [0, 1) decides within a ramp. */
export const admit = (
  breaker: Breaker,
  now: number,
  draw: number,
  settings: Settings
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
      return [present, draw < share ? "usual" : undefined]
    }
  }
}

/** The backend has begun to answer a call: it lives. */
export const answered = (breaker: Breaker, permit: Permit, now: number, settings: Settings): Breaker => {
  const present = at(breaker, now, settings)
  if (permit === "usual" || present._tag === "Closed" || present._tag === "Ramp") return present
  return Breaker.Ramp({ since: now, openings: present.openings })
}

/** A call has ended well. */
export const completed = (breaker: Breaker, permit: Permit, now: number, settings: Settings): Breaker => {
  const present = answered(breaker, permit, now, settings)
  return present._tag === "Closed" ? count(present, now, settings, 0) : present
}

/** A call has failed by the backend's fault; `retryAfter` is how long it asks to be left alone. */
export const failed = (
  breaker: Breaker,
  permit: Permit,
  now: number,
  retryAfter: Duration.Duration | undefined,
  settings: Settings
): Breaker => {
  const present = at(breaker, now, settings)
  const asked = retryAfter !== undefined && Duration.greaterThan(retryAfter, settings.patience)
  switch (present._tag) {
    case "Open":
      return present
    case "HalfOpen":
      return permit === "probe" || asked ? opened(present.openings + 1, now, retryAfter, settings) : present
    case "Ramp":
      return opened(present.openings + 1, now, retryAfter, settings)
    case "Closed": {
      const counted = count(present, now, settings, 1)
      return asked || isTooMuch(counted, settings) ? opened(1, now, retryAfter, settings) : counted
    }
  }
}

/** A call has ended without telling anything of the backend, as when its caller left. */
export const released = (breaker: Breaker, permit: Permit, now: number, settings: Settings): Breaker => {
  const present = at(breaker, now, settings)
  return permit === "probe" && present._tag === "HalfOpen" ? Breaker.HalfOpen({ ...present, probing: false }) : present
}

const opened = (
  openings: number,
  now: number,
  retryAfter: Duration.Duration | undefined,
  { open, openMax }: Settings
): Breaker => {
  const grown = Duration.toMillis(open) * 2 ** Math.min(openings - 1, 30)
  const asked = retryAfter === undefined ? 0 : Duration.toMillis(retryAfter)
  return Breaker.Open({ until: now + Math.min(Duration.toMillis(openMax), Math.max(grown, asked)), openings })
}

type Closed = Data.TaggedEnum.Value<Breaker, "Closed">

// Two halves stand for a window that slides.
const count = (breaker: Closed, now: number, { window }: Settings, failures: 0 | 1): Closed => {
  const half = Duration.toMillis(window) / 2
  const age = now - breaker.current.since
  const previous = age < half ? breaker.previous : age < 2 * half ? breaker.current : noCalls(0)
  const current = age < half ? breaker.current : noCalls(now)
  return Breaker.Closed({
    row: failures === 0 ? 0 : breaker.row + 1,
    previous,
    current: { since: current.since, calls: current.calls + 1, failures: current.failures + failures }
  })
}

const isTooMuch = ({ current, previous, row }: Closed, settings: Settings): boolean => {
  const calls = current.calls + previous.calls
  const failures = current.failures + previous.failures
  return row >= settings.failures || (calls >= minCalls && failures >= settings.failureRate * calls)
}
