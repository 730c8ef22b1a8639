import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import type * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { Headers } from "../domain/backend/Credentials.js"
import * as ClientAddress from "../domain/caller/ClientAddress.js"
import * as Cors from "../domain/caller/Cors.js"
import * as ExplainHeaders from "../domain/record/ExplainHeaders.js"
import type { ClientProtocol } from "../domain/protocol/ClientProtocol.js"
import type { GatewayFailure } from "../domain/failure/Failure.js"
import * as Exchange from "../exchange/Exchange.js"
import * as RequestId from "../exchange/RequestId.js"
import type { Incoming } from "./Incoming.js"
import { Mounted } from "./Mounted.js"

/** Runs the exchange of one request; interrupting it tells that the caller has left. */
export type Handler<R> = (incoming: Incoming) => Effect.Effect<void, never, R>

/** The phases of an exchange over HTTP; `receive` is given the request, whose body has not been read. */
export interface Phases<Q, A, R, R2, R3> extends Omit<Exchange.Phases<Q, A, R, R2, R3>, "receive"> {
  readonly receive: (exchange: Exchange.Exchange, incoming: Incoming) => Effect.Effect<Q, GatewayFailure, R>
}

/** An exchange over HTTP. */
export const handle =
  <Q, A, R, R2, R3>(
    protocol: ClientProtocol,
    { expect, obtain, receive, relay }: Phases<Q, A, R, R2, R3>
  ): Handler<R | R2 | R3 | Exchange.Services> =>
  (incoming) =>
    Exchange.run(
      {
        protocol,
        caller: ({ trustedProxies }) => {
          const { address, headers } = incoming
          const ip = ClientAddress.of(address, headers, trustedProxies)
          return { id: RequestId.make(), ip, caller: incoming.fingerprint(), headers }
        },
        sink: (journal, settings, isDraining) =>
          incoming.sink(() => {
            const headers: Record<string, string> = { "x-request-id": journal.id }
            Object.assign(headers, Cors.headersFor(textOf(incoming.headers["origin"]), settings))
            if (journal.cleaned !== undefined) headers["x-causeway-cleaned"] = journal.cleaned
            return settings.explainHeaders ? Object.assign(headers, ExplainHeaders.of(journal)) : headers
          }, isDraining)
      },
      { receive: (exchange) => receive(exchange, incoming), expect, obtain, relay }
    )

const textOf = (header: Headers[string]): string | undefined =>
  typeof header === "string" ? header : header?.join(", ")

/**
 * A handler as a route of any router, for what was asked below the place where it is mounted. The exchange has a fiber of its own, which the drain may cut and which ends in its
 * own time when the caller has left.
 */
export const route = <R>(
  handler: Handler<R>,
  asked: string
): Effect.Effect<HttpServerResponse.HttpServerResponse, never, R | HttpServerRequest.HttpServerRequest | Scope.Scope> =>
  Effect.gen(function* () {
    const request = yield* HttpServerRequest.HttpServerRequest
    const scope = yield* Effect.scope
    const mounted = new Mounted(request, asked, scope)
    yield* Effect.addFinalizer((exit) => Effect.sync(() => mounted.close(exit)))
    yield* Effect.forkDaemon(handler(mounted))
    return yield* mounted.response
  })
