import * as HttpRouter from "@effect/platform/HttpRouter"
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { ConfigRef } from "../config/ConfigRef.js"
import type { Ask } from "../domain/chat/Ask.js"
import type { ClientProtocol } from "../domain/protocol/ClientProtocol.js"
import * as Deployments from "../domain/protocol/Deployments.js"
import * as PathSegment from "../domain/wire/PathSegment.js"
import * as Protocols from "../domain/protocol/Protocols.js"
import { ModelNotFound } from "../domain/failure/Failure.js"
import * as WireError from "../domain/failure/WireError.js"
import * as Exchange from "../exchange/Exchange.js"
import * as Delivery from "../relay/Delivery.js"
import * as Relay from "../relay/Relay.js"
import type { ResponseSink } from "../relay/ResponseSink.js"
import * as ChatReader from "../upstream/attempt/ChatReader.js"
import type { Backends } from "../upstream/Backends.js"
import type { Forwarded, ForwardFailure } from "../upstream/forward/Forwarded.js"
import { Forwarder } from "../upstream/forward/Forwarder.js"
import * as ModelCatalog from "../upstream/ModelCatalog.js"
import * as Handler from "./Handler.js"
import type { Incoming } from "./Incoming.js"
import * as Respond from "./Respond.js"
import * as Endpoint from "./Endpoint.js"

/** What the routes work with. */
export type Services = Exchange.Services | Backends | Forwarder

/** What is posted in a protocol, from the caller's bytes to the answer's end. */
const completion = (protocol: ClientProtocol): Handler.Handler<Services> =>
  Handler.handle(protocol, {
    receive: (exchange: Exchange.Exchange, incoming: Incoming) =>
      Effect.flatMap(incoming.body(exchange), (text) =>
        Exchange.decode(exchange, text, Deployments.at(incoming.path)?.model)
      ),
    expect: (exchange, ask, sink) => {
      if (ask.stream) deliveryOf(exchange, ask, sink).expect()
    },
    obtain: (exchange, ask) =>
      Effect.flatMap(Forwarder, ({ forward }): Effect.Effect<Committed, ForwardFailure> =>
        ask.stream ? forward(exchange, ask, ChatReader.streamed) : forward(exchange, ask, ChatReader.whole)
      ),
    relay: (exchange, committed, sink) =>
      isWhole(committed)
        ? Relay.relayWhole(exchange, committed, protocol.encoder(committed.ask).whole, sink)
        : Relay.relayStream(exchange, committed, deliveryOf(exchange, committed.ask, sink))
  })

const deliveryOf = (exchange: Exchange.Exchange, ask: Ask, sink: ResponseSink): Delivery.Expecting =>
  (exchange.delivery ??= Delivery.written(
    exchange.protocol.encoder(ask),
    sink,
    exchange.snapshot.config.server.keepalive
  ))

/** An answer that can be committed to, as it was asked for. */
type Committed = Forwarded<ChatReader.Streamed> | Forwarded<ChatReader.Whole>

const isWhole = (committed: Committed): committed is Forwarded<ChatReader.Whole> =>
  committed.answer.content._tag === "Whole"

const byProtocol = new Map(Protocols.clients.map((protocol) => [protocol, completion(protocol)]))

const handlers = Array.from(byProtocol).flatMap(([{ paths }, handler]) => paths.map((path) => [path, handler] as const))

const byPath = new Map<string, Handler.Handler<Services>>(handlers)

// Below anything else it is another path, as it is for what stands in front of us.
const deployed = (path: string): Handler.Handler<Services> | undefined => {
  const deployment = path.startsWith(Deployments.under) ? Deployments.at(path) : undefined
  return deployment && byProtocol.get(deployment.protocol)
}

/** What is posted at a URL in any protocol, for a server that needs no router for it; undefined where nothing is. */
export const posted = (url: string): Handler.Handler<Services> | undefined => {
  const plain = byPath.get(url)
  if (plain !== undefined || !url.startsWith("/openai/")) return plain
  const path = Endpoint.pathOf(url)
  return byPath.get(path) ?? deployed(path)
}

const models = Effect.gen(function* () {
  const { headers } = yield* HttpServerRequest.HttpServerRequest
  const { routes } = yield* (yield* ConfigRef).current
  return yield* Respond.json(200, { object: "list", data: yield* ModelCatalog.list(routes.backends, headers) })
})

const model = (asked: string) =>
  Effect.gen(function* () {
    const { headers } = yield* HttpServerRequest.HttpServerRequest
    const { routes } = yield* (yield* ConfigRef).current
    const id = idIn(asked)
    const found = yield* ModelCatalog.find(routes, headers, id)
    return yield* Option.isSome(found)
      ? Respond.json(200, found.value)
      : Respond.error(WireError.fromFailure(new ModelNotFound({ model: id })))
  })

// The router would make one of two slashes in an id.
const idIn = (path: string): string => PathSegment.decode(path.slice(path.indexOf("/models/") + "/models/".length))

const ofDeployment = (asked: string) => {
  const handler = deployed(asked)
  return handler === undefined ? Endpoint.notFound : Handler.route(handler, asked)
}

const isDeployed = (path: string): boolean => deployed(path) !== undefined

const modelsAt = ["/v1/models", "/models", "/openai/v1/models", "/openai/models"] as const

/** What callers may ask, in every protocol, and which models there are, below a path of a host's. */
export const routesAt = (prefix: Endpoint.Prefix): HttpRouter.HttpRouter<never, Services> => {
  const add = Endpoint.add(prefix)
  const protocols = handlers.reduce<HttpRouter.HttpRouter<never, Services>>(
    (router, [path, handler]) => add("POST", path, (asked) => Handler.route(handler, asked))(router),
    HttpRouter.empty
  )
  const deployments = add("POST", `${Deployments.under}*`, ofDeployment, isDeployed)(protocols)
  return modelsAt.reduce<HttpRouter.HttpRouter<never, Services>>(
    (router, path) =>
      router.pipe(
        add("GET", path, () => models),
        add("GET", `${path}/*`, model)
      ),
    deployments
  )
}
