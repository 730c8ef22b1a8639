import type * as http from "node:http"
import * as net from "node:net"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { ConfigRef } from "../config/ConfigRef.js"
import { Drain } from "../exchange/Drain.js"
import * as Stopping from "../exchange/Stopping.js"

/** The connections of a server that are open. */
export interface Connections {
  /** Counts one in, until it is closed. */
  readonly add: (socket: net.Socket) => void
  readonly size: () => number
  /** Ends when there are none. */
  readonly empty: Effect.Effect<void>
}

/** How long a connection that is used no more is kept by who serves no more. */
const lastKeepAlive = Duration.seconds(5)

/** No connection yet. */
export const connections = (): Connections => {
  const open = new Set<net.Socket>()
  let onEmpty = () => {}
  return {
    add: (socket) => {
      open.add(socket)
      socket.on("close", () => {
        open.delete(socket)
        if (open.size === 0) onEmpty()
      })
    },
    size: () => open.size,
    empty: Effect.async<void>((resume) => {
      onEmpty = () => resume(Effect.void)
      if (open.size === 0) onEmpty()
    })
  }
}

/**
 * When the layer closes another process goes on with the socket of the server, and has what waits there: nobody is
 * refused, and whoever still asks over a connection gets an answer, and comes back over another one.
 */
export const layer = (server: http.Server): Layer.Layer<never, never, Drain | ConfigRef> =>
  Layer.scopedDiscard(
    Effect.gen(function* () {
      const drain = yield* Drain
      const config = yield* ConfigRef
      const open = connections()
      server.on("connection", open.add)
      yield* Effect.addFinalizer(() =>
        Effect.gen(function* () {
          const { drain: deadline } = (yield* config.current).config.server
          // A server of HTTP would close what is idle, on which a request may be on its way.
          net.Server.prototype.close.call(server)
          answerLast(server)
          const [took] = yield* Effect.timed(emptied(open, deadline))
          yield* drain.drain(Duration.subtract(deadline, took))
          server.closeAllConnections()
        }).pipe(Stopping.inRealTime)
      )
    })
  )

/** From now on each answer is the last one of its connection, and tells the caller so. */
export const answerLast = (server: http.Server): void => {
  server.keepAliveTimeout = Duration.toMillis(lastKeepAlive)
  server.prependListener("request", (_, response: http.ServerResponse) => void (response.shouldKeepAlive = false))
}

/** Waits until all connections are closed, time is up or something else ends. */
export const emptied = (
  { empty }: Connections,
  deadline: Duration.Duration,
  unless: Effect.Effect<void> = Effect.never
): Effect.Effect<void> =>
  // Within the timeout's own fiber: this one may have been interrupted.
  empty.pipe(Effect.raceFirst(unless), Effect.interruptible, Effect.timeoutOption(deadline), Effect.asVoid)
