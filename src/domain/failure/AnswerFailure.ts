import * as Data from "effect/Data"
import type * as Duration from "effect/Duration"
import type { ErrorBody } from "./ErrorBody.js"
import { ProtocolBroken, UpstreamRejected } from "./AttemptFailure.js"

// What ends an answer before its end, once it has begun: the failures of an answer's stream.

/** The backend's connection or stream ended before its answer did. */
export class UpstreamBroke extends Data.TaggedError("UpstreamBroke")<{ readonly reason: string }> {
  override get message() {
    return this.reason
  }
}

/** The backend reported an error in the middle of its stream, with the status it would have had. */
export class UpstreamErrored extends Data.TaggedError("UpstreamErrored")<{
  readonly status: number
  readonly error: ErrorBody
}> {
  override get message() {
    return this.error.message
  }
}

/** Nothing came for `timeouts.idle`, or the answer was not complete within `timeouts.total`. */
export class UpstreamStalled extends Data.TaggedError("UpstreamStalled")<{ readonly after: Duration.Duration }> {
  override get message() {
    return "the backend fell silent"
  }
}

export type AnswerFailure = UpstreamBroke | UpstreamErrored | UpstreamStalled

/** What it amounts to where nothing of the answer has been sent on: a failed attempt. */
export const beforeCommit = (failure: AnswerFailure): ProtocolBroken | UpstreamRejected =>
  failure._tag === "UpstreamErrored"
    ? new UpstreamRejected({ status: failure.status, retryAfter: undefined, error: failure.error })
    : new ProtocolBroken({ reason: failure.message })
