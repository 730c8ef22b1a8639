import * as Data from "effect/Data"
import type * as Duration from "effect/Duration"
import { UpstreamBroke, UpstreamErrored, UpstreamStalled } from "./AnswerFailure.js"
import type { AnswerFailure } from "./AnswerFailure.js"
import type { ErrorBody } from "./ErrorBody.js"
import type { GatewayFailure } from "./GatewayFailure.js"

/** An end that nothing is wrong with, but that the caller may not have waited for. */
type Unbroken = Data.TaggedEnum<{
  /** The whole answer is with the caller. */
  Completed: {}
  /** The caller closed the connection. */
  CallerLeft: {}
  /** The gateway stopped and the drain deadline had passed. */
  CutByDrain: {}
}>

/** How a committed exchange ended: a value, because after commit there is nothing left to fail over. */
export type RelayEnd = Unbroken | AnswerFailure

const ends = Data.taggedEnum<Unbroken>()

export const RelayEnd = {
  Completed: ends.Completed,
  CallerLeft: ends.CallerLeft,
  CutByDrain: ends.CutByDrain,
  UpstreamBroke: (fields: { readonly reason: string }) => new UpstreamBroke(fields),
  UpstreamErrored: (fields: { readonly status: number; readonly error: ErrorBody }) => new UpstreamErrored(fields),
  UpstreamStalled: (fields: { readonly after: Duration.Duration }) => new UpstreamStalled(fields)
}

/** A defect: the gateway's own fault. */
export interface Crashed {
  readonly _tag: "Crashed"
  readonly defect: unknown
}

/** How an exchange ended; its tag is the record's `Outcome`. */
export type Outcome = RelayEnd | GatewayFailure | Crashed

/** The tags of all of them. */
export const tags = [
  "Completed",
  "CallerLeft",
  "CutByDrain",
  "UpstreamBroke",
  "UpstreamErrored",
  "UpstreamStalled",
  "BodyTooLarge",
  "BodyTooComplex",
  "BodyTimedOut",
  "BodyMalformed",
  "EncodingUnsupported",
  "ModelNotFound",
  "Draining",
  "Overloaded",
  "Rejected",
  "NoBackendAvailable",
  "Crashed"
] as const satisfies ReadonlyArray<Outcome["_tag"]>

/** What stands in the record of an exchange whose process was killed before its end. */
export const interrupted = "Interrupted"

/** What may stand in a record. */
export const recorded = [...tags, interrupted] as const

/** What went wrong, in words for the record; undefined when nothing did. */
export const describe = (outcome: Outcome): string | undefined => {
  switch (outcome._tag) {
    case "Completed":
    case "CallerLeft":
      return undefined
    case "CutByDrain":
      return "cut at the drain deadline"
    case "Crashed":
      return outcome.defect instanceof Error ? (outcome.defect.stack ?? outcome.defect.message) : String(outcome.defect)
    default:
      return outcome.message
  }
}
