import type { Headers } from "../backend/Credentials.js"
import { Forbidden, HostRepeated } from "../failure/Failure.js"
import type { ServerSettings } from "../config/GatewayConfig.js"
import { oncePer } from "../text/OncePer.js"
import * as Wildcard from "../text/Wildcard.js"

/** What is read of a request; Node's own has all of it. */
export interface Visitor {
  readonly method?: string | undefined
  readonly headers: Headers
  /** Names and values in turn, as they came. */
  readonly rawHeaders: ReadonlyArray<string>
}

/** What is read of the configuration. */
export type Settings = Pick<ServerSettings, "corsOrigins" | "hosts">

/** Judges requests before anything of them is read or spent. */
export interface Doorkeeper {
  /**
   * Why a request is refused, if it is: a browser has sent it for a page that may not call, or it is addressed by a name
   * that is not this machine's though it came in at `localAddress`, one of the loopback. Without an address the names do
   * not matter.
   */
  readonly refusal: (visitor: Visitor, localAddress: string | undefined) => Refused | undefined
}

export type Refused = Forbidden | HostRepeated

/** The doorkeeper of these settings. */
export const of: (settings: Settings) => Doorkeeper = oncePer((settings: Settings): Doorkeeper => {
  // The requests of one client, and most of all, have the same.
  let lastGood: string | undefined
  const isKnown = (host: string): boolean => {
    if (host === lastGood) return true
    if (!isOwnName(nameOf(host)) && !isListed(host, settings.hosts)) return false
    lastGood = host
    return true
  }
  return {
    refusal: (visitor, localAddress) => {
      if (isHostRepeated(visitor.rawHeaders)) return new HostRepeated()
      const { headers } = visitor
      const host = text(headers["host"])
      const checked = host !== undefined && localAddress !== undefined && isLoopback(localAddress)
      if (checked && !isKnown(host)) return new Forbidden({ what: "host", value: host })
      const origin = text(headers["origin"])
      const site = text(headers["sec-fetch-site"])
      if (origin === undefined && site === undefined) return undefined
      return isForeign(visitor, origin, site, host, settings)
        ? new Forbidden({ what: "origin", value: origin ?? "" })
        : undefined
    }
  }
})

// What answers a preflight is harmless, and says by itself that the request may not follow.
const isForeign = (
  { method }: Visitor,
  origin: string | undefined,
  site: string | undefined,
  host: string | undefined,
  { corsOrigins }: Settings
): boolean => {
  if (method === "OPTIONS") return false
  if (origin === undefined) return site === "cross-site" || site === "same-site"
  return !Wildcard.matches(origin, corsOrigins) && (site === "cross-site" || !isSame(origin, host))
}

// Whoever ends TLS in front of us is the same origin, whatever the scheme.
const isSame = (origin: string, host: string | undefined): boolean => {
  const [scheme = "", place] = origin.toLowerCase().split("://", 2)
  return place !== undefined && host !== undefined && withPort(place, scheme) === withPort(host.toLowerCase(), scheme)
}

const withPort = (place: string, scheme: string): string =>
  /:\d+$/.test(place) ? place : `${place}:${scheme === "https" ? 443 : 80}`

// Node keeps the first of two; somebody in front of us may have looked at the other.
const isHostRepeated = (raw: ReadonlyArray<string>): boolean => {
  let count = 0
  for (let at = 0; at < raw.length; at += 2) {
    const name = raw[at]
    if (name?.length === 4 && name.toLowerCase() === "host") count++
  }
  return count > 1
}

const isLoopback = (address: string): boolean =>
  address.startsWith("127.") || address === "::1" || address.startsWith("::ffff:127.")

const nameOf = (host: string): string => host.toLowerCase().replace(/:\d*$/, "").replace(/\.$/, "")

// No page can have an address of this machine for its own without being of this machine; of a name it can.
const isOwnName = (name: string): boolean =>
  name === "localhost" ||
  name.endsWith(".localhost") ||
  /^127(?:\.\d{1,3}){3}$/.test(name) ||
  ["[::1]", "0.0.0.0", "[::]"].includes(name)

const isListed = (host: string, hosts: ReadonlyArray<string>): boolean => {
  const listed = hosts.map((each) => each.toLowerCase())
  return Wildcard.matches(nameOf(host), listed) || Wildcard.matches(host.toLowerCase(), listed)
}

const text = (value: Headers[string]): string | undefined =>
  typeof value === "string" && value !== "" ? value : undefined
