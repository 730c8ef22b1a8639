import { once } from "node:events"
import * as net from "node:net"
import * as tls from "node:tls"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"

/** A server that knows nothing of HTTP: a test reads and writes the bytes itself. */
export interface RawServer {
  readonly port: number
  /** Every socket that it ever had. */
  readonly sockets: ReadonlyArray<net.Socket>
}

/** Starts a server that is told of every read; its sockets close with the scope. */
export const make = (
  onRead: (socket: net.Socket, text: string) => void,
  { secure }: { readonly secure?: tls.TlsOptions } = {}
): Effect.Effect<RawServer, never, Scope.Scope> =>
  Effect.gen(function* () {
    const sockets: Array<net.Socket> = []
    const accept = (socket: net.Socket) => {
      sockets.push(socket)
      socket.on("error", () => {})
      socket.on("data", (bytes) => onRead(socket, bytes.toString("latin1")))
    }
    const server = secure === undefined ? net.createServer(accept) : tls.createServer(secure, accept)
    server.on("tlsClientError", () => {})
    server.listen(0, "127.0.0.1")
    yield* Effect.promise(() => once(server, "listening"))
    yield* Effect.addFinalizer(() =>
      Effect.sync(() => {
        for (const socket of sockets) socket.destroy()
        server.close()
      })
    )
    const address = server.address()
    return { port: typeof address === "object" && address !== null ? address.port : 0, sockets }
  })
