import * as http from "node:http"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as JsonObject from "../../src/domain/JsonObject.js"
import * as Option from "effect/Option"

/** A request as the upstream received it. */
export interface Received {
  readonly method: string
  /** With the query. */
  readonly path: string
  readonly headers: http.IncomingHttpHeaders
  readonly body: JsonObject.JsonObject
}

/** One request to the upstream, and the means to answer it in any way, however wrong. */
export interface Call {
  readonly received: Received
  /** How many requests came before this one. */
  readonly number: number
  readonly json: (status: number, body: unknown, headers?: Readonly<Record<string, string>>) => void
  /** Sends the head of an event stream. */
  readonly open: () => void
  /** Sends one event each: an object as JSON, a string as it is. */
  readonly events: (...data: ReadonlyArray<object | string>) => void
  /** Sends bytes as they are. */
  readonly write: (text: string | Uint8Array) => void
  readonly end: () => void
  /** Closes the socket without a goodbye. */
  readonly destroy: () => void
  /** Resolves when the gateway's socket for this request is closed or its response is complete. */
  readonly closed: Promise<void>
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
        const body = Option.getOrElse(JsonObject.parse(Buffer.concat(pieces).toString()), JsonObject.empty)
        const { headers, method = "", url: path = "" } = request
        busy++
        response.on("close", () => busy--)
        const number = received.push({ method, path, headers, body }) - 1
        void script(callOf({ method, path, headers, body }, number, response))
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
    response.write(data.map((each) => `data: ${typeof each === "string" ? each : JSON.stringify(each)}\n\n`).join(""))
  },
  write: (text) => void response.write(text),
  end: () => void response.end(),
  destroy: () => void response.socket?.destroy(),
  closed: new Promise((resolve) => response.on("close", () => resolve()))
})

/** A chunk of a chat stream. */
export const chunk = (delta: object, finish: string | null = null, more: object = {}): object => ({
  id: "chatcmpl-1",
  object: "chat.completion.chunk",
  created: 1_700_000_000,
  model: "test-model",
  choices: [{ index: 0, delta, finish_reason: finish }],
  ...more
})

/** The usage chunk at the end of a stream. */
export const usageChunk = (prompt: number, completion: number): object =>
  chunk({}, null, {
    choices: [],
    usage: { prompt_tokens: prompt, completion_tokens: completion, total_tokens: prompt + completion }
  })

/** A whole chat answer. */
export const completion = (content: string, more: object = {}): object => ({
  id: "chatcmpl-1",
  object: "chat.completion",
  created: 1_700_000_000,
  model: "test-model",
  choices: [
    { index: 0, message: { role: "assistant", content, refusal: null }, logprobs: null, finish_reason: "stop" }
  ],
  usage: { prompt_tokens: 3, completion_tokens: 2, total_tokens: 5 },
  ...more
})

/** Answers a request well: a JSON answer, or the same as a stream of one chunk per word. */
export const answerWell =
  (content: string) =>
  (call: Call): void => {
    if (call.received.body["stream"] !== true) return call.json(200, completion(content))
    const words = content.match(/\s*\S+/g) ?? []
    call.events(chunk({ role: "assistant", content: "" }), ...words.map((word) => chunk({ content: word })))
    call.events(chunk({}, "stop"), usageChunk(3, words.length), "[DONE]")
    call.end()
  }
