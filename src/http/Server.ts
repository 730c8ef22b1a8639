import * as http from "node:http"
import * as HttpMiddleware from "@effect/platform/HttpMiddleware"
import type * as HttpServer from "@effect/platform/HttpServer"
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Runtime from "effect/Runtime"
import * as RuntimeFlags from "effect/RuntimeFlags"
import * as Stream from "effect/Stream"
import { ConfigRef } from "../config/ConfigRef.js"
import type { Snapshot } from "../config/ConfigRef.js"
import { ListenFailed } from "../domain/failure/Failure.js"
import type { ServerSettings } from "../domain/config/GatewayConfig.js"
import type { Drain } from "../exchange/Drain.js"
import * as Stopping from "../exchange/Stopping.js"
import * as CallerConnection from "./CallerConnection.js"
import * as ClientError from "./ClientError.js"
import * as Continuing from "./Continuing.js"
import * as Door from "./Door.js"
import * as Incoming from "./Incoming.js"
import * as ApiRoutes from "./ApiRoutes.js"
import * as HandOver from "./HandOver.js"
import * as Lingering from "./Lingering.js"
import * as Routes from "./Routes.js"
import * as RequestBody from "./RequestBody.js"

/** Where the server listens; port 0 takes a free one. */
export interface Options {
  readonly host: string
  readonly port: number
  /**
   * A file of this process that is a listening socket, in place of a host and a port. Others may have it too, so when the
   * layer closes nobody is refused: whoever still asks over a connection gets an answer, and comes back over another one.
   */
  readonly socket?: number | undefined
}

/** So many connections may wait to be accepted, as far as the system allows; a burst beyond Node's 511 would be reset. */
const backlog = 4_096

/**
 * Serves the gateway on a socket of its own. When the layer closes it stops accepting, lets the running exchanges end
 * for up to `server.drain`, and cuts the rest.
 */
export const layer = (options: Options): Layer.Layer<HttpServer.HttpServer, ListenFailed, ApiRoutes.Services> =>
  Layer.suspend(() => {
    const server = create()
    // Built last, the drain is the first to be finalized: until it is over, whoever still asks gets an answer.
    const { host, port, socket } = options
    const place = socket === undefined ? { host, port, backlog } : { fd: socket, backlog }
    return (socket === undefined ? drained(server) : HandOver.layer(server)).pipe(
      Layer.provide(served(server)),
      Layer.provideMerge(
        Layer.mapError(
          NodeHttpServer.layer(() => server, place),
          ({ cause }) => new ListenFailed({ host, port, socket, cause })
        )
      )
    )
  })

/** A server that does not listen yet. */
export const create = (): http.Server => {
  const server = http.createServer({
    // Of a connection on which nothing comes, or no whole head; looked at every five seconds.
    headersTimeout: 20_000,
    connectionsCheckingInterval: 5_000,
    // Whoever reads a body watches over it, and answers; this is for those that nobody reads.
    requestTimeout: RequestBody.longest + 30_000,
    // OpenAI recommends to stay below 64 KiB of headers.
    maxHeaderSize: 64 * 1024
  })
  ClientError.answer(server)
  Lingering.arm(server)
  // Once it listens, it may still lack a file for another connection; whoever begins to listen hears for itself.
  server.on("error", () => {})
  return server
}

/** So many connections of callers may be open; another one is closed at once. Most are idle, or send a request. */
const mostConnections = ({ maxInFlight, queue }: ServerSettings): number =>
  Math.max(fewestConnections, 2 * maxInFlight + queue.size)

const fewestConnections = 256

/** Answers a server's requests. A span for each would cost more than the gateway's work; hosts that trace mount the routes. */
export const served = (server: http.Server): Layer.Layer<never, never, ApiRoutes.Services> =>
  HttpMiddleware.withTracerDisabledWhen(routed(server), () => true)

// The completions take the short way: the router and the request's services would cost them more than their own work.
const routed = (server: http.Server): Layer.Layer<never, never, ApiRoutes.Services> =>
  Layer.scopedDiscard(
    Effect.gen(function* () {
      const runtime = yield* Effect.runtime<ApiRoutes.Services>()
      const { changes, current } = yield* ConfigRef
      const bound = ({ config }: Snapshot) =>
        Effect.sync(() => {
          server.maxConnections = mostConnections(config.server)
          server.keepAliveTimeout = Duration.toMillis(config.server.idleTimeout)
        })
      yield* Effect.flatMap(current, bound)
      yield* Effect.forkScoped(Stream.runForEach(changes, bound))
      // Effect's own counts of fibers tell nothing that the records do not, and cost each exchange four metrics.
      const runFork = Runtime.runFork(Runtime.disableRuntimeFlag(runtime, RuntimeFlags.RuntimeMetrics))
      const admits = yield* Door.make
      const router = yield* NodeHttpServer.makeHandler(Routes.app)
      const answer = (incoming: http.IncomingMessage, response: http.ServerResponse): void => {
        if (!admits(incoming, response)) return
        const handler = incoming.method === "POST" ? ApiRoutes.posted(incoming.url ?? "") : undefined
        if (handler === undefined) return router(incoming, response)
        runFork(handler(Incoming.ofNode(incoming, response)))
      }
      const onRequest = (incoming: http.IncomingMessage, response: http.ServerResponse): void => {
        const connection = CallerConnection.of(incoming.socket)
        response.on("close", connection.done)
        connection.serve(incoming, () => answer(incoming, response))
      }
      // Whoever would be refused is told so before it sends its body.
      const onPatient = (incoming: http.IncomingMessage, response: http.ServerResponse): void => {
        Continuing.hold(incoming, response)
        onRequest(incoming, response)
      }
      yield* Effect.acquireRelease(
        Effect.sync(() => server.on("request", onRequest).on("checkContinue", onPatient)),
        () => Effect.sync(() => server.off("request", onRequest).off("checkContinue", onPatient))
      )
    })
  )

const drained = (server: http.Server): Layer.Layer<never, never, Drain | ConfigRef> =>
  Layer.scopedDiscard(
    Effect.gen(function* () {
      yield* Effect.addFinalizer(() => Effect.sync(() => server.closeAllConnections()))
      yield* Stopping.announced(Effect.sync(() => server.close()))
    })
  )
