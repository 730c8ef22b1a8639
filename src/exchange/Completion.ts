import type * as Duration from "effect/Duration"
import type * as Effect from "effect/Effect"
import type * as Option from "effect/Option"
import type { ChatRequest } from "../domain/chat/ChatRequest.js"
import type { RelayEnd } from "../domain/failure/Outcome.js"
import type { Backends } from "../upstream/Backends.js"
import * as Forwarder from "../upstream/forward/Forwarder.js"
import * as Relay from "../relay/Relay.js"
import type { ResponseSink } from "../relay/ResponseSink.js"
import type { Exchange } from "./Exchange.js"

/** What every completion does before its commit, however its request came. */
export const forward = (
  { atEnd, bytes, clock, journal, snapshot: { config, routes } }: Exchange,
  request: ChatRequest
): Effect.Effect<Forwarder.Forwarded, Forwarder.ForwardFailure, Backends> => {
  journal.request = request
  return Forwarder.forward({ request, routes, journal, clock, bytes, queue: config.server.queue, atEnd })
}

/** What every completion does after it; `keepalive` says after how long a silence the caller gets a sign of life. */
export const relay = (
  { beforeEnd, bytes, clock, journal, snapshot: { config } }: Exchange,
  forwarded: Forwarder.Forwarded,
  sink: ResponseSink,
  keepalive: Option.Option<Duration.Duration>
): Effect.Effect<RelayEnd> =>
  Relay.relay({ forwarded, sink, journal, clock, bytes, beforeEnd, keepalive, keep: config.log.maxBody })
