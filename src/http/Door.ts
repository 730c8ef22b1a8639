import { IncomingMessage } from "node:http"
import type { ServerResponse } from "node:http"
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import type * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as Effect from "effect/Effect"
import * as Runtime from "effect/Runtime"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { ConfigRef } from "../config/ConfigRef.js"
import * as Cors from "../domain/caller/Cors.js"
import * as Doorkeeper from "../domain/caller/Doorkeeper.js"
import * as WireError from "../domain/failure/WireError.js"
import * as RequestId from "../exchange/RequestId.js"
import * as Respond from "./Respond.js"

/** Whether a request may come in; whoever may not has been answered. */
export type Door = (incoming: IncomingMessage, response: ServerResponse) => boolean

/** The door of a server of our own: requests are judged as soon as their heads are there, by the settings of that moment. */
export const make: Effect.Effect<Door, never, ConfigRef | Scope.Scope> = Effect.gen(function* () {
  const config = yield* ConfigRef
  const log = Runtime.runFork(yield* Effect.runtime<never>())
  let settings = (yield* config.current).config.server
  yield* Effect.forkScoped(
    Stream.runForEach(config.changes, (snapshot) => Effect.sync(() => (settings = snapshot.config.server)))
  )
  return (incoming, response) => {
    const refused = Doorkeeper.of(settings).refusal(incoming, incoming.socket.localAddress)
    if (refused === undefined) return true
    log(tell(refused))
    send(response, WireError.fromRefused(refused), Cors.headersFor(incoming.headers.origin, settings))
    return false
  }
})

/**
 * A handler behind the door of the settings in force, for the routes in a host's server. By which names that is asked is
 * the host's concern, unless `server.hosts` lists them.
 */
export const guard = <R>(
  handler: Effect.Effect<HttpServerResponse.HttpServerResponse, never, R>
): Effect.Effect<HttpServerResponse.HttpServerResponse, never, R | ConfigRef | HttpServerRequest.HttpServerRequest> =>
  Effect.flatMap(
    judged,
    (
      refused
    ): Effect.Effect<
      HttpServerResponse.HttpServerResponse,
      never,
      R | ConfigRef | HttpServerRequest.HttpServerRequest
    > =>
      refused === undefined ? handler : Effect.zipRight(tell(refused), Respond.error(WireError.fromRefused(refused)))
  )

const judged = Effect.gen(function* () {
  const request = yield* HttpServerRequest.HttpServerRequest
  const { server } = (yield* (yield* ConfigRef).current).config
  const incoming = request.source instanceof IncomingMessage ? request.source : undefined
  const address = server.hosts.length === 0 ? undefined : incoming?.socket.localAddress
  const visitor = { method: request.method, headers: request.headers, rawHeaders: incoming?.rawHeaders ?? [] }
  return Doorkeeper.of(server).refusal(visitor, address)
})

// A proxy whose name is not listed has all of its requests refused, which leave no row: the first of each kind is told.
const tell = (refused: Doorkeeper.Refused): Effect.Effect<void> => {
  const line = `Refused: ${refused.message}`
  if (told.has(line) || told.size >= mostTold) return Effect.logDebug(line)
  told.add(line)
  return Effect.logWarning(line)
}

const told = new Set<string>()

const mostTold = 100

const send = (response: ServerResponse, { error, status }: WireError.WireError, cors: Record<string, string>): void => {
  const body = JSON.stringify({ error })
  response.writeHead(status, {
    "content-type": "application/json",
    "content-length": Buffer.byteLength(body),
    "x-request-id": RequestId.make(),
    ...cors
  })
  response.end(body)
}
