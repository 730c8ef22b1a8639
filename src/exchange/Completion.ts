import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Option from "effect/Option"
import type { ChatRequest } from "../domain/ChatRequest.js"
import type { RelayEnd } from "../domain/Outcome.js"
import type { Backends } from "../upstream/Backends.js"
import * as Forwarder from "../upstream/Forwarder.js"
import * as Relay from "../upstream/Relay.js"
import type { ResponseSink } from "../upstream/ResponseSink.js"
import type { Exchange } from "./Exchange.js"

/** A request with an answer in hand. */
export interface Forwarded {
  readonly request: ChatRequest
  readonly answer: Forwarder.Forwarded
}

/** What every completion does before its commit, however its request came. */
export const forward = (
  { journal, scope, snapshot: { config, routes } }: Exchange,
  request: ChatRequest
): Effect.Effect<Forwarded, Forwarder.ForwardFailure, Backends> => {
  journal.request = request
  const forwarded = Forwarder.forward({ request, routes, journal, queue: config.server.queue, scope })
  return Effect.map(forwarded, (answer) => ({ request, answer }))
}

/** What every completion does after it; `keepalive` says after how long a silence the caller gets a sign of life. */
export const relay = (
  { beforeEnd, journal, snapshot: { config } }: Exchange,
  { answer, request }: Forwarded,
  sink: ResponseSink,
  keepalive: Option.Option<Duration.Duration>
): Effect.Effect<RelayEnd> =>
  Relay.relay({ request, answer, sink, journal, beforeEnd, keepalive, keep: config.log.maxBody })
