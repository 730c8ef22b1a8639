import * as HttpRouter from "@effect/platform/HttpRouter"
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import { ConfigRef } from "../config/ConfigRef.js"
import type { Ask } from "../domain/chat/Ask.js"
import type { Asking, ClientProtocol } from "../domain/protocol/ClientProtocol.js"
import * as Deployments from "../domain/protocol/Deployments.js"
import * as PathSegment from "../domain/wire/PathSegment.js"
import type { MediaClient } from "../domain/protocol/openai-media/OpenAiMediaClient.js"
import type { PlainClient } from "../domain/protocol/openai-plain/OpenAiPlainClient.js"
import * as Protocols from "../domain/protocol/Protocols.js"
import { ModelNotFound } from "../domain/failure/Failure.js"
import * as WireError from "../domain/failure/WireError.js"
import * as Exchange from "../exchange/Exchange.js"
import * as Delivery from "../relay/Delivery.js"
import * as PassRelay from "../relay/PassRelay.js"
import * as Relay from "../relay/Relay.js"
import type { ResponseSink } from "../relay/ResponseSink.js"
import * as BytesReader from "../upstream/attempt/BytesReader.js"
import * as ChatReader from "../upstream/attempt/ChatReader.js"
import * as JsonReader from "../upstream/attempt/JsonReader.js"
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
const completion = (protocol: ClientProtocol): Handler.Handler<Services> => {
  const reader = ChatReader.of(protocol.operation)
  const deliveryOf = (exchange: Exchange.Exchange, ask: Ask, sink: ResponseSink): Delivery.Expecting =>
    (exchange.delivery ??= Delivery.written(protocol.encoder(ask), sink, exchange.snapshot.config.server.keepalive))

  return Handler.handle(protocol, {
    receive,
    expect: (exchange, ask, sink) => {
      if (ask.stream) deliveryOf(exchange, ask, sink).expect()
    },
    obtain: (exchange, ask) =>
      Effect.flatMap(Forwarder, ({ forward }): Effect.Effect<Committed, ForwardFailure> =>
        ask.stream ? forward(exchange, ask, reader.streamed) : forward(exchange, ask, reader.whole)
      ),
    relay: (exchange, committed, sink) =>
      isWhole(committed)
        ? Relay.relayWhole(exchange, committed, protocol.encoder(committed.ask).whole, sink)
        : Relay.relayStream(exchange, committed, deliveryOf(exchange, committed.ask, sink))
  })
}

const receive = (exchange: Exchange.Exchange, incoming: Incoming) =>
  Effect.flatMap(incoming.body(exchange), (text) =>
    Exchange.decode(exchange, text, Deployments.at(incoming.path)?.model)
  )

/** What is asked in one JSON object and answered in one. */
const plain = (client: PlainClient): Handler.Handler<Services> => {
  const reader = JsonReader.of(client.plain)
  return Handler.handle(client, {
    receive,
    obtain: (exchange, ask) => Effect.flatMap(Forwarder, ({ forward }) => forward(exchange, ask, reader)),
    relay: (exchange, committed, sink) => Relay.relayWhole(exchange, committed, ({ text }) => text, sink)
  })
}

const receiveForm =
  ({ decodeForm }: MediaClient) =>
  (exchange: Exchange.Exchange, incoming: Incoming) =>
    Effect.flatMap(incoming.form(exchange), (form) =>
      Either.map(decodeForm(form, Deployments.at(incoming.path)?.model), (ask) => (exchange.journal.ask = ask))
    )

/** What is asked with sound or images, or answered with them. */
const media = (client: MediaClient): Handler.Handler<Services> => {
  const reader = BytesReader.of(client.media)
  return Handler.handle(client, {
    receive: client.media.request === "form" ? receiveForm(client) : receive,
    obtain: (exchange, ask) => Effect.flatMap(Forwarder, ({ forward }) => forward(exchange, ask, reader)),
    relay: PassRelay.relay
  })
}

/** An answer that can be committed to, as it was asked for. */
type Committed = Forwarded<ChatReader.Streamed> | Forwarded<ChatReader.Whole>

const isWhole = (committed: Committed): committed is Forwarded<ChatReader.Whole> =>
  committed.answer.content._tag === "Whole"

const byProtocol = new Map<Asking, Handler.Handler<Services>>([
  ...Protocols.clients.map((client) => [client, completion(client)] as const),
  ...Protocols.plain.map((client) => [client, plain(client)] as const),
  ...Protocols.media.map((client) => [client, media(client)] as const)
])

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
