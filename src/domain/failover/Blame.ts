import * as Busyness from "../failure/Busyness.js"
import * as ContextLength from "../failure/ContextLength.js"
import type { ErrorBody } from "../failure/ErrorBody.js"
import type { AttemptFailure, UpstreamRejected } from "../failure/Failure.js"
import * as InputKind from "../failure/InputKind.js"
import type { RelayEnd } from "../failure/Outcome.js"
import * as RetryPolicy from "./RetryPolicy.js"

/** Whether a failed attempt tells against its backend; what the caller did never does, nor what its own key brought on. */
export const isBackends = (failure: AttemptFailure, isOurKey: boolean): boolean =>
  failure._tag === "UpstreamRejected"
    ? rejects(failure.status, failure.error, isOurKey)
    : failure._tag !== "ResourcesExhausted"

/**
 * Whether a failed attempt tells against the caller: a request that no backend would take, a model that there is not, or
 * its own key. A 404 may as well be a wrong address, unless it speaks of the model.
 */
export const isCallers = (failure: AttemptFailure, isOurKey: boolean): failure is UpstreamRejected =>
  failure._tag === "UpstreamRejected" &&
  !rejects(failure.status, failure.error, isOurKey) &&
  (failure.status !== 404 || speaksOfModel(failure.error) || InputKind.isRefused(failure.status, failure.error))

/** The same for an answer that ended after its beginning was with the caller. */
export const isBackendsEnd = (end: RelayEnd, isOurKey: boolean): boolean => {
  switch (end._tag) {
    case "Completed":
    case "CallerLeft":
    case "CutByDrain":
      return false
    case "UpstreamBroke":
    case "UpstreamStalled":
      return true
    case "UpstreamErrored":
      return rejects(end.status, end.error, isOurKey)
  }
}

/** Whether a failed attempt tells that its backend is full, rather than anything of its health. */
export const isFull = (failure: AttemptFailure): boolean =>
  failure._tag === "UpstreamRejected" && Busyness.isBusy(failure)

/**
 * Whether a failed attempt tells that the operator's key is of no use at present: unknown, unpaid, forbidden or spent. A 403
 * may as well be about the model, or about what was asked, as a firewall's page is: of another caller's request it says
 * nothing, so it has to speak of the key or of whose it is.
 */
export const isKeys = (failure: AttemptFailure): boolean => {
  if (failure._tag !== "UpstreamRejected") return false
  const { error, status } = failure
  switch (status) {
    case 401:
    case 402:
      return true
    case 403:
      return speaksOfKey(error) && !speaksOfModel(error) && !RetryPolicy.isPolicy(error)
    case 429:
      return Busyness.isSpent(error)
    default:
      return false
  }
}

const speaksOfKey = ({ code, message, type }: ErrorBody): boolean => {
  const said = `${code} ${type} ${message}`.toLowerCase()
  return keyWords.some((word) => said.includes(word))
}

const keyWords = ["key", "account", "billing", "organization", "project", "subscription", "suspended", "permission"]

const speaksOfModel = ({ code, message, param }: ErrorBody): boolean => {
  const said = `${code} ${param} ${message}`.toLowerCase()
  return modelWords.some((word) => said.includes(word))
}

const modelWords = ["model", "deployment", "engine"]

const rejects = (status: number, error: ErrorBody, isOurKey: boolean): boolean => {
  if (ContextLength.isExceeded(status, error) || RetryPolicy.isPolicy(error)) return false
  if (InputKind.isRefused(status, error) || Busyness.isTooLarge(status, error)) return false
  switch (status) {
    case 401:
    case 402:
    case 403:
    case 429:
      return isOurKey
    case 408:
      return true
    default:
      return status < 400 || status >= 500
  }
}
