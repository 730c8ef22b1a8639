import * as Data from "effect/Data"
import * as Duration from "effect/Duration"
import type { ConfigIssue } from "../schema/ConfigIssue.js"
import { formatPath } from "../schema/ConfigIssue.js"
import type { ErrorBody } from "./ErrorBody.js"
import * as Printable from "../text/Printable.js"
import { cut } from "../text/CutText.js"

// Boot: the process does not start, or the last good configuration stays.

/**
 * The configuration file could not be read.
 *
 * @category failures
 * @since 0.1.0
 */
export class ConfigUnreadable extends Data.TaggedError("ConfigUnreadable")<{
  readonly path: string
  readonly cause: unknown
}> {
  override get message() {
    return `${this.path}: cannot be read: ${reasonOf(this.cause)}`
  }
}

/**
 * The configuration file is not YAML.
 *
 * @category failures
 * @since 0.1.0
 */
export class ConfigMalformed extends Data.TaggedError("ConfigMalformed")<{
  readonly path: string
  readonly line: number
  readonly column: number
  readonly reason: string
}> {
  override get message() {
    return `${this.path}:${this.line}:${this.column}: ${this.reason}`
  }
}

/**
 * A {@link ConfigIssue} with the place in the file where it can be mended.
 *
 * @category models
 * @since 0.1.0
 */
export interface PlacedIssue extends ConfigIssue {
  readonly line?: number
  readonly column?: number
}

/**
 * The configuration has the wrong shape or contradicts itself; `issues` holds all that is wrong.
 *
 * @category failures
 * @since 0.1.0
 */
export class ConfigInvalid extends Data.TaggedError("ConfigInvalid")<{
  readonly path?: string
  readonly issues: ReadonlyArray<PlacedIssue>
}> {
  override get message() {
    return this.issues
      .map((issue) => {
        const place = issue.line === undefined ? "" : `:${issue.line}:${issue.column}`
        const where = formatPath(issue.path)
        return Printable.brief(`${this.path ?? "config"}${place}: ${where === "" ? "" : `${where}: `}${issue.message}`)
      })
      .join("\n")
  }
}

/**
 * The record database could not be opened.
 *
 * @category failures
 * @since 0.1.0
 */
export class LogUnavailable extends Data.TaggedError("LogUnavailable")<{
  readonly path: string
  readonly cause: unknown
}> {
  override get message() {
    return `${this.path}: the record database cannot be opened: ${reasonOf(this.cause)}`
  }
}

/**
 * The address could not be listened on.
 *
 * @category failures
 * @since 0.1.0
 */
export class ListenFailed extends Data.TaggedError("ListenFailed")<{
  readonly host: string
  readonly port: number
  readonly cause: unknown
}> {
  override get message() {
    return `cannot listen on ${this.host}:${this.port}: ${reasonOf(this.cause)}`
  }
}

/**
 * What keeps a gateway from starting.
 *
 * @category failures
 * @since 0.1.0
 */
export type BootFailure = ConfigUnreadable | ConfigMalformed | ConfigInvalid | LogUnavailable

// Refusals: the request never touches a backend.

/**
 * The request body is larger than `server.max_body` (bytes).
 *
 * @category failures
 * @since 0.1.0
 */
export class BodyTooLarge extends Data.TaggedError("BodyTooLarge")<{ readonly limit: number }> {
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
export class BodyTimedOut extends Data.TaggedError("BodyTimedOut")<{ readonly after: Duration.Duration }> {
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
export class BodyTooComplex extends Data.TaggedError("BodyTooComplex")<{
  readonly excess: "values" | "depth" | "compression"
  readonly limit: number
}> {
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
export class BodyMalformed extends Data.TaggedError("BodyMalformed")<{
  readonly reason: string
  readonly param: string | null
}> {
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
export class EncodingUnsupported extends Data.TaggedError("EncodingUnsupported")<{ readonly encoding: string }> {
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
export class ModelNotFound extends Data.TaggedError("ModelNotFound")<{ readonly model: string }> {
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
export class Draining extends Data.TaggedError("Draining")<{}> {
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
export class Overloaded extends Data.TaggedError("Overloaded")<{ readonly retryAfter: Duration.Duration }> {
  override get message() {
    return "The server is overloaded. Try again later."
  }
}

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
export class ProtocolBroken extends Data.TaggedError("ProtocolBroken")<{ readonly reason: string }> {
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

// Forward: every candidate was tried.

/**
 * No candidate answered; `last` is the failure that speaks for them all, `attempts` how many were made.
 *
 * @category failures
 * @since 0.1.0
 */
export class NoBackendAvailable extends Data.TaggedError("NoBackendAvailable")<{
  readonly last: AttemptFailure
  readonly attempts: number
  /** In how long the first of the candidates is expected to take calls again; undefined where any may do so at once. */
  readonly retryAfter?: Duration.Duration | undefined
}> {
  override get message() {
    return `no backend answered after ${this.attempts} ${this.attempts === 1 ? "attempt" : "attempts"}: ${this.last.message}`
  }
}

/**
 * A backend refused the request for what the caller asked or came with, and nobody else answered it.
 *
 * @category failures
 * @since 0.1.0
 */
export class Rejected extends Data.TaggedError("Rejected")<{
  readonly last: UpstreamRejected
  readonly attempts: number
  /** As of {@link NoBackendAvailable}. */
  readonly retryAfter?: Duration.Duration | undefined
}> {
  override get message() {
    return this.last.message
  }
}

/**
 * What a completion can fail with before anything of its answer was given out.
 *
 * @example
 * ```ts
 * import { Completions } from "causeway"
 * import * as Effect from "effect/Effect"
 *
 * export const answer = Effect.flatMap(Completions.Completions, ({ complete }) =>
 *   complete({ model: "demo", messages: [{ role: "user", content: "Hello" }] })
 * ).pipe(
 *   Effect.map(({ choices }) => choices[0].message.content),
 *   Effect.catchTags({
 *     ModelNotFound: ({ model }) => Effect.succeed(`There is no ${model}.`),
 *     Overloaded: () => Effect.succeed("Please come back later.")
 *   })
 * )
 * ```
 *
 * @category failures
 * @since 0.1.0
 */
export type GatewayFailure = Refusal | NoBackendAvailable | Rejected

// Log: never reaches a request.

/**
 * Rows could not be appended to the record database; they are kept and tried again.
 *
 * @category failures
 * @since 0.1.0
 */
export class AppendFailed extends Data.TaggedError("AppendFailed")<{
  readonly path: string
  readonly cause: unknown
  /** Whether it is surely not about the rows, as with a full disk: the same ones are tried again. */
  readonly passing?: boolean
  /** Whose fault it is, where that is known: of the rows, which no table will take, or of others who write just now. */
  readonly fault?: "rows" | "busy"
}> {
  override get message() {
    return `${this.path}: rows cannot be appended: ${reasonOf(this.cause)}`
  }
}

/**
 * What a cause says of itself, in one line; the innermost `Error` speaks.
 *
 * @category functions
 * @since 0.1.0
 */
export const reasonOf = (cause: unknown): string => {
  if (!(cause instanceof Error)) return String(cause)
  if (cause.cause instanceof Error) return reasonOf(cause.cause)
  return cause.message === "" && "code" in cause ? String(cause.code) : cause.message
}
