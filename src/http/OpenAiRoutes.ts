import * as HttpRouter from "@effect/platform/HttpRouter"
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import { ConfigRef } from "../config/ConfigRef.js"
import * as ChatRequest from "../domain/ChatRequest.js"
import { ModelNotFound } from "../domain/Failure.js"
import * as WireError from "../domain/WireError.js"
import type { RequestLog } from "../log/RequestLog.js"
import type { Backends } from "../upstream/Backends.js"
import * as Forwarder from "../upstream/Forwarder.js"
import * as ModelCatalog from "../upstream/ModelCatalog.js"
import * as Relay from "../upstream/Relay.js"
import type { Drain } from "./Drain.js"
import * as Exchange from "./Exchange.js"
import * as RequestBody from "./RequestBody.js"
import * as Respond from "./Respond.js"
import * as Route from "./Route.js"

/** What the routes work with. */
export type Services = Backends | ConfigRef | Drain | RequestLog

interface Forwarded {
  readonly request: ChatRequest.ChatRequest
  readonly answer: Forwarder.Forwarded
}

const complete = (kind: ChatRequest.Kind) =>
  Exchange.handle(
    kind,
    Effect.fnUntraced(function* ({ incoming, journal, snapshot }: Exchange.Exchange) {
      const text = yield* RequestBody.read(incoming, snapshot.config.server.maxBody)
      const request = yield* ChatRequest.decode(kind, text)
      journal.request = request
      const answer = yield* Forwarder.forward({
        request,
        routes: snapshot.routes,
        journal,
        queue: snapshot.config.server.queue
      })
      const forwarded: Forwarded = { request, answer }
      return forwarded
    }),
    ({ beforeEnd, journal, snapshot }, { answer, request }, sink) =>
      Relay.relay({
        request,
        answer,
        sink,
        journal,
        beforeEnd,
        keepalive: snapshot.config.server.keepalive,
        keep: snapshot.config.log.maxBody
      })
  )

const chat = complete("chat")
const completion = complete("completion")

/** What is posted to the completion endpoints, by path: for a server that needs no router for them. */
export const completions: ReadonlyMap<string, Exchange.Handler<Services | Scope.Scope>> = new Map([
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
  const { headers } = yield* HttpServerRequest.HttpServerRequest
  const { routes } = yield* (yield* ConfigRef).current
  // The ids of some models have slashes, which clients encode or not: the router has decoded them.
  const { "*": id = "" } = yield* HttpRouter.params
  const found = yield* ModelCatalog.find(routes, headers, id)
  return yield* Option.isSome(found)
    ? Respond.json(200, found.value)
    : Respond.error(WireError.fromFailure(new ModelNotFound({ model: id })))
})

const under = (prefix: "" | "/v1") =>
  HttpRouter.empty.pipe(
    Route.add("POST", `${prefix}/chat/completions`, Exchange.route(chat)),
    Route.add("POST", `${prefix}/completions`, Exchange.route(completion)),
    Route.add("GET", `${prefix}/models`, models),
    Route.add("GET", `${prefix}/models/*`, model)
  )

/** The OpenAI endpoints, with and without `/v1`. */
export const routes: HttpRouter.HttpRouter<never, Services> = HttpRouter.concat(under("/v1"), under(""))
