import * as http from "node:http"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as JsonObject from "../../src/domain/json/JsonObject.js"
import * as Option from "effect/Option"
import * as Script from "../../src/testing/Script.js"

export const { answerWell, chunk, completion, eventsOf, usageChunk } = Script

/** A request as the upstream received it. */
export interface Received extends Script.Received {
  readonly headers: http.IncomingHttpHeaders
  /** The body as it came. */
  readonly text: string
  readonly bytes: Buffer
}

/** One request to the upstream, and the means to answer it in any way, however wrong. */
export interface Call extends Script.Call {
  readonly received: Received
  readonly response: http.ServerResponse
}

/** An upstream whose every answer a test writes itself, on a real socket. */
export interface ScriptedUpstream {
  /** Its `base_url`. */
  readonly url: string
  readonly received: Array<Received>
  /** Sockets that are open now. */
  readonly sockets: () => number
  /** Requests whose response is not over and whose socket is open. */
  readonly busy: () => number
}

/** Starts an upstream that runs a script for every request; its sockets close with the scope. */
export const make = (
  script: (call: Call) => void | Promise<void>
): Effect.Effect<ScriptedUpstream, never, Scope.Scope> =>
  Effect.gen(function* () {
    const received: Array<Received> = []
    const open = new Set<object>()
    let busy = 0
    const server = http.createServer((request, response) => {
      const pieces: Array<Buffer> = []
      request.on("data", (bytes: Buffer) => pieces.push(bytes))
      request.on("end", () => {
        const bytes = Buffer.concat(pieces)
        const text = bytes.toString()
        const body = Option.getOrElse(JsonObject.parse(text), JsonObject.empty)
        const { headers, method = "", url: path = "" } = request
        busy++
        response.on("close", () => busy--)
        const number = received.push({ method, path, headers, body, text, bytes }) - 1
        void script(callOf({ method, path, headers, body, text, bytes }, number, response))
      })
    })
    server.on("connection", (socket) => {
      open.add(socket)
      socket.on("close", () => open.delete(socket))
    })
    yield* Effect.acquireRelease(
      Effect.async<void>((resume) => void server.listen(0, "127.0.0.1", () => resume(Effect.void))),
      () =>
        Effect.async<void>((resume) => {
          server.close(() => resume(Effect.void))
          server.closeAllConnections()
        })
    )
    return { url: `http://127.0.0.1:${portOf(server)}/v1`, received, sockets: () => open.size, busy: () => busy }
  })

/** The port that a server listens on. */
export const portOf = (server: http.Server): number => {
  const address = server.address()
  return typeof address === "object" && address !== null ? address.port : 0
}

const callOf = (received: Received, number: number, response: http.ServerResponse): Call => ({
  received,
  number,
  response,
  json: (status, body, headers = {}) => {
    response.writeHead(status, { "content-type": "application/json", ...headers })
    response.end(typeof body === "string" ? body : JSON.stringify(body))
  },
  open: () => {
    response.writeHead(200, { "content-type": "text/event-stream" })
    response.flushHeaders()
  },
  events: (...data) => {
    if (!response.headersSent) response.writeHead(200, { "content-type": "text/event-stream" })
    response.write(Script.eventsOf(data))
  },
  write: (text) => void response.write(text),
  end: () => void response.end(),
  destroy: () => void response.socket?.destroy(),
  closed: new Promise((resolve) => response.on("close", () => resolve()))
})
