import type * as HttpClient from "@effect/platform/HttpClient"
import type * as HttpLayerRouter from "@effect/platform/HttpLayerRouter"
import type * as HttpRouter from "@effect/platform/HttpRouter"
import * as HttpServerRespondable from "@effect/platform/HttpServerRespondable"
import * as HttpServer from "@effect/platform/HttpServer"
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import * as Chunk from "effect/Chunk"
import type * as EffectConfig from "effect/Config"
import type { ConfigError } from "effect/ConfigError"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as ManagedRuntime from "effect/ManagedRuntime"
import * as Admission from "./admission/Admission.js"
import * as ConfigRef from "./config/ConfigRef.js"
import type {
  BootFailure,
  ConfigInvalid,
  ConfigMalformed,
  ListenFailed,
  LogUnavailable
} from "./domain/failure/Failure.js"
import type * as GatewayConfig from "./domain/config/GatewayConfig.js"
import * as Completions from "./exchange/Completions.js"
import * as Drain from "./exchange/Drain.js"
import * as Noting from "./exchange/Noting.js"
import * as Stopping from "./exchange/Stopping.js"
import * as InProcess from "./http/InProcess.js"
import * as Routes from "./http/Routes.js"
import * as Server from "./http/Server.js"
import * as GuardedLog from "./records/GuardedLog.js"
import * as RequestLog from "./records/RequestLog.js"
import * as Backends from "./upstream/Backends.js"
import * as Forwarder from "./upstream/forward/Forwarder.js"

/**
 * What the gateway's routes work with: each of these services is an entry of the package, such as `causeway/Drain`.
 *
 * @category models
 * @since 0.1.0
 */
export type RouteServices =
  | Admission.Admission
  | Backends.Backends
  | ConfigRef.ConfigRef
  | Drain.Drain
  | Forwarder.Forwarder
  | RequestLog.RequestLog

/**
 * What the gateway's layers provide: all that its routes work with, and completions without HTTP.
 *
 * @category models
 * @since 0.1.0
 */
export type Services = RouteServices | Completions.Completions

/**
 * A configuration written as plain values, with the keys of `config.yaml`, and `${VAR}` as there.
 *
 * @category models
 * @since 0.1.0
 */
export type Config = GatewayConfig.Plain

/**
 * The gateway's endpoints below a path, for a host's router: `HttpRouter.concat(Gateway.routesAt("/llm"))`. They need the
 * gateway's services where requests are handled, and run on every platform that Effect's routers run on.
 *
 * @category functions
 * @since 0.1.0
 */
export const routesAt: (prefix: `/${string}`) => HttpRouter.HttpRouter<never, RouteServices> = Routes.routesAt

/**
 * The gateway's endpoints, for the root of a host's router or a mount: `HttpRouter.mount("/llm", Gateway.routes)`.
 *
 * @example
 * ```ts
 * import * as HttpRouter from "@effect/platform/HttpRouter"
 * import { Gateway } from "causeway"
 *
 * export const router = HttpRouter.empty.pipe(HttpRouter.mount("/llm", Gateway.routes))
 * ```
 *
 * @category routers
 * @since 0.1.0
 */
export const routes: HttpRouter.HttpRouter<never, RouteServices> = Routes.routesAt("")

/**
 * The gateway's endpoints as a layer for a host's `HttpLayerRouter`, below a path such as `/llm` if one is given; they need
 * the gateway's services where requests are handled.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerRoutes = (
  prefix: "" | `/${string}` = ""
): Layer.Layer<never, never, HttpLayerRouter.HttpRouter | HttpLayerRouter.Request.From<"Requires", RouteServices>> =>
  // Whoever has such a router has loaded its module, which others need not wait for.
  Layer.unwrapEffect(
    Effect.map(
      Effect.promise(() => import("@effect/platform/HttpLayerRouter")),
      ({ addAll, route }) =>
        addAll(
          Chunk.toReadonlyArray(Routes.routesAt(prefix).routes).flatMap(({ handler, method, path }) =>
            // That router lets GET answer it.
            method === "HEAD" ? [] : [route(method, path, Effect.flatMap(handler, HttpServerRespondable.toResponse))]
          )
        )
    )
  )

/**
 * A host's server that closes as the gateway's own does: before anything of it closes, `/ready` says so for
 * `server.ready_delay`, exchanges that run may end for up to `server.drain` and are cut then, and whoever asks meanwhile is
 * answered with 503. It closes so in whichever order server and gateway are provided; provide the gateway last, so that it is there before the server listens.
 *
 * @example
 * ```ts
 * import * as HttpServer from "@effect/platform/HttpServer"
 * import * as Gateway from "causeway"
 *
 * export const served = Gateway.withDrain(HttpServer.serve(Gateway.routesAt("/llm")))
 * ```
 *
 * @category layers
 * @since 0.1.0
 */
export const withDrain = <A, E, R>(
  served: Layer.Layer<A, E, R>
): Layer.Layer<A, E, R | ConfigRef.ConfigRef | Drain.Drain> =>
  // Built last, it is the first to close.
  Layer.provideMerge(Layer.scopedDiscard(Stopping.announced()), served)

/** All that a gateway works with, but its register of exchanges and its completions. */
type Parts = Admission.Admission | Backends.Backends | ConfigRef.ConfigRef | Forwarder.Forwarder | RequestLog.RequestLog

const over: Layer.Layer<Services, never, Parts> = Completions.layer.pipe(
  // Built before what drains, so that it goes on meanwhile.
  Layer.provideMerge(Noting.layer),
  Layer.provideMerge(
    Layer.mergeAll(
      Drain.layer,
      Layer.service(Admission.Admission),
      Layer.service(Backends.Backends),
      Layer.service(ConfigRef.ConfigRef),
      Layer.service(Forwarder.Forwarder),
      Layer.service(RequestLog.RequestLog)
    )
  )
)

/** The gateway's services over whatever keeps its configuration and records. */
const services: Layer.Layer<Services, never, ConfigRef.ConfigRef | RequestLog.RequestLog> = Layer.provide(
  over,
  Layer.mergeAll(Admission.layer, Layer.provideMerge(Forwarder.layer, Backends.layer))
)

/**
 * The gateway over the host's own services: those of {@link layerCustom}, and how answers are obtained, who is let in and
 * the backends' state, each of which has a layer of its own.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerServices: Layer.Layer<Services, never, Parts> = Layer.provide(over, GuardedLog.layer)

/**
 * The gateway over the host's own configuration and record log; a log that dies or hangs costs its rows, and neither an
 * exchange nor the end of the gateway.
 *
 * @example
 * ```ts
 * import { ConfigRef, Gateway, RequestLog } from "causeway"
 * import type { RequestRecord } from "causeway/RequestRecord"
 * import * as Layer from "effect/Layer"
 *
 * const records: Array<RequestRecord> = []
 *
 * export const gateway = Gateway.layerCustom.pipe(
 *   Layer.provide(RequestLog.layerMemory(records)),
 *   Layer.provide(ConfigRef.layerStatic({ openai_clients: [] }))
 * )
 * ```
 *
 * @category layers
 * @since 0.1.0
 */
export const layerCustom: Layer.Layer<Services, never, ConfigRef.ConfigRef | RequestLog.RequestLog> = Layer.provide(
  services,
  GuardedLog.layer
)

/**
 * The gateway with a fixed configuration; records go to a SQLite file, `record.db` in the working directory by default.
 *
 * @example
 * ```ts
 * import { Gateway } from "causeway"
 *
 * export const gateway = Gateway.layer({
 *   config: { openai_clients: [{ name: "demo", base_url: "demo:", model_match: { value: "demo" } }] },
 *   recordPath: "record.db"
 * })
 * ```
 *
 * @category layers
 * @since 0.1.0
 */
export const layer = (options: {
  readonly config: Config
  readonly recordPath?: string
}): Layer.Layer<Services, ConfigInvalid | LogUnavailable> =>
  withRecords(ConfigRef.layerStatic(options.config), options.recordPath)

/**
 * The gateway with a fixed configuration of Effect's `Config`s, such as `Config.redacted("OPENAI_KEY")` for an `api_key`;
 * their values stay as they are. Records as in {@link layer}.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerConfig = (options: {
  readonly config: EffectConfig.Config.Wrap<Config>
  readonly recordPath?: string | EffectConfig.Config<string>
}): Layer.Layer<Services, ConfigError | ConfigInvalid | LogUnavailable> => {
  const { recordPath } = options
  const path = typeof recordPath === "object" ? recordPath : Effect.succeed(recordPath)
  return Layer.unwrapEffect(Effect.map(path, (given) => withRecords(ConfigRef.layerConfig(options.config), given)))
}

/**
 * The gateway with a fixed configuration, which is the text of a `config.yaml`; records as in {@link layer}.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerYaml = (
  text: string,
  options: { readonly recordPath?: string } = {}
): Layer.Layer<Services, ConfigMalformed | ConfigInvalid | LogUnavailable> =>
  withRecords(ConfigRef.layerYaml(text), options.recordPath)

/**
 * The gateway with the configuration of a file, which is read again when it changes; records as in {@link layer}.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerFile = (
  path: string,
  options: { readonly recordPath?: string } = {}
): Layer.Layer<Services, BootFailure> =>
  withRecords(ConfigRef.layerFile(path).pipe(Layer.provide(NodeFileSystem.layer)), options.recordPath)

/**
 * A `fetch` that the gateway answers itself, without a socket, whatever the origin of the URL: for clients that take one,
 * as OpenAI's do. It rejects with the reason of a signal that aborts, as any other does, and with nothing else.
 *
 * @category functions
 * @since 0.1.0
 */
export const fetch: Effect.Effect<typeof globalThis.fetch, never, RouteServices> = InProcess.fetch

/**
 * An `HttpClient` that the gateway answers itself, as by {@link fetch}, for clients made with Effect.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerHttpClient: Layer.Layer<HttpClient.HttpClient, never, RouteServices> = InProcess.layerHttpClient

/**
 * Serves a gateway on a socket of its own; see {@link Server.layer}.
 *
 * @example
 * ```ts
 * import { Gateway } from "causeway"
 * import * as Layer from "effect/Layer"
 *
 * export const server = Gateway.serve({ host: "127.0.0.1", port: 8000 }).pipe(
 *   Layer.provide(Gateway.layerFile("config.yaml"))
 * )
 * ```
 *
 * @category layers
 * @since 0.1.0
 */
export const serve: (options: Server.Options) => Layer.Layer<HttpServer.HttpServer, ListenFailed, RouteServices> =
  Server.layer

/**
 * What {@link start} is given: a configuration or the path of its file.
 *
 * @category models
 * @since 0.1.0
 */
export type StartOptions = ({ readonly config: Config } | { readonly configFile: string }) & {
  /** Default: 8000; 0 takes a free one. */
  readonly port?: number
  /** Default: 127.0.0.1. */
  readonly host?: string
  /** Default: `record.db` in the working directory. */
  readonly recordPath?: string
}

/**
 * A running gateway.
 *
 * @category models
 * @since 0.1.0
 */
export interface Running {
  /** Where it listens, such as `http://127.0.0.1:8000`. */
  readonly url: string
  /** Lets the running exchanges end for up to `server.drain`, writes their records and stops. */
  readonly stop: () => Promise<void>
}

/**
 * Starts a gateway with a socket of its own, for apps without Effect; rejects with a boot or listen failure.
 *
 * @example
 * ```ts
 * import { Gateway } from "causeway"
 *
 * const gateway = await Gateway.start({ configFile: "config.yaml", port: 0 })
 * console.log(gateway.url)
 * await gateway.stop()
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const start = async (options: StartOptions): Promise<Running> => {
  const records = options.recordPath === undefined ? {} : { recordPath: options.recordPath }
  const gateway: Layer.Layer<Services, BootFailure> =
    "config" in options ? layer({ config: options.config, ...records }) : layerFile(options.configFile, records)
  const served = serve({ host: options.host ?? "127.0.0.1", port: options.port ?? 8000 }).pipe(Layer.provide(gateway))
  const runtime = ManagedRuntime.make(served)
  const url = await runtime.runPromise(Effect.map(HttpServer.HttpServer, addressOf))
  let stopped: Promise<void> | undefined
  return { url, stop: () => (stopped ??= runtime.dispose()) }
}

/**
 * The URL of a server.
 *
 * @category addresses
 * @since 0.1.0
 */
export const addressOf = ({ address }: HttpServer.HttpServer): string =>
  address._tag === "UnixAddress" ? `unix:${address.path}` : urlOf(address.hostname, address.port)

/**
 * The URL of an address and port.
 *
 * @category addresses
 * @since 0.1.0
 */
export const urlOf = (host: string, port: number): string => `http://${host.includes(":") ? `[${host}]` : host}:${port}`

/**
 * The gateway over the host's own configuration; records as in {@link layer}.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerRecorded = (path = "record.db"): Layer.Layer<Services, LogUnavailable, ConfigRef.ConfigRef> =>
  services.pipe(
    Layer.provide(
      Layer.unwrapEffect(
        Effect.map(ConfigRef.ConfigRef, ({ current }) =>
          RequestLog.layerSqlite({ path, settings: Effect.map(current, (snapshot) => snapshot.config.log) })
        )
      )
    )
  )

const withRecords = <E>(
  config: Layer.Layer<ConfigRef.ConfigRef, E>,
  path?: string
): Layer.Layer<Services, E | LogUnavailable> => Layer.provide(layerRecorded(path), config)
