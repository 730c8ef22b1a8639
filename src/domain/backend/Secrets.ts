import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import type { Backend } from "./Backend.js"
import * as BackendAddress from "./BackendAddress.js"
import * as Credentials from "./Credentials.js"
import * as JsonObject from "../json/JsonObject.js"
import * as ProxySetting from "./ProxySetting.js"
import * as SecretText from "./SecretText.js"
import * as Needles from "../text/Needles.js"
import { oncePer } from "../text/OncePer.js"
import { cut } from "../text/CutText.js"
import * as Unescaped from "../text/Unescaped.js"

/** What a text becomes when the secrets in it are hidden; the same text where it holds none. */
export type Hide = (text: string) => string

/** Of a text that a backend has said so many characters may leave. */
const mostTold = 8_000

/** For what a backend says, to whomever it may go: without the keys of a backend and its caller, its address, and what looks like a key. */
export const hiddenFrom = (backend: Backend, caller: Credentials.Headers): Hide => {
  const secrets = [...ownOf(backend), callersOf(backend, caller)]
  return (text) => hide(text, secrets, mostTold)
}

/** For what is of use to operators with the address in it, and whole. */
export const withoutKeys = (text: string, backend: Backend, caller: Credentials.Headers = {}): string =>
  hide(text, [keysOf(backend), callersOf(backend, caller)], Infinity)

/** A path that a caller asks for as it may be logged: without its host and user, its `key`, and what looks like a key. */
export const withoutCredentials = (path: string, key: Option.Option<Redacted.Redacted>): string => {
  const secrets = Option.match(key, { onNone: () => [], onSome: (own) => [Needles.make([Redacted.value(own)])] })
  const scheme = path.startsWith("/") ? -1 : path.indexOf("://")
  const slash = scheme === -1 ? -1 : path.indexOf("/", scheme + 3)
  const asked = scheme === -1 ? path : slash === -1 ? "/" : path.slice(slash)
  return hide(Credentials.withoutQueryKeys(asked), secrets, mostTold)
}

/** Headers of a backend's answer, in place: a caller may see its own key there, but none of the backend's. */
export const hideInHeaders = (headers: Record<string, string>, backend: Backend): Record<string, string> => {
  for (const name in headers) headers[name] = hide(headers[name] ?? "", ownOf(backend), mostTold)
  return headers
}

const hide = (text: string, secrets: ReadonlyArray<Needles.Needles>, most: number): string => {
  if (text.length <= most && !mayHide(text, secrets)) return text
  // What begins before the cut may end behind it.
  const seen = text.slice(0, most + margin)
  const ranges = Unescaped.all(seen).flatMap((view) =>
    [...secrets.flatMap((needles) => Needles.find(needles, view.text)), ...keyLike(view.text)].map(
      ([from, to]): Needles.Range => [Unescaped.placeOf(view, from), Unescaped.placeOf(view, to)]
    )
  )
  return ranges.length === 0 ? cut(text, most) : replace(text, ranges, most)
}

// What nearly every text is seen by, for the headers of every answer are looked through.
const mayHide = (text: string, secrets: ReadonlyArray<Needles.Needles>): boolean =>
  Unescaped.mayBe(text) || beginsLikeKey.test(text) || secrets.some((needles) => Needles.mayBeIn(needles, text))

const margin = 4_096

const replace = (text: string, ranges: Array<Needles.Range>, most: number): string => {
  const pieces: Array<string> = []
  let at = 0
  for (const [from, to] of ranges.sort(([a], [b]) => a - b)) {
    if (from >= most) break
    if (from >= at) pieces.push(text.slice(at, from), "[redacted]")
    at = Math.max(at, to)
  }
  if (at < most) pieces.push(cut(text.slice(at), most - at))
  return pieces.join("")
}

const keyLike = (text: string): ReadonlyArray<Needles.Range> =>
  Array.from(text.matchAll(looksLikeKey), ({ 0: key, index }) => [index, index + key.length] as const)

const beginsLikeKey = /\b(?:(?:sk|pk|gsk|xai|key)[-_]|AIza)/

const looksLikeKey = /\b(?:(?:sk|pk|gsk|xai|key)[-_]|AIza)[\w*-]{6,}[\w*.-]*/g

const keysOf = oncePer((backend: Backend) =>
  Needles.make([
    ...Option.match(Credentials.ownKey(backend), { onNone: () => [], onSome: (key) => [Redacted.value(key)] }),
    ...Object.entries(backend.headers).flatMap(([name, value]) =>
      Credentials.isCredential(name) || name.toLowerCase() === backend.keyHeader || !isPlain(name, value)
        ? partsOf(SecretText.reveal(value))
        : []
    ),
    ...inUrl(backend.baseUrl),
    ...(ProxySetting.of(backend.proxy)?.secrets ?? []),
    ...inBody(backend.extraBody, false)
  ])
)

const addressOf = oncePer((backend: Backend) =>
  Needles.make([
    ...hostsIn(backend.baseUrl),
    ...hostsIn(ProxySetting.of(backend.proxy)?.origin ?? ""),
    BackendAddress.of(backend).socketPath ?? ""
  ])
)

const hostsIn = (url: string): ReadonlyArray<string> => {
  if (!URL.canParse(url)) return []
  const { host, hostname } = new URL(url)
  return [host, hostname]
}

const ownOf = oncePer((backend: Backend) => [keysOf(backend), addressOf(backend)])

// What a backend has been sent of the caller's, or could have been.
const callersOf = (backend: Backend, caller: Credentials.Headers): Needles.Needles =>
  Needles.make(
    ["authorization", "x-api-key", "api-key", ...Credentials.forwardedTo(backend)]
      .filter(Credentials.isCredential)
      .flatMap((name) => [caller[name] ?? []].flat())
      .flatMap(partsOf)
  )

// The token behind a scheme, and what Basic stands for: `user:password`, and the password alone.
const partsOf = (value: string): ReadonlyArray<string> => {
  const [, scheme = "", token = ""] = /^([\w-]+)\s+(\S.*)$/.exec(value.trim()) ?? []
  if (token === "") return [value.trim()]
  const pair = scheme.toLowerCase() === "basic" ? textOf(token) : ""
  return [token, pair, pair.slice(pair.indexOf(":") + 1)]
}

const textOf = (base64: string): string => {
  try {
    return atob(base64)
  } catch {
    return ""
  }
}

const inUrl = (baseUrl: string): ReadonlyArray<string> => {
  if (!URL.canParse(baseUrl)) return []
  const { password, searchParams, username } = new URL(baseUrl)
  return [
    username,
    password,
    ...[...searchParams].flatMap(([name, value]) => (Credentials.isCredential(name) ? value : []))
  ]
}

// Whatever stands below a name of a credential; short numbers are limits of tokens rather than passwords.
const inBody = (value: unknown, isSecret: boolean): ReadonlyArray<string> => {
  if (typeof value === "string") return isSecret ? [value] : []
  const digits = JsonObject.digits(value)
  if (digits !== undefined) return isSecret && digits.length >= shortestSecret ? [digits] : []
  if (Array.isArray(value)) return value.flatMap((each: unknown) => inBody(each, isSecret))
  return Object.entries(JsonObject.orEmpty(value)).flatMap(([name, each]) =>
    inBody(each, isSecret || Credentials.isCredential(name))
  )
}

/** What a header with a harmless name holds is a secret from so many characters on, unless it is plain. */
const shortestSecret = 8

// One word, a media type, a version or a date, and headers that hold nothing else; whatever else there is may be a secret.
const isPlain = (name: string, value: SecretText.SecretText): boolean =>
  typeof value === "string" &&
  (value.length < shortestSecret || publicHeaders.includes(name.toLowerCase()) || plain.test(value))

const plain =
  /^(?:[A-Z]?[a-z]{1,20}|[a-z]{1,20}\/[a-z]{1,20}(?:[.+-][a-z\d]{1,20}){0,4}|v?\d{1,4}(?:[.-]\d{1,3}){0,3})$/

const publicHeaders = [
  "accept",
  "accept-language",
  "anthropic-beta",
  "anthropic-version",
  "cache-control",
  "content-type",
  "http-referer",
  "openai-beta",
  "referer",
  "user-agent",
  "x-title"
]
