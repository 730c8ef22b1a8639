import * as Duration from "effect/Duration"
import * as ErrorBody from "./ErrorBody.js"
import type { AttemptFailure, UpstreamRejected } from "./Failure.js"

/** What to do after a failed attempt. */
export type Verdict =
  /** Ask the same backend again after a wait. */
  | { readonly _tag: "RetryHere"; readonly after: Duration.Duration }
  /** Ask the next candidate. */
  | { readonly _tag: "NextBackend" }
  /** Ask the next candidate that serves another model: the siblings would fail alike. */
  | { readonly _tag: "NextModel" }
  /** Give up: the failure is the answer. */
  | { readonly _tag: "Stop" }

/** Where the exchange stands when an attempt has failed. */
export interface Situation {
  /** Attempts made in this exchange, this one included. */
  readonly attempts: number
  /** Attempts made in a row on this candidate, this one included. */
  readonly attemptsHere: number
  /** Whether the next candidate serves the same model. */
  readonly siblingLeft: boolean
  /** What is left of this candidate's total time. */
  readonly remaining: Duration.Duration
  /** What is left of the total time of the candidate that has the most of it, among those still to be tried. */
  readonly remainingElsewhere: Duration.Duration
  /** A random number in [0, 1), for the jitter. */
  readonly draw: number
}

/** No exchange makes more attempts than this. */
export const maxAttempts = 6

/** A backend that says "come back in so many seconds" is waited for only up to this. */
export const retryAfterMax = Duration.seconds(5)

/** Decides what follows a failed attempt; total over its failures. */
export const verdict = (failure: AttemptFailure, situation: Situation): Verdict => {
  const wanted = wish(failure, situation)
  if (wanted._tag === "Stop" || situation.attempts >= maxAttempts) return stop
  if (wanted._tag === "RetryHere" && Duration.lessThan(wanted.after, situation.remaining)) return wanted
  if (!Duration.greaterThan(situation.remainingElsewhere, Duration.zero)) return stop
  return wanted._tag === "RetryHere" ? next : wanted
}

const wish = (failure: AttemptFailure, situation: Situation): Verdict => {
  switch (failure._tag) {
    case "ConnectFailed":
      return failure.timedOut ? next : once(situation, Duration.zero)
    // A pooled connection may have been dead before the request was written.
    case "ConnectionLost":
      return once(situation, Duration.zero)
    // Never twice on a silent backend.
    case "HeadersTimedOut":
    case "FirstTokenTimedOut":
    case "TotalTimedOut":
    case "ProtocolBroken":
      return next
    case "UpstreamRejected":
      return afterRejection(failure, situation)
  }
}

const afterRejection = (failure: UpstreamRejected, situation: Situation): Verdict => {
  const { error, retryAfter, status } = failure
  if (error.code === "context_length_exceeded" || (status < 500 && status !== 429 && ErrorBody.isContextLength(error)))
    return { _tag: "NextModel" }
  if (isPolicy(error)) return stop
  switch (status) {
    case 408:
    case 409:
    case 500:
      return once(situation, jittered(situation.draw))
    case 429: {
      const soon = retryAfter !== undefined && Duration.lessThanOrEqualTo(retryAfter, retryAfterMax)
      return soon && !situation.siblingLeft ? once(situation, retryAfter) : next
    }
    case 401:
    case 402:
    case 403:
    case 404:
      return next
    default:
      return status >= 400 && status < 500 ? stop : next
  }
}

const isPolicy = ({ code, type }: ErrorBody.ErrorBody): boolean =>
  /content_filter|content_policy|ResponsibleAIPolicy/i.test(`${code} ${type}`)

const once = (situation: Situation, after: Duration.Duration): Verdict =>
  situation.attemptsHere === 1 ? { _tag: "RetryHere", after } : next

const jittered = (draw: number): Duration.Duration => Duration.millis(100 + 200 * draw)

const next: Verdict = { _tag: "NextBackend" }
const stop: Verdict = { _tag: "Stop" }
