import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Option from "effect/Option"
import type { ChatRequest } from "../domain/chat/ChatRequest.js"
import type { RelayEnd } from "../domain/failure/Outcome.js"
import type { Backends } from "../upstream/Backends.js"
import * as ChatReader from "../upstream/attempt/ChatReader.js"
import * as Forwarder from "../upstream/forward/Forwarder.js"
import * as Relay from "../relay/Relay.js"
import type { ResponseSink } from "../relay/ResponseSink.js"
import type { Exchange } from "./Exchange.js"

/** An answer that can be committed to, as it was asked for. */
export type Held =
  | { readonly _tag: "Streamed"; readonly forwarded: Forwarder.Forwarded<ChatReader.Streamed> }
  | { readonly _tag: "Whole"; readonly forwarded: Forwarder.Forwarded<ChatReader.Whole> }

/** What every completion does before its commit, however its request came. */
export const forward = (
  exchange: Exchange,
  request: ChatRequest
): Effect.Effect<Held, Forwarder.ForwardFailure, Backends> => {
  exchange.journal.request = request
  return request.stream
    ? Effect.map(Forwarder.forward(exchange, request, ChatReader.streamed), (forwarded) => ({
        _tag: "Streamed",
        forwarded
      }))
    : Effect.map(Forwarder.forward(exchange, request, ChatReader.whole), (forwarded) => ({ _tag: "Whole", forwarded }))
}

/** What every completion does after it; `keepalive` says after how long a silence the caller gets a sign of life. */
export const relay = (
  exchange: Exchange,
  held: Held,
  sink: ResponseSink,
  keepalive: Option.Option<Duration.Duration>
): Effect.Effect<RelayEnd> =>
  held._tag === "Streamed"
    ? Relay.relayStream(exchange, held.forwarded, sink, keepalive)
    : Relay.relayWhole(exchange, held.forwarded, sink)
