import * as diagnostics from "node:diagnostics_channel"
import * as http from "node:http"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as JsonObject from "../../src/domain/JsonObject.js"
import { parse } from "./Caller.js"
import * as WireContract from "./WireContract.js"

/** Listens to one server of this process from inside, without touching its connections. */
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
  const sent: Array<Buffer> = []
  let type = ""
  watch(request, "push", ([piece]) => keep(asked, piece))
  watch(response, "write", ([piece]) => keep(sent, piece))
  watch(response, "end", ([piece]) => keep(sent, piece))
  watch(response, "writeHead", ([, headers]) => (type = String(JsonObject.orEmpty(headers)["content-type"])))
  return () => {
    if (!response.headersSent || request.method === "HEAD") return []
    const { statusCode: status, writableFinished: whole } = response
    const problems = check({ url: request.url ?? "", asked: textOf(asked), status, type, sent: textOf(sent), whole })
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
}

const check = ({ asked, sent, status, type, url, whole }: Exchange): WireContract.Problems => {
  const typed = (expected: string) => (type.startsWith(expected) ? [] : [`content-type ${type}`])
  const kind = kindOf(url)
  if (status >= 400) return whole ? [...typed("application/json"), ...WireContract.checkError(sent)] : []
  if (kind === undefined || status !== 200) return []
  const body = parse(asked)
  if (body["stream"] !== true)
    return whole ? [...typed("application/json"), ...WireContract.checkWhole(kind, sent)] : []
  const includeUsage = JsonObject.orEmpty(body["stream_options"])["include_usage"] === true
  const problems = WireContract.checkStream({ kind, includeUsage }, sent, !whole)
  return [...typed("text/event-stream; charset=utf-8"), ...problems]
}

const kindOf = (url: string): WireContract.Kind | undefined =>
  /^(\/v1)?\/chat\/completions/.test(url) ? "chat" : /^(\/v1)?\/completions/.test(url) ? "completion" : undefined

const keep = (pieces: Array<Buffer>, piece: unknown): void => {
  if (typeof piece === "string" || piece instanceof Uint8Array) pieces.push(Buffer.from(piece))
}

const textOf = (pieces: ReadonlyArray<Buffer>): string => Buffer.concat(pieces).toString("utf8")

/** Sees the arguments of every call of a method. */
const watch = (target: object, key: string, see: (args: ReadonlyArray<unknown>) => void): void => {
  const method: unknown = Reflect.get(target, key)
  if (typeof method !== "function") throw new Error(`no method ${key}`)
  Reflect.set(target, key, (...args: ReadonlyArray<unknown>) => {
    see(args)
    const result: unknown = Reflect.apply(method, target, args)
    return result
  })
}
