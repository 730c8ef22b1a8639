import * as Data from "effect/Data"
import type * as Duration from "effect/Duration"
import type { ErrorBody } from "./ErrorBody.js"
import type { GatewayFailure } from "./Failure.js"

/** How a committed exchange ended: a value, because after commit there is nothing left to fail over. */
export type RelayEnd = Data.TaggedEnum<{
  /** The whole answer is with the caller. */
  Completed: {}
  /** The backend's connection or stream ended before its answer did. */
  UpstreamBroke: { readonly reason: string }
  /** The backend reported an error in the middle of its stream, with the status it would have had. */
  UpstreamErrored: { readonly status: number; readonly error: ErrorBody }
  /** Nothing came for `timeouts.idle`, or the answer was not complete within `timeouts.total`. */
  UpstreamStalled: { readonly after: Duration.Duration }
  /** The caller closed the connection. */
  CallerLeft: {}
  /** The gateway stopped and the drain deadline had passed. */
  CutByDrain: {}
}>
export const RelayEnd = Data.taggedEnum<RelayEnd>()

/** A defect: the gateway's own fault. */
export interface Crashed {
  readonly _tag: "Crashed"
  readonly defect: unknown
}

/** How an exchange ended; its tag is the record's `Outcome`. */
export type Outcome = RelayEnd | GatewayFailure | Crashed

/** What went wrong, in words for the record; undefined when nothing did. */
export const describe = (outcome: Outcome): string | undefined => {
  switch (outcome._tag) {
    case "Completed":
    case "CallerLeft":
      return undefined
    case "UpstreamBroke":
      return outcome.reason
    case "UpstreamErrored":
      return outcome.error.message
    case "UpstreamStalled":
      return "the backend fell silent"
    case "CutByDrain":
      return "cut at the drain deadline"
    case "Crashed":
      return outcome.defect instanceof Error ? (outcome.defect.stack ?? outcome.defect.message) : String(outcome.defect)
    default:
      return outcome.message
  }
}
