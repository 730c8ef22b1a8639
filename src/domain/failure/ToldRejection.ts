import * as ContextLength from "./ContextLength.js"
import * as ErrorBody from "./ErrorBody.js"
import type { UpstreamRejected } from "./AttemptFailure.js"
import * as InputKind from "./InputKind.js"
import * as PrivateAddress from "./PrivateAddress.js"

/** What a caller is told of a call to a backend that failed. */
export interface Told {
  readonly status: number
  readonly error: ErrorBody.ErrorBody
}

/** What a caller is told of a rejection: the backend's class and words, but for what may tell of more than this request. */
export const of = (failure: UpstreamRejected): Told => {
  const { error, isForeign = false, retryAfter, status } = failure
  const isOurs = status >= 400 && status < 500
  // Whatever status it chose: the caller can mend it.
  if (ContextLength.isExceeded(status, error)) return { status: isOurs ? status : 400, error: named(status, error) }
  if (InputKind.isRefused(status, error))
    return { status: isOurs && status !== 404 ? status : 400, error: asRequests(failure) }
  if (isOurs) return { status, error: named(status, error) }
  // What is no JSON may be a proxy's, and tell of it.
  if (isForeign || status < 400) {
    if (timeouts.includes(status)) return timedOut
    // Who says when to come back has not failed, but is loading its model, or full.
    return busy.includes(status) && retryAfter !== undefined ? overloaded : failed
  }
  return { status: classOf(status), error: PrivateAddress.hiddenIn(named(status, error)) }
}

// What clients choose their own classes of errors by.
const classOf = (status: number): number => {
  if (timeouts.includes(status)) return 504
  if (busy.includes(status)) return 503
  return kept.includes(status) ? status : 502
}

const kept: ReadonlyArray<number> = [500, 501]

// Some servers call it their own error.
const asRequests = ({ error, status }: UpstreamRejected): ErrorBody.ErrorBody =>
  status < 500
    ? error
    : { ...error, type: "invalid_request_error", code: error.code === String(status) ? null : error.code }

/** A backend's error under the code that clients know it by where it says that the prompt is too long. */
export const named = (status: number, error: ErrorBody.ErrorBody): ErrorBody.ErrorBody => {
  if (ContextLength.isExceeded(status, error)) return { ...error, code: ContextLength.code }
  const { code, type } = error
  if (!ContextLength.isName(code) && !ContextLength.isName(type)) return error
  // What comes too fast is not too long: an agent would throw its history away for nothing.
  return {
    ...error,
    code: ContextLength.isName(code) ? "rate_limit_exceeded" : code,
    type: ContextLength.isName(type) ? "rate_limit_error" : type
  }
}

// The last two are Cloudflare's.
const timeouts: ReadonlyArray<number> = [504, 522, 524]

// The second one is Anthropic's.
const busy: ReadonlyArray<number> = [503, 529]

const overloaded: Told = {
  status: 503,
  error: ErrorBody.ofServer("The model provider has no capacity at the moment.", ErrorBody.noCapacity)
}
/** What is told where no answer came in time. */
export const timedOut: Told = {
  status: 504,
  error: ErrorBody.ofServer("The model provider did not answer in time.", "upstream_timeout")
}

const failed: Told = { status: 502, error: ErrorBody.ofServer("The model provider failed.", "upstream_error") }
