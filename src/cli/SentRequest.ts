import * as Either from "effect/Either"
import type { Ask } from "../domain/chat/Ask.js"
import * as Removed from "../domain/chat/request/Removed.js"
import * as BackendAddress from "../domain/backend/BackendAddress.js"
import * as Credentials from "../domain/backend/Credentials.js"
import { BodyMalformed } from "../domain/failure/Failure.js"
import * as JsonObject from "../domain/json/JsonObject.js"
import * as Operation from "../domain/operation/Operation.js"
import * as Operations from "../domain/operation/Operations.js"
import type { Target } from "../domain/routing/RouteTable.js"
import * as Protocols from "../domain/protocol/Protocols.js"
import * as Secrets from "../domain/backend/Secrets.js"
import * as DemoBackend from "../upstream/DemoBackend.js"
import * as BackendUrl from "../upstream/BackendUrl.js"

/** A request as a backend receives it, fit to be shown: whatever may be a credential is replaced. */
export interface SentRequest {
  readonly method: "POST"
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: JsonObject.JsonObject
  /** What cleaning took away of the caller's messages, in words; null where that is nothing. */
  readonly cleaned: string | null
}

/** What a target would be sent for a caller's request. */
export const make = (ask: Ask, target: Target): Either.Either<SentRequest, BodyMalformed> => {
  const protocol = Protocols.between(ask.operation, target.backend)
  if (protocol === undefined)
    return Either.left(new BodyMalformed({ reason: "It has no protocol for this.", param: null }))
  const headers = Credentials.redactHeaders(protocol.headers(ask, target.backend, anyCaller))
  return Either.map(protocol.body(ask, target), ({ body, removed }) => ({
    method: "POST",
    url: urlOf(target, protocol.path(ask), protocol.isUnversioned),
    headers: { ...Secrets.hideInHeaders(headers, target.backend), "content-type": typeOf(ask) },
    body: Object.fromEntries(
      Object.entries(body).map(([key, value]) => [
        key,
        shown(value, target, key in target.backend.extraBody ? key : "")
      ])
    ),
    cleaned: Removed.told(removed) ?? null
  }))
}

const typeOf = ({ operation }: Ask): string =>
  Operation.isMedia(operation) && Operations.media[operation].request === "form"
    ? "multipart/form-data"
    : "application/json"

// Where the backend has no key of its own the caller's is sent; it is redacted as well.
const anyCaller = { authorization: "Bearer caller" }

/** The URL that a target is asked at, without keys. */
export const urlOf = (target: Target, path: string, isUnversioned = false): string => {
  const { backend } = target
  if (backend.baseUrl === DemoBackend.url) return `${DemoBackend.url}${path}`
  const endpoint = BackendUrl.of(target, path, isUnversioned)
  const url = new URL(endpoint.path, endpoint.origin)
  for (const name of url.searchParams.keys()) {
    if (Credentials.isCredential(name)) url.searchParams.set(name, "[redacted]")
  }
  const shown = BackendAddress.shownOrigin(BackendAddress.of(backend)) + url.href.slice(url.origin.length)
  return Secrets.withoutKeys(shown.replaceAll(encodeURIComponent("[redacted]"), "[redacted]"), backend)
}

// `name` is the key under which a configured value stands; what callers sent has none.
const shown = (value: unknown, target: Target, name: string): unknown => {
  if (typeof value === "string") {
    return Credentials.isCredential(name) ? "[redacted]" : Secrets.withoutKeys(value, target.backend)
  }
  if (Array.isArray(value)) return value.map((each) => shown(each, target, name))
  if (!JsonObject.is(value)) return value
  const inner = (key: string) => (name === "" ? "" : key)
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, shown(each, target, inner(key))]))
}
