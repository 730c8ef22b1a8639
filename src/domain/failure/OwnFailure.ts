import * as Data from "effect/Data"
import type { ConfigIssue } from "../schema/ConfigIssue.js"
import { formatPath } from "../schema/ConfigIssue.js"
import * as Printable from "../text/Printable.js"
import { reasonOf } from "./Reason.js"

// What the gateway itself lacks: no caller is answered with any of these.

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
    return `${withoutUser(this.path)}: the record database cannot be opened: ${reasonOf(this.cause)}`
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
  /** Which file of the process it was to be, in place of a host and a port. */
  readonly socket?: number | undefined
  readonly cause: unknown
}> {
  override get message() {
    const place =
      this.socket === undefined ? `${this.host}:${this.port}` : `the socket that was handed over (${this.socket})`
    return `cannot listen on ${place}: ${reasonOf(this.cause)}`
  }
}

/**
 * What keeps a gateway from starting.
 *
 * @category failures
 * @since 0.1.0
 */
export type BootFailure = ConfigUnreadable | ConfigMalformed | ConfigInvalid | LogUnavailable

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

// A URL is no path, but somebody may have taken it for one; its password is nothing to be told.
const withoutUser = (path: string): string => {
  const scheme = path.indexOf("://")
  const at = path.lastIndexOf("@")
  return scheme === -1 || at < scheme ? path : `${path.slice(0, scheme + 3)}[redacted]${path.slice(at)}`
}
