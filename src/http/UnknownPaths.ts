import { IncomingMessage } from "node:http"
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as Redacted from "effect/Redacted"
import { ConfigRef } from "../config/ConfigRef.js"
import * as Credentials from "../domain/backend/Credentials.js"
import * as Secrets from "../domain/backend/Secrets.js"
import * as ClientAddress from "../domain/caller/ClientAddress.js"
import { oncePer } from "../domain/text/OncePer.js"
import * as Printable from "../domain/text/Printable.js"
import * as SteadyClock from "../flow/SteadyClock.js"
import * as CallerFingerprint from "./CallerFingerprint.js"

/** So many lines at most in a minute: whoever tries one path after the other must not fill the log. */
export const mostPerMinute = 10

/** So many are remembered; the oldest is forgotten first. */
export const mostKnown = 256

/** A path is told up to this length, in characters. */
const longestPath = 200

const minute = 60_000

/** What was told of the paths that one gateway does not serve. */
export interface UnknownPaths {
  /** The line for a request of this kind, if it is worth one; `now` in ms. */
  readonly line: (asked: string, now: number) => string | undefined
}

/** Nothing told yet. */
export const make = (): UnknownPaths => new Told()

class Told implements UnknownPaths {
  private readonly known = new Set<string>()
  private since = -Infinity
  private inMinute = 0
  private left = 0

  line(asked: string, now: number): string | undefined {
    if (this.known.has(asked)) return undefined
    if (now - this.since >= minute) {
      this.since = now
      this.inMinute = 0
    }
    if (this.inMinute === mostPerMinute) {
      this.left++
      return undefined
    }
    this.inMinute++
    this.remember(asked)
    const { left } = this
    this.left = 0
    return left === 0 ? asked : `${asked}; ${left} more such requests were left out before`
  }

  private remember(asked: string): void {
    const [oldest] = this.known
    if (this.known.size >= mostKnown && oldest !== undefined) this.known.delete(oldest)
    this.known.add(asked)
  }
}

const ofGateway = oncePer((_: ConfigRef["Type"]) => make())

/** Logs what was asked for at this path, which is not served: once for each path, method and caller. */
export const tell = (
  method: string,
  path: string
): Effect.Effect<void, never, ConfigRef | HttpServerRequest.HttpServerRequest> =>
  Effect.gen(function* () {
    const { source } = yield* HttpServerRequest.HttpServerRequest
    const config = yield* ConfigRef
    const { trustedProxies } = (yield* config.current).config.server
    const shown = Printable.brief(Secrets.withoutCredentials(path, keyOf(source)), longestPath)
    const asked = `Unknown path: ${method} ${shown}${whose(source, trustedProxies)}`
    const line = ofGateway(config).line(asked, SteadyClock.of(yield* Effect.clock).now())
    if (line !== undefined) yield* Effect.logInfo(line)
  })

const keyOf = (source: unknown): Option.Option<Redacted.Redacted> =>
  source instanceof IncomingMessage ? Credentials.callerSecret(source.headers, source.url ?? "") : Option.none()

const whose = (source: unknown, trusted: Parameters<typeof ClientAddress.of>[2]): string => {
  if (!(source instanceof IncomingMessage)) return ""
  const ip = ClientAddress.of(source.socket.remoteAddress, source.headers, trusted)
  const caller = CallerFingerprint.of(source)
  return `, asked by ${ip}${caller === undefined ? "" : ` with the key ${caller}`}`
}
