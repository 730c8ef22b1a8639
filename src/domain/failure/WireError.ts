import * as Duration from "effect/Duration"
import * as Busyness from "./Busyness.js"
import * as ErrorBody from "./ErrorBody.js"
import type { AttemptFailure } from "./AttemptFailure.js"
import type { GatewayFailure, NoBackendAvailable, Rejected } from "./GatewayFailure.js"
import { overloaded } from "./Refusal.js"
import type { Forbidden, HostRepeated } from "./Refusal.js"
import type { Crashed, RelayEnd } from "./Outcome.js"
import * as PrivateAddress from "./PrivateAddress.js"
import * as ToldRejection from "./ToldRejection.js"
import { cut } from "../text/CutText.js"

/** A failure as the caller sees it before commit: an HTTP error response. */
export interface WireError {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly error: ErrorBody.ErrorBody
}

/** The response for a failure; its text names no backend, key or address. */
export const fromFailure = (failure: GatewayFailure | Crashed): WireError => {
  switch (failure._tag) {
    case "BodyTooLarge":
      return invalid(413, failure.message, { code: "request_too_large" })
    case "BodyTimedOut":
      // What still comes of the body would be taken for the next request.
      return { ...invalid(408, failure.message, { code: "request_timeout" }), headers: { connection: "close" } }
    case "BodyTooComplex":
      return invalid(413, failure.message, { code: "body_too_complex" })
    case "BodyMalformed":
      return invalid(400, failure.message, { param: failure.param })
    case "EncodingUnsupported":
      return {
        ...invalid(415, failure.message, { code: "request_body_encoding_unsupported" }),
        headers: { "accept-encoding": "gzip, deflate, br" }
      }
    case "ModelNotFound":
      return invalid(404, failure.message, { param: "model", code: "model_not_found" })
    case "Draining":
      return drained
    case "Overloaded":
      return overloadedFor(failure.retryAfter)
    case "NoBackendAvailable":
    case "Rejected":
      return fromLast(failure)
    case "Crashed":
      return server(500, "The gateway failed to handle this request.", "internal_error")
  }
}

/** The response for an exchange that was cut before anything was sent, because the gateway stops. */
export const drained: WireError = {
  status: 503,
  headers: { "retry-after": "1", "retry-after-ms": "1000" },
  error: { message: "The server is shutting down.", type: "server_error", param: null, code: "shutting_down" }
}

/** The response to an operator's request without the right key. */
export const unauthenticated: WireError = {
  status: 401,
  headers: { "www-authenticate": "Bearer" },
  error: {
    message: "The operator key is missing or wrong.",
    type: "authentication_error",
    param: null,
    code: "invalid_api_key"
  }
}

/** The response to a request that is refused before anything of it is read. */
export const fromRefused = (refused: Forbidden | HostRepeated): WireError => {
  if (refused._tag === "HostRepeated") return invalid(400, refused.message, { code: "bad_request" })
  return {
    status: 403,
    headers: {},
    error: { message: refused.message, type: "permission_error", param: null, code: `${refused.what}_not_allowed` }
  }
}

/** The response to a path that is not served. */
export const notFound = (method: string, path: string): WireError =>
  invalid(404, `Unknown request URL: ${method} ${cut(path)}.`, { code: "unknown_url" })

/** The response to a path asked with another method than `allow`. */
export const methodNotAllowed = (method: string, path: string, allow: string): WireError => ({
  ...invalid(405, `Not allowed to ${method} on ${cut(path)}.`, { code: "method_not_supported" }),
  headers: { allow }
})

/** The response to bytes that are not an HTTP request, with the status that they deserve. */
export const notHttp = (status: 400 | 408 | 431): WireError => {
  const reason = { 400: "is malformed", 408: "did not come in time", 431: "has too many header fields" }[status]
  return invalid(status, `The HTTP request ${reason}.`, { code: "bad_request" })
}

/** Why a stream ended in the middle of its answer. */
export const cutShort = (
  end: Exclude<RelayEnd, { readonly _tag: "Completed" | "CallerLeft" }>
): ErrorBody.ErrorBody => {
  switch (end._tag) {
    case "UpstreamBroke":
      return server(502, "The model provider's stream ended in the middle of the answer.", "upstream_broke").error
    case "UpstreamStalled":
      return server(502, "The model provider fell silent in the middle of the answer.", "upstream_stalled").error
    case "UpstreamErrored":
      return end.status < 500
        ? ToldRejection.named(end.status, end.error)
        : PrivateAddress.hiddenIn(ToldRejection.named(end.status, end.error))
    case "CutByDrain":
      return drained.error
  }
}

const overloadedFor = (retryAfter: Duration.Duration): WireError => ({
  ...server(503, overloaded, "overloaded"),
  headers: retryHeaders(retryAfter)
})

// The gateway's own attempts are no reason to keep clients from theirs: their waits are what most failures need.
const fromLast = ({ last, retryAfter }: NoBackendAvailable | Rejected): WireError => {
  // A moment later there may be room.
  if (last._tag === "ResourcesExhausted") return overloadedFor(soon)
  const { error, headers, status } = fromAttempt(last, retryAfter)
  return { status, error, headers: { ...headers, ...whenToRetry(status, last, retryAfter) } }
}

const soon = Duration.seconds(1)

const whenToRetry = (
  status: number,
  last: AttemptFailure,
  retryAfter: Duration.Duration | undefined
): Readonly<Record<string, string>> => {
  if (!retried.includes(status) && status < 500) return {}
  // Some clients retry a 429 only where they are told when.
  const isVain = isSpent(last) || isTooLarge(last)
  const after = retryAfter ?? (status === 429 && !isVain ? soon : undefined)
  const when = after === undefined ? {} : retryHeaders(after)
  return isVain ? { ...when, ...noRetry } : when
}

const noRetry = { "x-should-retry": "false" }

/** Statuses below 500 that clients retry. */
const retried: ReadonlyArray<number> = [408, 409, 425, 429]

// Clients would come back for nothing to a quota that is spent, or with a request that is larger than its limit.
const isSpent = (last: AttemptFailure): boolean => last._tag === "UpstreamRejected" && Busyness.isSpent(last.error)
const isTooLarge = (last: AttemptFailure): boolean =>
  last._tag === "UpstreamRejected" && Busyness.isTooLarge(last.status, last.error)

const fromAttempt = (
  failure: Exclude<AttemptFailure, { readonly _tag: "ResourcesExhausted" }>,
  retryAfter: Duration.Duration | undefined
): WireError => {
  switch (failure._tag) {
    case "UpstreamRejected":
      return { ...ToldRejection.of(failure), headers: failure.headers ?? {} }
    case "HeadersTimedOut":
    case "FirstTokenTimedOut":
    case "TotalTimedOut":
      return { ...ToldRejection.timedOut, headers: {} }
    case "ConnectFailed":
      if (failure.timedOut) return { ...ToldRejection.timedOut, headers: {} }
      break
    case "ConnectionLost":
    case "ProtocolBroken":
      break
  }
  // All are set aside or asked to be left alone, and it is known for how long.
  return retryAfter === undefined ? unavailable : { ...unavailable, status: 503 }
}

const retryHeaders = (after: Duration.Duration): Record<string, string> => {
  const millis = Math.ceil(Duration.toMillis(after))
  const when = {
    "retry-after": String(Math.max(1, Math.ceil(millis / 1000))),
    "retry-after-ms": String(Math.max(1, millis))
  }
  // They would come back too soon after a wait of more than a minute.
  return millis > 60_000 ? { ...when, ...noRetry } : when
}

const invalid = (
  status: number,
  message: string,
  where: { readonly param?: string | null; readonly code?: string }
): WireError => ({
  status,
  headers: {},
  error: { message, type: "invalid_request_error", param: where.param ?? null, code: where.code ?? null }
})

const server = (status: number, message: string, code: string): WireError => ({
  status,
  headers: {},
  error: ErrorBody.ofServer(message, code)
})

const unavailable = server(
  502,
  "The model provider could not be reached or sent no valid answer.",
  "upstream_unavailable"
)
