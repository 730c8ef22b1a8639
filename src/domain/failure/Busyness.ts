import type { ErrorBody } from "./ErrorBody.js"
import type { UpstreamRejected } from "./AttemptFailure.js"

/** What decides whether a backend was busy. */
export type Rejection = Pick<UpstreamRejected, "status" | "error"> & Partial<Pick<UpstreamRejected, "retryAfter">>

/**
 * Whether a backend refused a call because it has enough to do, so that it says how full it is and not that anything is
 * wrong with it: 429, 529, and 503 that says when to come back, or that it is busy. A quota that is spent is none, nor a
 * request that is larger than its limit.
 */
export const isBusy = ({ error, retryAfter, status }: Rejection): boolean => {
  switch (status) {
    case 429:
      return !isSpent(error) && !isTooLarge(status, error)
    case 529:
      return true
    case 503:
      return retryAfter !== undefined || isWorded(error)
    default:
      return false
  }
}

/** Whether an error says that a quota or a balance is spent, so that waiting does not help. */
export const isSpent = ({ code, type }: ErrorBody): boolean => spent.some((name) => code === name || type === name)

/** Whether a 429 says that this request alone is more than a minute's limit of tokens, so that it never succeeds. */
export const isTooLarge = (status: number, { message }: ErrorBody): boolean =>
  status === 429 && message.slice(0, longest).toLowerCase().includes(tooLarge)

// OpenAI's words: "Request too large for gpt-4o in organization … on tokens per min (TPM): Limit 30000, Requested 50000."
const tooLarge = "request too large for "

const isWorded = ({ code, message, type }: ErrorBody): boolean => {
  const said = `${code} ${type} ${message.slice(0, longest)}`.toLowerCase()
  return words.some((word) => said.includes(word))
}

/** So much of a text is looked at, in characters. */
const longest = 4_000

/** Codes and types of OpenAI, Azure, Moonshot and others for that. */
const spent: ReadonlyArray<string> = [
  "insufficient_quota",
  "billing_not_active",
  "billing_hard_limit_reached",
  "exceeded_current_quota_error",
  "insufficient_balance",
  "insufficient_credits"
]

const words: ReadonlyArray<string> = [
  "overload",
  "busy",
  "capacity",
  "too many",
  "rate limit",
  "rate_limit",
  "slow down",
  "slow_down",
  "throttl",
  "resource_exhausted",
  "queue is full",
  "queue full",
  "no available slot",
  "no slot available",
  "high demand",
  "繁忙",
  "过载"
]
