import * as http from "node:http"
import * as HttpServer from "@effect/platform/HttpServer"
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as LogLevel from "effect/LogLevel"
import type * as Scope from "effect/Scope"
import OpenAI from "openai"
import * as ConfigRef from "../../src/config/ConfigRef.js"
import type { ConfigInvalid } from "../../src/domain/failure/Failure.js"
import { ListenFailed } from "../../src/domain/failure/Failure.js"
import type { RequestRecord } from "../../src/domain/record/RequestRecord.js"
import * as Gateway from "../../src/Gateway.js"
import * as Routes from "../../src/http/Routes.js"
import { RequestLog } from "../../src/records/RequestLog.js"
import * as WireTap from "./WireTap.js"

/** A gateway on a real socket with its records in memory. */
export interface TestGateway {
  readonly url: string
  /** The official client, pointed at the gateway; it does not retry on its own. */
  readonly client: OpenAI
  /** Every record so far. */
  readonly records: ReadonlyArray<RequestRecord>
  /** Resolves with the record of this number (from 0) as soon as it is there. */
  readonly record: (number: number) => Promise<RequestRecord>
  /** Posts a body as it is, or as JSON. */
  readonly post: (
    path: string,
    body: unknown,
    headers?: Record<string, string>,
    signal?: AbortSignal
  ) => Promise<Response>
}

/** Starts a gateway with this configuration; it stops with the scope, which fails if a response broke the contract. */
export const make = (
  config: Gateway.Config,
  configRef: Layer.Layer<ConfigRef.ConfigRef, ConfigInvalid> = ConfigRef.layerStatic(withUpstream(config))
): Effect.Effect<TestGateway, ConfigInvalid | ListenFailed, Scope.Scope> =>
  Effect.gen(function* () {
    const records: Array<RequestRecord> = []
    const waiting: Array<() => void> = []
    const log = Layer.succeed(RequestLog, {
      record: (record) =>
        Effect.sync(() => {
          records.push(record)
          for (const wake of waiting.splice(0)) wake()
        })
    })
    const layer = (isMounted ? mounted : Gateway.serve({ host: "127.0.0.1", port: 0 })).pipe(
      Layer.provide(Gateway.layerCustom),
      Layer.provide([log, configRef]),
      Layer.provide(Logger.minimumLogLevel(LogLevel.None))
    )
    const tap = yield* WireTap.make
    const url = Gateway.addressOf(Context.get(yield* Layer.build(layer), HttpServer.HttpServer))
    tap.listen(Number(new URL(url).port))
    const record = async (number: number): Promise<RequestRecord> => {
      for (;;) {
        const found = records[number]
        if (found !== undefined) return found
        await new Promise<void>((resolve) => waiting.push(resolve))
      }
    }
    return {
      url,
      client: new OpenAI({ baseURL: `${url}/v1`, apiKey: "sk-caller-key", maxRetries: 0 }),
      records,
      record,
      post: (path, body, headers = {}, signal) =>
        fetch(`${url}${path}`, {
          method: "POST",
          headers: { "content-type": "application/json", ...headers },
          body: typeof body === "string" ? body : JSON.stringify(body),
          ...(signal === undefined ? {} : { signal })
        })
    }
  })

/**
 * With `npm run test:mounted` the routes are a host's, and its server is Effect's own: what is not HTTP, waits to send its
 * body, or has a name of its own, is that server's to judge.
 */
export const isMounted = process.env["TEST_SERVER"] === "mounted"

const mounted = Layer.suspend(() => {
  const server = http.createServer()
  const closed = Layer.scopedDiscard(Effect.addFinalizer(() => Effect.sync(() => server.closeAllConnections())))
  return Layer.merge(HttpServer.serve(Routes.app), closed).pipe(
    Layer.provideMerge(NodeHttpServer.layer(() => server, { host: "127.0.0.1", port: 0 })),
    Layer.mapError(({ cause }) => new ListenFailed({ host: "127.0.0.1", port: 0, cause }))
  )
})

/** What `npm run test:undici` runs the tests with. */
const upstream = process.env["TEST_UPSTREAM"] === "undici" ? "undici" : undefined

const withUpstream = (config: Gateway.Config): Gateway.Config =>
  upstream === undefined ? config : { ...config, server: { ...config.server, upstream } }

/** A backend entry that serves `test-model` from this URL. */
export const backend = (
  name: string,
  baseUrl: string,
  more: Partial<Gateway.Config["openai_clients"][number]> = {}
) => ({
  name,
  base_url: baseUrl,
  model_match: { type: "exact" as const, value: ["test-model"] },
  ...more
})

/** A chat request for `test-model`. */
export const chat = () => ({
  model: "test-model",
  messages: [{ role: "user" as const, content: "Hi" }]
})
