import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import type { Backend } from "./Backend.js"
import { oncePer } from "./OncePer.js"

/** Headers by lower-case name, as Node gives them. */
export type Headers = Readonly<Record<string, string | ReadonlyArray<string> | undefined>>

/**
 * The key that goes upstream: the backend's own, else the caller's `Authorization`, else its `x-api-key`; of the caller's
 * none where the backend's configured `headers` bring a key.
 */
export const keyFor = (backend: Backend, caller: Headers): Option.Option<Redacted.Redacted> =>
  hasKey(backend) ? Option.filter(backend.apiKey, isSet) : callerKey(caller)

/** Whether the configuration has a key for a backend, so that the caller's stays here. */
export const hasKey = ({ apiKey, headers, keyHeader }: Backend): boolean =>
  Option.exists(apiKey, isSet) ||
  Object.keys(headers).some((name) => [...keyHeaders, keyHeader].includes(name.toLowerCase()))

const isSet = (key: Redacted.Redacted): boolean => Redacted.value(key) !== ""

const keyHeaders = ["authorization", "api-key", "x-api-key", "x-goog-api-key"]

const callerKey = (caller: Headers): Option.Option<Redacted.Redacted> => {
  const key =
    first(caller["authorization"])
      ?.replace(/^bearer(\s+|$)/i, "")
      .trim() || first(caller["x-api-key"])?.trim()
  return key === undefined || key === "" ? Option.none() : Option.some(Redacted.make(key))
}

/** The headers that a backend is sent: the allowed ones of the caller, ours, the key, and the backend's configured ones. */
export const upstreamHeaders = (backend: Backend, caller: Headers, stream: boolean): Record<string, string> => {
  const headers = allowed(caller, forwardedTo(backend))
  headers["accept"] = stream ? "text/event-stream" : "application/json"
  headers["accept-encoding"] = "identity"
  headers["user-agent"] ??= "causeway"
  const key = Option.map(keyFor(backend, caller), Redacted.value)
  const scheme = backend.keyHeader === "authorization" ? "Bearer " : ""
  if (Option.isSome(key)) headers[backend.keyHeader] = scheme + key.value
  for (const [name, value] of Object.entries(backend.headers)) headers[name.toLowerCase()] = value
  return headers
}

/** The headers of a backend's answer that the caller may see. */
export const callerHeaders = (upstream: Headers): Record<string, string> => {
  const { "x-request-id": id, ...headers } = allowed(upstream, returned)
  return id === undefined ? headers : { "x-upstream-request-id": id, ...headers }
}

const allowed = (given: Headers, names: ReadonlyArray<string>): Record<string, string> => {
  const headers: Record<string, string> = {}
  for (const name of names) {
    const value = first(given[name])
    if (value !== undefined && !isForNextHop(name, given)) headers[name] = value
  }
  return headers
}

// What `Connection` names (RFC 9110, 7.6.1).
const isForNextHop = (name: string, { connection = "" }: Headers): boolean =>
  String(connection)
    .toLowerCase()
    .split(/[\s,]+/)
    .includes(name)

/** The caller's headers as they may be stored: whatever may be a credential is replaced. */
export const redactHeaders = (headers: Headers): Record<string, string> => {
  const redacted: Record<string, string> = {}
  for (const name in headers) {
    const value = headers[name]
    const text = typeof value === "string" ? value : value?.join(", ")
    if (text !== undefined) redacted[name] = isCredential(name) ? "[redacted]" : withoutQueryKeys(text)
  }
  return redacted
}

/** What the caller identifies itself with: its `Authorization`, `x-api-key`, `api-key`, or a key in the query. */
export const callerSecret = (caller: Headers, url: string): Option.Option<Redacted.Redacted> => {
  const key = callerKey(caller)
  if (Option.isSome(key)) return key
  const query = new URLSearchParams(url.split("?", 2)[1] ?? "")
  const loose = [first(caller["api-key"]), query.get("key"), query.get("api-key"), query.get("api_key")]
  const given = loose.find((each) => each !== undefined && each !== null && each !== "")
  return Option.map(Option.fromNullable(given), (each) => Redacted.make(each))
}

/** A text without the backend's key, its address, or anything that looks like a key. */
export const scrub = (text: string, backend: Backend, caller: Headers): string => {
  const { host, hostname } = backend.baseUrl === "demo:" ? { host: "", hostname: "" } : new URL(backend.baseUrl)
  return hide(text, [...keysOf(backend, caller), host, hostname])
}

/** A text without the backend's keys or anything that looks like one. */
export const withoutKeys = (text: string, backend: Backend): string => hide(text, keysOf(backend, {}))

/** Whether what goes by this name may be a credential. */
export const isCredential = (name: string): boolean => credentialName.test(name)

const keysOf = (backend: Backend, caller: Headers): ReadonlyArray<string> => {
  const key = Option.match(keyFor(backend, caller), { onNone: () => "", onSome: (own) => Redacted.value(own) })
  return [key, ...Object.entries(backend.headers).flatMap(([name, value]) => (isCredential(name) ? [value] : []))]
}

const hide = (text: string, secrets: ReadonlyArray<string>): string =>
  secrets
    .filter((secret) => secret.length > 3)
    .reduce((rest, secret) => rest.replaceAll(secret, "[redacted]"), text)
    .replace(/\b(?:(?:sk|pk|gsk|xai|key)[-_]|AIza)[\w*-]{6,}[\w*.-]*/g, "[redacted]")

const forwardedTo = oncePer((backend: Backend) => [...forwarded, ...backend.forwardHeaders])

const forwarded = ["idempotency-key", "openai-beta", "anthropic-version", "anthropic-beta", "traceparent", "tracestate"]

const returned = ["openai-processing-ms", "openai-version", "openai-model", "x-request-id"]

const credentialName = /auth|cookie|key|token|secret|password|credential|signature|session|jwt/i

// A page's address in `referer`, or a proxy's in `x-original-url`, may carry a key. From one `=` to the next, since an
// expression that has to find both the parameter and the `=` after it looks through a text again from each beginning.
const withoutQueryKeys = (text: string): string => {
  let kept = ""
  let from = 0
  for (let equals = text.indexOf("="); equals !== -1;) {
    const value = namesKey(text.slice(from, equals)) ? valueAt(text, equals + 1) : ""
    kept += text.slice(from, equals + 1) + (value === "" ? "" : "[redacted]")
    from = equals + 1 + value.length
    equals = text.indexOf("=", from)
  }
  return kept === "" ? text : kept + text.slice(from)
}

// Whether what stands before a `=` ends with a parameter of a query that may be a key.
const namesKey = (text: string): boolean => {
  const name =
    text
      .slice(text.lastIndexOf("&") + 1)
      .split(/\s/)
      .at(-1) ?? ""
  const begins = text.endsWith(`&${name}`) ? 0 : name.search(/[?;]/)
  return begins !== -1 && isCredential(name.slice(begins))
}

const valueAt = (text: string, from: number): string => {
  queryValue.lastIndex = from
  return queryValue.exec(text)?.[0] ?? ""
}

const queryValue = /[^&;#\s]+/y

const first = (value: string | ReadonlyArray<string> | undefined): string | undefined =>
  typeof value === "string" ? value : value?.[0]
