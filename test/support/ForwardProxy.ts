import { once } from "node:events"
import * as http from "node:http"
import * as net from "node:net"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"

/** A forward proxy that leads every host to the loopback. */
export interface ForwardProxy {
  readonly url: string
  /** Each request that it was sent: `CONNECT host:port`, or a method and a whole URL, with what it was shown. */
  readonly asked: ReadonlyArray<{ readonly line: string; readonly authorization: string | undefined }>
}

/** How it answers: as it should, only with these credentials, or not at all. */
export interface Options {
  readonly credentials?: string
  readonly manner?: "well" | "hangs up" | "silent" | "forbids"
}

/** Starts a proxy; what it holds closes with the scope. */
export const make = ({ credentials, manner = "well" }: Options = {}): Effect.Effect<ForwardProxy, never, Scope.Scope> =>
  Effect.gen(function* () {
    const asked: Array<ForwardProxy["asked"][number]> = []
    const sockets = new Set<net.Socket>()
    const wanted = credentials === undefined ? undefined : `Basic ${Buffer.from(credentials).toString("base64")}`
    const admits = ({ headers, method, url }: http.IncomingMessage) => {
      const authorization = headers["proxy-authorization"]
      asked.push({ line: `${method} ${url}`, authorization })
      return wanted === undefined || authorization === wanted
    }
    const server = http.createServer((request, response) => {
      if (!admits(request)) return void response.writeHead(407, { "proxy-authenticate": "Basic" }).end("who are you?")
      const { pathname, port, search } = new URL(request.url ?? "")
      const headers = { ...request.headers }
      delete headers["proxy-authorization"]
      const onward = http.request(
        { host: "127.0.0.1", port, method: request.method, path: pathname + search, headers },
        (answer) => answer.pipe(response.writeHead(answer.statusCode ?? 502, answer.headers))
      )
      onward.on("error", () => response.writeHead(502).end())
      request.pipe(onward)
    })
    server.on("connection", (socket) => {
      sockets.add(socket)
      socket.on("error", () => {})
    })
    server.on("connect", (request, socket) => {
      const isAdmitted = admits(request)
      if (manner === "silent") return
      if (manner === "hangs up") return void socket.destroy()
      if (manner === "forbids") return void socket.end("HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n")
      if (!isAdmitted) return void socket.end("HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 0\r\n\r\n")
      const onward = net.connect(Number(request.url?.split(":")[1]), "127.0.0.1", () => {
        socket.write("HTTP/1.1 200 Connection established\r\n\r\n")
        socket.pipe(onward).pipe(socket)
      })
      sockets.add(onward)
      onward.on("error", () => socket.destroy())
      socket.on("error", () => onward.destroy())
    })
    server.listen(0, "127.0.0.1")
    yield* Effect.promise(() => once(server, "listening"))
    yield* Effect.addFinalizer(() =>
      Effect.sync(() => {
        for (const socket of sockets) socket.destroy()
        server.close()
      })
    )
    const address = server.address()
    return { url: `127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}`, asked }
  })
