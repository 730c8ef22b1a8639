import type * as http from "node:http"
import type * as net from "node:net"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"

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
