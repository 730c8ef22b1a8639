import * as Data from "effect/Data"
import type { ErrorBody } from "./ErrorBody.js"
import type { RelayEnd } from "./Outcome.js"
import * as WireError from "./WireError.js"

/** A stream ended before its answer did, and after its beginning was given out; what came of it is not the whole. */
export class StreamFailure extends Data.TaggedError("StreamFailure")<{
  /**
   * `broke`: the backend's stream ended early. `stalled`: it fell silent. `errored`: it reported an error. `drained`: the
   * gateway stopped. `unread`: the caller did not take the rest in time.
   */
  readonly reason: "broke" | "stalled" | "errored" | "drained" | "unread"
  /** What a caller over HTTP is told in that case; it names no backend, key or address. */
  readonly error: ErrorBody
}> {
  override get message() {
    return this.error.message
  }
}

/** The failure of a stream that ended so. */
export const fromEnd = (end: Exclude<RelayEnd, { readonly _tag: "Completed" }>): StreamFailure =>
  new StreamFailure({ reason: reasons[end._tag], error: end._tag === "CallerLeft" ? unread : WireError.cutShort(end) })

const reasons = {
  UpstreamBroke: "broke",
  UpstreamStalled: "stalled",
  UpstreamErrored: "errored",
  CutByDrain: "drained",
  CallerLeft: "unread"
} as const

const unread: ErrorBody = {
  message: "The answer was not read to its end in time.",
  type: "invalid_request_error",
  param: null,
  code: "unread"
}
