import * as Data from "effect/Data"
import * as Duration from "effect/Duration"
import * as Schema from "effect/Schema"
import { cut } from "../text/CutText.js"
import * as HttpStatus from "./HttpStatus.js"
import * as Identified from "./Identified.js"

// Refusals: the request never touches a backend.

/**
 * The request body is larger than `server.max_body`, or as a form than `server.max_upload` (bytes).
 *
 * @category failures
 * @since 0.1.0
 */
export class BodyTooLarge extends Schema.TaggedError<BodyTooLarge>()(
  "BodyTooLarge",
  { limit: Schema.Number, ...Identified.fields },
  HttpStatus.of(413)
) {
  override get message() {
    return `The request body is larger than the limit of ${this.limit} bytes.`
  }
}

/**
 * The request body made no progress for `server.body_timeout`, or took too long in all.
 *
 * @category failures
 * @since 0.1.0
 */
export class BodyTimedOut extends Schema.TaggedError<BodyTimedOut>()(
  "BodyTimedOut",
  { after: Schema.DurationFromMillis, ...Identified.fields },
  HttpStatus.of(408)
) {
  override get message() {
    return `The request body did not come in time: nothing came for ${Duration.format(this.after)}, or all of it took too long.`
  }
}

/**
 * The request body would take too much memory: it holds more than `server.max_values` values, is nested in more levels
 * than the limit, or is compressed to less than a hundredth of what it holds.
 *
 * @category failures
 * @since 0.1.0
 */
export class BodyTooComplex extends Schema.TaggedError<BodyTooComplex>()(
  "BodyTooComplex",
  { excess: Schema.Literal("values", "depth", "compression"), limit: Schema.Number, ...Identified.fields },
  HttpStatus.of(413)
) {
  override get message() {
    switch (this.excess) {
      case "values":
        return `The request body holds more than the limit of ${this.limit} values.`
      case "depth":
        return `The request body is nested in more than the limit of ${this.limit} levels.`
      case "compression":
        return `The request body is more than the limit of ${this.limit} times as large as it is compressed.`
    }
  }
}

/**
 * The request body is not a request of this kind; `param` is the offending field.
 *
 * @category failures
 * @since 0.1.0
 */
export class BodyMalformed extends Schema.TaggedError<BodyMalformed>()(
  "BodyMalformed",
  { reason: Schema.String, param: Schema.NullOr(Schema.String), ...Identified.fields },
  HttpStatus.of(400)
) {
  override get message() {
    return this.reason
  }
}

/**
 * The request body is compressed in a way that the gateway cannot undo.
 *
 * @category failures
 * @since 0.1.0
 */
export class EncodingUnsupported extends Schema.TaggedError<EncodingUnsupported>()(
  "EncodingUnsupported",
  { encoding: Schema.String, ...Identified.fields },
  HttpStatus.of(415)
) {
  override get message() {
    const encoding = cut(this.encoding)
    return `Request bodies with 'content-encoding: ${encoding}' are not supported; use gzip, deflate, br or none.`
  }
}

/**
 * A browser has sent the request for a page of a foreign origin, or it is addressed by a host name that is not ours.
 *
 * @category failures
 * @since 0.1.0
 */
export class Forbidden extends Data.TaggedError("Forbidden")<{
  readonly what: "host" | "origin"
  /** What the request said; empty when it said no more than that it is foreign. */
  readonly value: string
}> {
  override get message() {
    const value = cut(this.value)
    if (this.what === "host") return `The host '${value}' is not served here; 'server.hosts' lists further names.`
    const whose = value === "" ? "of another site" : `of the origin '${value}'`
    return `Pages ${whose} may not call; 'server.cors_origins' lists those that may.`
  }
}

/**
 * The request names two hosts.
 *
 * @category failures
 * @since 0.1.0
 */
export class HostRepeated extends Data.TaggedError("HostRepeated")<{}> {
  override get message() {
    return "The HTTP request has more than one Host."
  }
}

/**
 * No backend serves the model.
 *
 * @category failures
 * @since 0.1.0
 */
export class ModelNotFound extends Schema.TaggedError<ModelNotFound>()(
  "ModelNotFound",
  { model: Schema.String, ...Identified.fields },
  HttpStatus.of(404)
) {
  override get message() {
    return `The model '${cut(this.model)}' does not exist or you do not have access to it.`
  }
}

/**
 * The gateway is stopping.
 *
 * @category failures
 * @since 0.1.0
 */
export class Draining extends Schema.TaggedError<Draining>()("Draining", { ...Identified.fields }, HttpStatus.of(503)) {
  override get message() {
    return "The server is shutting down."
  }
}

/**
 * As many exchanges as are allowed are under way, and as many as may wait for their turn wait already or waited long.
 *
 * @category failures
 * @since 0.1.0
 */
export class Overloaded extends Schema.TaggedError<Overloaded>()(
  "Overloaded",
  { retryAfter: Schema.DurationFromMillis, ...Identified.fields },
  HttpStatus.of(503)
) {
  override get message() {
    return overloaded
  }
}

/**
 * What a caller is told that finds no room.
 *
 * @internal
 */
export const overloaded = "The server is overloaded. Try again later."

/**
 * What a request is refused for before any backend is asked.
 *
 * @category failures
 * @since 0.1.0
 */
export type Refusal =
  | BodyTooLarge
  | BodyTooComplex
  | BodyTimedOut
  | BodyMalformed
  | EncodingUnsupported
  | ModelNotFound
  | Draining
  | Overloaded
