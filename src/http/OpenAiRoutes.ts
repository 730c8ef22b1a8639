import type { IncomingMessage } from "node:http"
import * as HttpRouter from "@effect/platform/HttpRouter"
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { ConfigRef } from "../config/ConfigRef.js"
import * as ChatRequest from "../domain/chat/ChatRequest.js"
import { ModelNotFound } from "../domain/failure/Failure.js"
import * as WireError from "../domain/failure/WireError.js"
import * as Completion from "../exchange/Completion.js"
import type { Drain } from "../exchange/Drain.js"
import type { Exchange } from "../exchange/Exchange.js"
import type { RequestLog } from "../records/RequestLog.js"
import type { Backends } from "../upstream/Backends.js"
import * as ModelCatalog from "../upstream/ModelCatalog.js"
import * as Handler from "./Handler.js"
import * as RequestBody from "./RequestBody.js"
import * as Respond from "./Respond.js"
import * as Endpoint from "./Endpoint.js"

/** What the routes work with. */
export type Services = Backends | ConfigRef | Drain | RequestLog

const complete = (kind: ChatRequest.Kind) =>
  Handler.handle(kind, {
    receive: (exchange: Exchange, incoming: IncomingMessage) =>
      Effect.flatMap(RequestBody.read(incoming, exchange), (text) =>
        ChatRequest.decode(kind, text, exchange.snapshot.config.server.maxValues)
      ),
    forward: Completion.forward,
    relay: (exchange, forwarded, sink) =>
      Completion.relay(exchange, forwarded, sink, exchange.snapshot.config.server.keepalive)
  })

const chat = complete("chat")
const completion = complete("completion")

/** What is posted to the completion endpoints, by path: for a server that needs no router for them. */
export const completions: ReadonlyMap<string, Handler.Handler<Services>> = new Map([
  ["/v1/chat/completions", chat],
  ["/chat/completions", chat],
  ["/v1/completions", completion],
  ["/completions", completion]
])

const models = Effect.gen(function* () {
  const { headers } = yield* HttpServerRequest.HttpServerRequest
  const { routes } = yield* (yield* ConfigRef).current
  return yield* Respond.json(200, { object: "list", data: yield* ModelCatalog.list(routes.backends, headers) })
})

const model = Effect.gen(function* () {
  const { headers, url } = yield* HttpServerRequest.HttpServerRequest
  const { routes } = yield* (yield* ConfigRef).current
  const id = idIn(Endpoint.pathOf(url))
  const found = yield* ModelCatalog.find(routes, headers, id)
  return yield* Option.isSome(found)
    ? Respond.json(200, found.value)
    : Respond.error(WireError.fromFailure(new ModelNotFound({ model: id })))
})

// The ids of some models have slashes, which clients encode or not. The router would make one of two.
const idIn = (path: string): string => {
  const id = path.slice(path.indexOf("/models/") + "/models/".length)
  try {
    return decodeURIComponent(id)
  } catch {
    return id
  }
}

const under = (prefix: "" | "/v1") =>
  HttpRouter.empty.pipe(
    Endpoint.add("POST", `${prefix}/chat/completions`, Handler.route(chat)),
    Endpoint.add("POST", `${prefix}/completions`, Handler.route(completion)),
    Endpoint.add("GET", `${prefix}/models`, models),
    Endpoint.add("GET", `${prefix}/models/*`, model)
  )

/** The OpenAI endpoints, with and without `/v1`. */
export const routes: HttpRouter.HttpRouter<never, Services> = HttpRouter.concat(under("/v1"), under(""))
