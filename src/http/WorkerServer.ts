import type * as http from "node:http"
import type * as net from "node:net"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import { ConfigRef } from "../config/ConfigRef.js"
import { Drain } from "../exchange/Drain.js"
import type { Services } from "./ApiRoutes.js"
import * as HandOver from "./HandOver.js"
import * as Server from "./Server.js"

/** The way to whoever hands this worker connections, and tells those that serve together to stop. */
export interface PrimaryChannel {
  /** Begins to take connections; `open` tells how many of them are open. */
  readonly join: (take: (socket: net.Socket) => void, open: () => number) => Effect.Effect<void, never, Scope.Scope>
  /** Asks for no more connections; when it ends none is on its way. */
  readonly leave: Effect.Effect<void>
  /** Whether all workers are to stop, rather than this one alone. */
  readonly isStopping: () => boolean
  /** Ends when all workers are to stop. */
  readonly stopping: Effect.Effect<void>
  /** Ends when this one is to leave alone. */
  readonly leaving: Effect.Effect<void>
}

/**
 * Serves the gateway on connections that it is handed. When the layer closes because all are to stop, it does as
 * {@link Server.layer}. When this worker leaves alone, nobody is refused: whoever still asks it gets an answer, and is told
 * to come back over another connection.
 */
export const layer = (primary: PrimaryChannel): Layer.Layer<never, never, Services> =>
  Layer.suspend(() => {
    const server = Server.create()
    return manned(server, primary).pipe(Layer.provide(Server.served(server)))
  })

const manned = (server: http.Server, primary: PrimaryChannel): Layer.Layer<never, never, Drain | ConfigRef> =>
  Layer.scopedDiscard(
    Effect.gen(function* () {
      const drain = yield* Drain
      const config = yield* ConfigRef
      const open = HandOver.connections()
      const take = (socket: net.Socket) => {
        if (open.size() >= server.maxConnections) return void socket.destroy()
        open.add(socket)
        // As with a server's own connections, who has said all may still listen.
        socket.allowHalfOpen = true
        server.emit("connection", socket)
      }
      // It never listens itself, but from then on it watches over its connections' timeouts.
      server.emit("listening")
      yield* primary.join(take, open.size)
      yield* Effect.addFinalizer(() =>
        Effect.gen(function* () {
          const { server: settings } = (yield* config.current).config
          const [took, left] = yield* Effect.timed(handOver(server, primary, settings.drain, open))
          if (!left) {
            yield* drain.announce
            yield* Effect.sleep(settings.readyDelay)
            yield* primary.leave
          }
          server.close()
          yield* drain.drain(left ? Duration.subtract(settings.drain, took) : settings.drain)
          server.closeAllConnections()
        })
      )
    })
  )

// Answers on the connections that are there until all are closed, or time is up; false when all workers are to stop.
const handOver = (
  server: http.Server,
  primary: PrimaryChannel,
  deadline: Duration.Duration,
  open: HandOver.Connections
) =>
  Effect.gen(function* () {
    if (primary.isStopping()) return false
    HandOver.answerLast(server)
    yield* primary.leave
    yield* HandOver.emptied(open, deadline, primary.stopping)
    return !primary.isStopping()
  })
