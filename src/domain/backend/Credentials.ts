import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as ApiKey from "./ApiKey.js"
import type { Backend } from "./Backend.js"
import * as SecretText from "./SecretText.js"
import { oncePer } from "../text/OncePer.js"

/** Headers by lower-case name, as Node gives them. */
export type Headers = Readonly<Record<string, string | ReadonlyArray<string> | undefined>>

/** The key that goes upstream: the backend's own, or the caller's where it takes that. */
export const keyFor = (backend: Backend, caller: Headers): Option.Option<Redacted.Redacted> =>
  takesCallers(backend) ? callerKey(caller) : ownKey(backend)

/** Whether a backend is asked with the caller's key, so that it is the caller's fault when that is refused. */
export const takesCallers = ({ apiKey }: Backend): boolean => Option.contains(apiKey, ApiKey.callers)

/** The `api_key` of a backend. */
export const ownKey = ({ apiKey }: Backend): Option.Option<Redacted.Redacted> => Option.filter(apiKey, ApiKey.isOwn)

/** Whether the configuration has a key for a backend: as `api_key`, in a file, among its `headers` or in its `base_url`. */
export const hasKey = (backend: Backend): boolean =>
  Option.isSome(ownKey(backend)) ||
  Option.isSome(backend.apiKeyFile) ||
  Object.entries(backend.headers).some(
    ([name, value]) =>
      SecretText.reveal(value) !== "" && (isCredential(name) || name.toLowerCase() === backend.keyHeader)
  ) ||
  [...new URL(backend.baseUrl).searchParams].some(([name, value]) => value !== "" && isCredential(name))

// Of `Authorization` a bearer's token alone: what another scheme holds, such as Basic, is for this gateway or a proxy.
const callerKey = (caller: Headers): Option.Option<Redacted.Redacted> => {
  const given = first(caller["authorization"])?.trim() ?? ""
  const token = given.replace(/^bearer(\s+|$)/i, "")
  const isBearer = token !== given || !/\s/.test(given)
  return presented(isBearer ? token : "", caller)
}

const presented = (authorization: string, caller: Headers): Option.Option<Redacted.Redacted> => {
  const key = authorization || trimmed(caller["x-api-key"]) || trimmed(caller["api-key"])
  return key === "" ? Option.none() : Option.some(Redacted.make(key))
}

/** The names of the caller's headers that a backend is sent: what is of the caller's account only with the caller's key. */
export const forwardedTo = oncePer((backend: Backend) => [
  ...forwarded,
  ...(takesCallers(backend) ? ofAccount : []),
  ...backend.forwardHeaders
])

/** The headers that a backend is sent: the allowed ones of the caller, ours, the key, and the backend's configured ones. */
export const upstreamHeaders = (
  backend: Backend,
  caller: Headers,
  stream: boolean,
  accept = stream ? "text/event-stream" : "application/json"
): Record<string, string> => {
  const headers = allowed(caller, forwardedTo(backend))
  headers["accept"] = accept
  headers["accept-encoding"] = "identity"
  headers["user-agent"] ??= "causeway"
  const key = Option.map(keyFor(backend, caller), Redacted.value)
  const scheme = backend.keyHeader === "authorization" ? "Bearer " : ""
  if (Option.isSome(key)) headers[backend.keyHeader] = scheme + key.value
  for (const [name, value] of Object.entries(backend.headers)) headers[name.toLowerCase()] = SecretText.reveal(value)
  return headers
}

/**
 * The headers of a backend's answer that the caller may see, those of the account only where it is the caller's own; one
 * that is too long says nothing that it could use.
 */
export const callerHeaders = (upstream: Headers, backend: Backend): Record<string, string> => {
  const names = takesCallers(backend) ? [...returned, ...accountsIn(upstream)] : returned
  const { "x-request-id": id, ...headers } = allowed(upstream, names, longestReturned)
  return id === undefined ? headers : { "x-upstream-request-id": id, ...headers }
}

// Whose key it was, and what is left to it.
const accountsIn = (upstream: Headers): ReadonlyArray<string> =>
  Object.keys(upstream)
    .filter((name) => name === "openai-organization" || name === "openai-project" || isRateLimit(name))
    .slice(0, mostReturned)

const isRateLimit = (name: string): boolean => /^(?:x|anthropic)-ratelimit-/.test(name) && name.length <= 64

/** So many of them are passed on. */
const mostReturned = 32

/** A backend's header may be this long to be passed on, in characters. */
const longestReturned = 256

const allowed = (given: Headers, names: ReadonlyArray<string>, longest = Infinity): Record<string, string> => {
  const headers: Record<string, string> = {}
  for (const name of names) {
    const value = first(given[name])
    if (value !== undefined && value.length <= longest && !isForNextHop(name, given)) headers[name] = value
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
  const given = first(caller["authorization"])?.trim() ?? ""
  const key = presented(given.replace(/^bearer(\s+|$)/i, ""), caller)
  if (Option.isSome(key)) return key
  const query = new URLSearchParams(url.split("?", 2)[1] ?? "")
  const loose = [query.get("key"), query.get("api-key"), query.get("api_key")]
  const other = loose.find((each) => each !== undefined && each !== null && each !== "")
  return Option.map(Option.fromNullable(other), (each) => Redacted.make(each))
}

/** Whether what goes by this name may be a credential. */
export const isCredential = (name: string): boolean => credentialName.test(name)

const forwarded = ["idempotency-key", "openai-beta", "anthropic-version", "anthropic-beta", "traceparent", "tracestate"]

// OpenRouter's, too.
const ofAccount = ["openai-organization", "openai-project", "http-referer", "x-title"]

const returned = ["openai-processing-ms", "openai-version", "openai-model", "x-request-id"]

const credentialName = /auth|cookie|key|token|secret|password|credential|signature|session|jwt/i

/** A text without the values of the parameters in it that may be keys. */
export const withoutQueryKeys = (text: string): string => {
  let equals = text.indexOf("=")
  if (equals === -1 || !isCredential(text)) return text
  // A page's address in `referer`, or a proxy's in `x-original-url`, may carry a key. From one `=` to the next, since an
  // expression that has to find both the parameter and the `=` after it looks through a text again from each beginning.
  let kept = ""
  let done = 0
  for (let from = 0; equals !== -1; equals = text.indexOf("=", from)) {
    const value = namesKey(text.slice(from, equals)) ? valueAt(text, equals + 1) : ""
    from = equals + 1 + value.length
    if (value === "") continue
    kept += text.slice(done, equals + 1) + "[redacted]"
    done = from
  }
  return kept + text.slice(done)
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

const trimmed = (value: string | ReadonlyArray<string> | undefined): string => first(value)?.trim() ?? ""

const first = (value: string | ReadonlyArray<string> | undefined): string | undefined =>
  typeof value === "string" ? value : value?.[0]
