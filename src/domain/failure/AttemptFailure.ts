import * as Data from "effect/Data"
import * as Duration from "effect/Duration"
import type { ErrorBody } from "./ErrorBody.js"
import { reasonOf } from "./Reason.js"

// Attempts: never shown to the caller as they are; they drive the verdict.

/**
 * No connection to the backend was made, so it has not seen the request.
 *
 * @category failures
 * @since 0.1.0
 */
export class ConnectFailed extends Data.TaggedError("ConnectFailed")<{
  /** Whether `timeouts.connect` passed, rather than the connection being refused. */
  readonly timedOut: boolean
  readonly cause: unknown
}> {
  override get message() {
    return `connection not made: ${reasonOf(this.cause)}`
  }
}

/**
 * The connection broke before the head of the answer.
 *
 * @category failures
 * @since 0.1.0
 */
export class ConnectionLost extends Data.TaggedError("ConnectionLost")<{
  readonly requestSent: boolean
  readonly cause: unknown
}> {
  override get message() {
    return `connection lost before the answer: ${reasonOf(this.cause)}`
  }
}

/**
 * The head of a streamed answer did not come within `timeouts.headers`.
 *
 * @category failures
 * @since 0.1.0
 */
export class HeadersTimedOut extends Data.TaggedError("HeadersTimedOut")<{ readonly after: Duration.Duration }> {
  override get message() {
    return `no response head within ${Duration.format(this.after)}`
  }
}

/**
 * No content came within `timeouts.first_token`, or the stream fell silent for `timeouts.idle` before any.
 *
 * @category failures
 * @since 0.1.0
 */
export class FirstTokenTimedOut extends Data.TaggedError("FirstTokenTimedOut")<{ readonly after: Duration.Duration }> {
  override get message() {
    return `no content within ${Duration.format(this.after)}`
  }
}

/**
 * The exchange has used up `timeouts.total`.
 *
 * @category failures
 * @since 0.1.0
 */
export class TotalTimedOut extends Data.TaggedError("TotalTimedOut")<{ readonly after: Duration.Duration }> {
  override get message() {
    return `no complete answer within ${Duration.format(this.after)}`
  }
}

/**
 * The backend answered with an error, as a status or inside a 200.
 *
 * @category failures
 * @since 0.1.0
 */
export class UpstreamRejected extends Data.TaggedError("UpstreamRejected")<{
  readonly status: number
  readonly retryAfter: Duration.Duration | undefined
  readonly error: ErrorBody
  /** Whether the words are of a body that is no JSON, so that they may be a proxy's. */
  readonly isForeign?: boolean
  /** Of the backend's headers those that the caller may see. */
  readonly headers?: Readonly<Record<string, string>>
  /** Where a redirect leads, which nobody follows: for operators alone. */
  readonly location?: string
}> {
  override get message() {
    const said =
      this.location === undefined ? this.error.message : `redirects to ${this.location}, which is not followed`
    return `rejected with ${this.status}: ${said}`
  }
}

/**
 * What the backend sent is not an answer.
 *
 * @category failures
 * @since 0.1.0
 */
export class ProtocolBroken extends Data.TaggedError("ProtocolBroken")<{
  readonly reason: string
  /** Whether nobody else is to be asked: what has begun to come has been paid for. */
  readonly isPaid?: true
}> {
  override get message() {
    return this.reason
  }
}

/**
 * The gateway itself lacks what the attempt needs: no backend is to blame.
 *
 * @category failures
 * @since 0.1.0
 */
export class ResourcesExhausted extends Data.TaggedError("ResourcesExhausted")<{
  /** What it lacks: `memory`, or what the system said, such as `EMFILE`. */
  readonly what: string
  /** Whether no other backend would fare better. */
  readonly everywhere: boolean
}> {
  override get message() {
    return `the gateway has too little of its own: ${this.what}`
  }
}

/**
 * What one attempt at one backend can end with.
 *
 * @category failures
 * @since 0.1.0
 */
export type AttemptFailure =
  | ResourcesExhausted
  | ConnectFailed
  | ConnectionLost
  | HeadersTimedOut
  | FirstTokenTimedOut
  | TotalTimedOut
  | UpstreamRejected
  | ProtocolBroken
