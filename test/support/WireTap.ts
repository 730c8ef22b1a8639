import * as diagnostics from "node:diagnostics_channel"
import * as http from "node:http"
import type * as net from "node:net"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as JsonObject from "../../src/domain/json/JsonObject.js"
import { parse } from "./Caller.js"
import * as WireContract from "./WireContract.js"
import type { Conversation } from "../../src/domain/operation/Operation.js"

/** Listens to one server of this process from inside: what it reads, and what it writes to its sockets. */
export interface WireTap {
  /** Listens to the server on this port from now on. */
  readonly listen: (port: number) => void
}

/** Checks every response of a server against the wire contract; when the scope closes, it fails for those that break it. */
export const make: Effect.Effect<WireTap, never, Scope.Scope> = Effect.gen(function* () {
  const problems: Array<string> = []
  const open = new Set<() => void>()
  let port: number | undefined

  const onRequest = (message: unknown) => {
    const { request, response } = JsonObject.orEmpty(message)
    if (!(request instanceof http.IncomingMessage && isResponse(response))) return
    if (request.socket.localPort !== port) return
    const verdict = record(request, response)
    const settle = () => {
      if (open.delete(settle)) problems.push(...verdict())
    }
    open.add(settle)
    response.on("close", settle)
  }

  yield* Effect.acquireRelease(
    Effect.sync(() => diagnostics.subscribe("http.server.request.start", onRequest)),
    () =>
      Effect.sync(() => {
        diagnostics.unsubscribe("http.server.request.start", onRequest)
        for (const settle of open) settle()
        if (problems.length > 0) throw new Error(`The gateway broke the wire contract:\n${problems.join("\n")}`)
      })
  )
  return { listen: (of) => (port = of) }
})

const isResponse = (value: unknown): value is http.ServerResponse => value instanceof http.ServerResponse

/** Records an exchange; the result says what was wrong with it. */
const record = (request: http.IncomingMessage, response: http.ServerResponse): (() => WireContract.Problems) => {
  const asked: Array<Buffer> = []
  const written: Array<Buffer> = []
  watch(request, "push", ([piece]) => keep(asked, piece, "utf8"))
  // The connection is the response's own from here on, until it has ended.
  response.on("socket", (socket: net.Socket) => {
    watch(socket, "write", ([piece, encoding]) => keep(written, piece, encoding === "latin1" ? "latin1" : "utf8"))
    for (const event of ["finish", "close"]) response.on(event, () => Reflect.deleteProperty(socket, "write"))
  })
  return () => {
    if (!response.headersSent || request.method === "HEAD") return []
    const { statusCode: status, writableFinished: whole } = response
    const { broken, ended, sent, type } = read(Buffer.concat(written), whole)
    const found = check({ url: request.url ?? "", asked: textOf(asked), status, type, sent, whole, ended })
    const problems = broken === undefined ? found : [broken]
    return problems.map((problem) => `${request.method} ${request.url} ${status}: ${problem}`)
  }
}

interface Exchange {
  readonly url: string
  readonly asked: string
  readonly status: number
  readonly type: string
  readonly sent: string
  /** Whether the response was sent to its end. */
  readonly whole: boolean
  /** Whether the framing says that the body is whole. */
  readonly ended: boolean
}

const check = ({ asked, ended, sent, status, type, url, whole }: Exchange): WireContract.Problems => {
  const typed = (expected: string) => (type.startsWith(expected) ? [] : [`content-type ${type}`])
  const operation = operationOf(url)
  const isStream = operation !== undefined && status === 200 && parse(asked)["stream"] === true
  // Sound that broke off has no other way to say so.
  if (whole && !isStream && !isMedia(url) && !ended) return ["no last chunk"]
  if (status >= 400) return whole ? [...typed("application/json"), ...WireContract.checkError(sent)] : []
  if (operation === undefined || status !== 200) return []
  const body = parse(asked)
  if (body["stream"] !== true)
    return whole
      ? [
          ...typed("application/json"),
          ...WireContract.checkWhole(operation, sent),
          ...WireContract.checkInside(operation, sent)
        ]
      : []
  const includeUsage = JsonObject.orEmpty(body["stream_options"])["include_usage"] === true
  const problems = WireContract.checkStream({ operation, includeUsage }, sent, !whole)
  // What failed must not look whole, not even to whoever does not know its last frame.
  if (whole && ended !== sent.endsWith("data: [DONE]\n\n"))
    return [ended ? "a failure that looks whole" : "no last chunk"]
  return [...typed("text/event-stream; charset=utf-8"), ...problems, ...WireContract.checkInside(operation, sent)]
}

const isMedia = (url: string): boolean => /\/(?:audio|images)\//.test(url)

const operationOf = (url: string): Conversation | undefined =>
  /^(\/v1)?\/chat\/completions/.test(url) ? "chat" : /^(\/v1)?\/completions/.test(url) ? "text" : undefined

interface Read {
  readonly type: string
  readonly sent: string
  /** Whether the framing says that the body is whole; where there is none, nothing does. */
  readonly ended: boolean
  /** What is wrong with the framing. */
  readonly broken?: string
}

/** Reads a response as it was written to its socket; only one that is not whole may end in the middle of a chunk. */
const read = (written: Buffer, whole: boolean): Read => {
  const end = written.indexOf("\r\n\r\n")
  const head = written.subarray(0, end).toString("latin1")
  if (/^HTTP\/1.1 1/.test(head)) return read(written.subarray(end + 4), whole)
  const type = /^content-type: *(.*)$/im.exec(head)?.[1] ?? ""
  const body = written.subarray(end + 4)
  if (!/^transfer-encoding: *chunked$/im.test(head)) return { type, sent: body.toString("utf8"), ended: true }
  const pieces: Array<Buffer> = []
  for (let at = 0; at < body.length;) {
    const [line, size] = /^([0-9a-f]+)\r\n/.exec(body.subarray(at, at + 12).toString("latin1")) ?? []
    if (line === undefined || size === undefined) return { type, sent: "", ended: false, broken: `no chunk at ${at}` }
    const from = at + line.length
    at = from + parseInt(size, 16)
    pieces.push(body.subarray(from, at))
    const ended = at >= body.length ? !whole : body.subarray(at, at + 2).toString() === "\r\n"
    if (!ended) return { type, sent: "", ended, broken: `the chunk before ${at} does not end there` }
    at += 2
    if (size === "0" && at !== body.length) return { type, sent: "", ended: true, broken: "bytes after the last chunk" }
  }
  return { type, sent: textOf(pieces), ended: body.subarray(-5).equals(lastChunk) }
}

const lastChunk = Buffer.from("0\r\n\r\n")

const keep = (pieces: Array<Buffer>, piece: unknown, encoding: BufferEncoding): void => {
  if (typeof piece === "string") pieces.push(Buffer.from(piece, encoding))
  else if (piece instanceof Uint8Array) pieces.push(Buffer.from(piece))
}

const textOf = (pieces: ReadonlyArray<Buffer>): string => Buffer.concat(pieces).toString("utf8")

/** Sees the arguments of every call of a method. */
export const watch = (target: object, key: string, see: (args: ReadonlyArray<unknown>) => void): void => {
  const method: unknown = Reflect.get(target, key)
  if (typeof method !== "function") throw new Error(`no method ${key}`)
  Reflect.set(target, key, (...args: ReadonlyArray<unknown>) => {
    see(args)
    const result: unknown = Reflect.apply(method, target, args)
    return result
  })
}
