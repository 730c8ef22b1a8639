import * as Either from "effect/Either"
import type { ChatRequest } from "../domain/chat/ChatRequest.js"
import * as Credentials from "../domain/backend/Credentials.js"
import type { BodyMalformed } from "../domain/failure/Failure.js"
import * as JsonObject from "../domain/json/JsonObject.js"
import type { Target } from "../domain/routing/RouteTable.js"
import * as Prepare from "../domain/chat/request/Prepare.js"
import * as Secrets from "../domain/backend/Secrets.js"
import * as DemoBackend from "../upstream/DemoBackend.js"
import * as BackendUrl from "../upstream/BackendUrl.js"

/** A request as a backend receives it, fit to be shown: whatever may be a credential is replaced. */
export interface SentRequest {
  readonly method: "POST"
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: JsonObject.JsonObject
}

/** What a target would be sent for a caller's request. */
export const make = (request: ChatRequest, target: Target): Either.Either<SentRequest, BodyMalformed> =>
  Either.map(Prepare.make(request, target), (body) => ({
    method: "POST",
    url: urlOf(target, request.kind),
    headers: {
      ...headersOf(target, request.stream),
      "content-type": "application/json"
    },
    body: Object.fromEntries(
      Object.entries(body).map(([key, value]) => [
        key,
        shown(value, target, key in target.backend.extraBody ? key : "")
      ])
    )
  }))

// Where the backend has no key of its own the caller's is sent; it is redacted as well.
const anyCaller = { authorization: "Bearer caller" }

const headersOf = ({ backend }: Target, stream: boolean): Record<string, string> =>
  Secrets.hideInHeaders(Credentials.redactHeaders(Credentials.upstreamHeaders(backend, anyCaller, stream)), backend)

const urlOf = (target: Target, kind: ChatRequest["kind"]): string => {
  const { backend } = target
  const path = kind === "chat" ? "/chat/completions" : "/completions"
  if (backend.baseUrl === DemoBackend.url) return `${DemoBackend.url}${path}`
  const endpoint = BackendUrl.of(target, path)
  const url = new URL(endpoint.path, endpoint.origin)
  for (const name of url.searchParams.keys()) {
    if (Credentials.isCredential(name)) url.searchParams.set(name, "[redacted]")
  }
  return Secrets.withoutKeys(url.href.replaceAll(encodeURIComponent("[redacted]"), "[redacted]"), backend)
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
