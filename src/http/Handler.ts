import type { IncomingMessage, ServerResponse } from "node:http"
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as NodeHttpServerRequest from "@effect/platform-node/NodeHttpServerRequest"
import * as Effect from "effect/Effect"
import * as ClientAddress from "../domain/caller/ClientAddress.js"
import * as Cors from "../domain/caller/Cors.js"
import * as ExplainHeaders from "../domain/record/ExplainHeaders.js"
import type { ClientProtocol } from "../domain/protocol/ClientProtocol.js"
import type { GatewayFailure } from "../domain/failure/Failure.js"
import * as Exchange from "../exchange/Exchange.js"
import * as RequestId from "../exchange/RequestId.js"
import * as CallerFingerprint from "./CallerFingerprint.js"
import * as CallerSink from "./CallerSink.js"

/** Runs the exchange of one request on a Node server; interrupting it tells that the caller has left. */
export type Handler<R> = (incoming: IncomingMessage, response: ServerResponse) => Effect.Effect<void, never, R>

/** The phases of an exchange over HTTP; `receive` is given the request, whose body has not been read. */
export interface Phases<Q, A, R, R2, R3> extends Omit<Exchange.Phases<Q, A, R, R2, R3>, "receive"> {
  readonly receive: (exchange: Exchange.Exchange, incoming: IncomingMessage) => Effect.Effect<Q, GatewayFailure, R>
}

/** An exchange over HTTP. */
export const handle =
  <Q, A, R, R2, R3>(
    protocol: ClientProtocol,
    { obtain, receive, relay }: Phases<Q, A, R, R2, R3>
  ): Handler<R | R2 | R3 | Exchange.Services> =>
  (incoming, response) =>
    Exchange.run(
      {
        protocol,
        caller: ({ trustedProxies }) => {
          const { headers, socket } = incoming
          const ip = ClientAddress.of(socket.remoteAddress, headers, trustedProxies)
          return { id: RequestId.make(), ip, caller: CallerFingerprint.of(incoming), headers }
        },
        sink: (journal, settings, isDraining) =>
          CallerSink.make(response, () => {
            const headers: Record<string, string> = { "x-request-id": journal.id }
            Object.assign(headers, Cors.headersFor(incoming.headers.origin, settings))
            if (isDraining()) headers["connection"] = "close"
            if (journal.cleaned !== undefined) headers["x-causeway-cleaned"] = journal.cleaned
            return settings.explainHeaders ? Object.assign(headers, ExplainHeaders.of(journal)) : headers
          })
      },
      { receive: (exchange) => receive(exchange, incoming), obtain, relay }
    )

/** A handler as a route of a router, on a Node server. */
export const route = <R>(
  handler: Handler<R>
): Effect.Effect<HttpServerResponse.HttpServerResponse, never, R | HttpServerRequest.HttpServerRequest> =>
  Effect.flatMap(HttpServerRequest.HttpServerRequest, (request) =>
    Effect.as(
      handler(NodeHttpServerRequest.toIncomingMessage(request), NodeHttpServerRequest.toServerResponse(request)),
      HttpServerResponse.empty()
    )
  )
