import * as HttpRouter from "@effect/platform/HttpRouter"
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { ConfigRef } from "../config/ConfigRef.js"
import * as ChatRequest from "../domain/ChatRequest.js"
import type { RequestLog } from "../log/RequestLog.js"
import type * as Attempt from "../upstream/Attempt.js"
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
  readonly answer: Attempt.Answer
}

const complete = (kind: ChatRequest.Kind) =>
  Exchange.handle(
    kind,
    Effect.fnUntraced(function* ({ incoming, journal, snapshot }: Exchange.Exchange) {
      const text = yield* RequestBody.read(incoming, snapshot.config.server.maxBody)
      const request = yield* ChatRequest.decode(kind, text)
      journal.request = request
      const answer = yield* Forwarder.forward(request, snapshot.routes, journal)
      const forwarded: Forwarded = { request, answer }
      return forwarded
    }),
    ({ journal, snapshot }, { answer, request }, sink) =>
      Relay.relay({ request, answer, sink, journal, keepalive: snapshot.config.server.keepalive })
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
  return yield* Respond.json(200, { object: "list", data: yield* ModelCatalog.list(routes, headers) })
})

const under = (prefix: "" | "/v1") =>
  HttpRouter.empty.pipe(
    Route.add("POST", `${prefix}/chat/completions`, Exchange.route(chat)),
    Route.add("POST", `${prefix}/completions`, Exchange.route(completion)),
    Route.add("GET", `${prefix}/models`, models)
  )

/** The OpenAI endpoints, with and without `/v1`. */
export const routes: HttpRouter.HttpRouter<never, Services> = HttpRouter.concat(under("/v1"), under(""))
