import type { Headers } from "../backend/Credentials.js"
import * as IpRange from "../config/IpRange.js"

/**
 * The address a request came from: the socket's, or, if that is a trusted proxy, what the proxies say. Of
 * `X-Forwarded-For` the last address that no trusted proxy has counts, since everything before it may be made up.
 */
export const of = (socket: string | undefined, headers: Headers, trusted: ReadonlyArray<IpRange.IpRange>): string => {
  const peer = (socket ?? "").replace(/^::ffff:/, "")
  if (trusted.length === 0) return peer
  const isTrusted = (text: string): boolean => {
    const address = IpRange.parseAddress(text)
    return address !== undefined && trusted.some((range) => IpRange.contains(range, address))
  }
  if (!isTrusted(peer)) return peer
  const hops = listOf(headers["x-forwarded-for"]).map(withoutPort)
  if (hops.length === 0) return knownOr(withoutPort(listOf(headers["x-real-ip"])[0] ?? ""), peer)
  let client = peer
  for (const hop of hops.reverse()) {
    // What is no address was not written by a proxy that can be trusted.
    if (IpRange.parseAddress(hop) === undefined) return client
    client = hop
    if (!isTrusted(hop)) return client
  }
  return client
}

const listOf = (value: Headers[string]): Array<string> =>
  (typeof value === "string" ? value : (value?.join(",") ?? ""))
    .split(",")
    .map((part) => part.trim())
    .filter((part) => part !== "")

const knownOr = (text: string, otherwise: string): string =>
  IpRange.parseAddress(text) === undefined ? otherwise : text

// `192.0.2.1:443`, `[2001:db8::1]:443` and `[2001:db8::1]` are seen in the wild.
const withoutPort = (text: string): string =>
  text
    .replace(/^\[([^\]]+)\](?::\d+)?$/, "$1")
    .replace(/^(\d+\.\d+\.\d+\.\d+):\d+$/, "$1")
    .replace(/^::ffff:/, "")
