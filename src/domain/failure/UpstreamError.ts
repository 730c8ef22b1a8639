import * as Duration from "effect/Duration"
import type { Headers } from "../backend/Credentials.js"
import * as ErrorBody from "./ErrorBody.js"
import * as ErrorText from "./ErrorText.js"
import { ProtocolBroken, UpstreamRejected } from "./AttemptFailure.js"
import { cut } from "../text/CutText.js"

/**
 * The failure that an error response amounts to: a rejection, or nothing of the backend's when a proxy before it asks
 * whether we are human. `now` in ms since the epoch dates its `Retry-After`.
 */
export const fromResponse = (
  status: number,
  headers: Headers,
  body: string,
  now: number
): UpstreamRejected | ProtocolBroken => {
  if (headers["cf-mitigated"] === "challenge" || (status === 403 && ErrorText.isPage(body)))
    return new ProtocolBroken({ reason: `a proxy's page with status ${status} in the place of an answer` })
  const { error, isJson } = ErrorBody.read(body, status)
  const rejected = { status, retryAfter: retryAfter(headers, now), error, ...redirect(status, headers) }
  return new UpstreamRejected(isJson ? rejected : { ...rejected, isForeign: true })
}

/** Where a redirect leads is told up to this length, in characters. */
const longestLocation = 500

// Without what may be a credential: users, passwords, queries and fragments.
const redirect = (status: number, headers: Headers): { readonly location?: string } => {
  const target = headers["location"]
  if (status < 300 || status > 399 || typeof target !== "string" || target === "") return {}
  const [place = ""] = target.split(/[?#]/, 1)
  const scheme = /^[a-z][a-z\d+.-]{0,20}:/i.exec(place)?.[0] ?? ""
  const rest = place.slice(scheme.length)
  const isAddressed = rest.startsWith("//")
  const [authority = "", ...path] = isAddressed ? rest.slice(2).split("/") : [""]
  const host = authority.slice(authority.lastIndexOf("@") + 1)
  const told = isAddressed ? [scheme, "//", [host, ...path].join("/")].join("") : place
  return told === "" ? {} : { location: cut(told, longestLocation) }
}

/** How long a backend asks to be left alone, at most a day: `retry-after-ms`, or `retry-after` as seconds or as a date. */
export const retryAfter = (headers: Headers, now: number): Duration.Duration | undefined => {
  const asked = askedFor(headers, now)
  return asked === undefined ? undefined : Duration.min(asked, longest)
}

const longest = Duration.days(1)

const askedFor = (headers: Headers, now: number): Duration.Duration | undefined => {
  const millis = Number(headers["retry-after-ms"] || Number.NaN)
  if (Number.isFinite(millis) && millis >= 0) return Duration.millis(millis)
  const text = headers["retry-after"]
  if (typeof text !== "string" || text.trim() === "") return undefined
  const seconds = Number(text)
  if (Number.isFinite(seconds)) return seconds >= 0 ? Duration.seconds(seconds) : undefined
  const date = Date.parse(text)
  return Number.isNaN(date) ? undefined : Duration.millis(Math.max(0, date - now))
}
