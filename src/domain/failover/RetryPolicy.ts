import * as Duration from "effect/Duration"
import * as ContextLength from "../failure/ContextLength.js"
import type { ErrorBody } from "../failure/ErrorBody.js"
import type { AttemptFailure, UpstreamRejected } from "../failure/Failure.js"
import * as InputKind from "../failure/InputKind.js"

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
  /** How often a candidate may be asked again. */
  readonly retries: number
  /** A backend that says "come back in so many seconds" is waited for only up to this. */
  readonly retryAfterMax: Duration.Duration
  /** Whether another candidate that can be asked serves the same model. */
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

/** Decides what follows a failed attempt; total over its failures. */
export const verdict = (failure: AttemptFailure, situation: Situation): Verdict => {
  const wanted = wish(failure, situation)
  if (wanted._tag === "Stop" || situation.attempts >= maxAttempts) return stop
  if (wanted._tag === "RetryHere" && Duration.lessThan(wanted.after, situation.remaining)) return wanted
  if (isLast(situation)) return stop
  return wanted._tag === "RetryHere" ? next : wanted
}

const wish = (failure: AttemptFailure, situation: Situation): Verdict => {
  switch (failure._tag) {
    // Where nobody else is left, it may be about to come back.
    case "ConnectFailed":
      return failure.timedOut ? next : again(situation, isLast(situation) ? backoff(situation) : Duration.zero)
    // Whoever else is asked may have a connection that is open already, but not when none can be made at all.
    case "ResourcesExhausted":
      return failure.everywhere ? stop : next
    // A pooled connection may have been dead before the request was written.
    case "ConnectionLost":
      return again(situation, Duration.zero)
    // Never twice on a silent backend.
    case "HeadersTimedOut":
    case "FirstTokenTimedOut":
    case "TotalTimedOut":
      return next
    case "ProtocolBroken":
      return failure.isPaid === true ? stop : next
    case "UpstreamRejected":
      return afterRejection(failure, situation)
  }
}

const afterRejection = (failure: UpstreamRejected, situation: Situation): Verdict => {
  const { error, retryAfter, status } = failure
  if (ContextLength.isExceeded(status, error)) return { _tag: "NextModel" }
  if (isPolicy(error)) return stop
  // Another model, or the same one started otherwise, may take it.
  if (InputKind.isRefused(status, error)) return next
  switch (status) {
    case 408:
    case 409:
    case 500:
      return again(situation, backoff(situation))
    case 429: {
      const soon = retryAfter !== undefined && Duration.lessThanOrEqualTo(retryAfter, situation.retryAfterMax)
      return soon && !situation.siblingLeft ? again(situation, retryAfter) : next
    }
    case 401:
    case 402:
    case 403:
    case 404:
      return next
    default:
      return status >= 400 && status < 500 ? stop : afterOutage(failure, situation)
  }
}

// With nothing else to ask, a backend that has refused quickly may have recovered.
const afterOutage = ({ retryAfter }: UpstreamRejected, situation: Situation): Verdict => {
  if (!isLast(situation)) return next
  if (retryAfter === undefined) return again(situation, backoff(situation))
  return Duration.greaterThan(retryAfter, situation.retryAfterMax) ? stop : again(situation, retryAfter)
}

/** Whether a backend refused the request for what it says. */
export const isPolicy = ({ code, type }: ErrorBody): boolean =>
  /content_filter|content_policy|ResponsibleAIPolicy|data_?inspection/i.test(`${code} ${type}`)

const isLast = ({ remainingElsewhere }: Situation): boolean => !Duration.greaterThan(remainingElsewhere, Duration.zero)

const again = (situation: Situation, after: Duration.Duration): Verdict =>
  situation.attemptsHere <= situation.retries ? { _tag: "RetryHere", after } : next

// Twice as long each time, and at random within a range, so that callers who failed together do not come back together.
const backoff = ({ attemptsHere, draw }: Situation): Duration.Duration =>
  Duration.millis((100 + 200 * draw) * 2 ** (attemptsHere - 1))

const next: Verdict = { _tag: "NextBackend" }
const stop: Verdict = { _tag: "Stop" }
