import * as Schema from "effect/Schema"
import * as HttpStatus from "./HttpStatus.js"
import * as Identified from "./Identified.js"
import { BodyMalformed, BodyTooComplex, BodyTooLarge, Draining, ModelNotFound, Overloaded } from "./Refusal.js"
import type { BodyTimedOut, EncodingUnsupported, Refusal } from "./Refusal.js"
import { ToldAttempt, ToldRejected } from "./ToldAttempt.js"

// Forward: every candidate was tried.

/**
 * No candidate answered; `last` is the failure that speaks for them all, `attempts` how many were made. An `HttpApi` answers
 * it with 502; `Failure.toResponse` knows the exact status, which is that of `last`.
 *
 * @category failures
 * @since 0.1.0
 */
export class NoBackendAvailable extends Schema.TaggedError<NoBackendAvailable>()(
  "NoBackendAvailable",
  {
    last: ToldAttempt,
    attempts: Schema.Number,
    /** In how long the first of the candidates is expected to take calls again; undefined where any may do so at once. */
    retryAfter: Schema.optional(Schema.DurationFromMillis),
    ...Identified.fields
  },
  HttpStatus.of(502)
) {
  override get message() {
    return `no backend answered after ${this.attempts} ${this.attempts === 1 ? "attempt" : "attempts"}: ${this.last.message}`
  }
}

/**
 * A backend refused the request for what the caller asked or came with, and nobody else answered it. An `HttpApi` answers
 * it with 400; `Failure.toResponse` knows the exact status, which is that of `last`.
 *
 * @category failures
 * @since 0.1.0
 */
export class Rejected extends Schema.TaggedError<Rejected>()(
  "Rejected",
  {
    last: ToldRejected,
    attempts: Schema.Number,
    /** As of {@link NoBackendAvailable}. */
    retryAfter: Schema.optional(Schema.DurationFromMillis),
    ...Identified.fields
  },
  HttpStatus.of(400)
) {
  override get message() {
    return this.last.message
  }
}

/**
 * What a completion can fail with before anything of its answer was given out.
 *
 * @category failures
 * @since 0.1.0
 */
export type GatewayFailure = Refusal | NoBackendAvailable | Rejected

/**
 * How a completion inside the process fails before its beginning; there is no body that is sent.
 *
 * @category failures
 * @since 0.1.0
 */
export type CompletionFailure = Exclude<GatewayFailure, BodyTimedOut | EncodingUnsupported>

/**
 * The failure as one that knows the id of its record; a new one, since a host's own parts may fail several calls with the
 * same.
 *
 * @internal
 */
export const withId = (failure: CompletionFailure, id: string): CompletionFailure => {
  switch (failure._tag) {
    case "BodyTooLarge":
      return new BodyTooLarge({ ...failure, id }, Identified.unchecked)
    case "BodyTooComplex":
      return new BodyTooComplex({ ...failure, id }, Identified.unchecked)
    case "BodyMalformed":
      return new BodyMalformed({ ...failure, id }, Identified.unchecked)
    case "ModelNotFound":
      return new ModelNotFound({ ...failure, id }, Identified.unchecked)
    case "Draining":
      return new Draining({ ...failure, id }, Identified.unchecked)
    case "Overloaded":
      return new Overloaded({ ...failure, id }, Identified.unchecked)
    case "NoBackendAvailable":
      return new NoBackendAvailable({ ...failure, id }, Identified.unchecked)
    case "Rejected":
      return new Rejected({ ...failure, id }, Identified.unchecked)
  }
}
