import * as Context from "effect/Context"
import * as Layer from "effect/Layer"
import type { Backend } from "../domain/backend/Backend.js"
import * as ProxySetting from "../domain/backend/ProxySetting.js"
import * as ConnectionPool from "../http1/ConnectionPool.js"
import type { Connections, Controller, Framing, Request, ResponseHandler } from "../http1/Dispatch.js"
import * as LazyPool from "./LazyPool.js"
import * as UndiciCall from "./UndiciCall.js"
import * as Way from "./Way.js"

export type { Connections, Controller, Framing, Request, ResponseHandler }

/**
 * The connections of a backend, for as long as the configuration has it.
 *
 * @category models
 * @since 0.1.0
 */
export type Pooled = ConnectionPool.ConnectionPool

/**
 * How backends are reached; asked once per backend, not per request.
 *
 * @category models
 * @since 0.1.0
 */
export interface Pooling {
  readonly pool: (backend: Backend) => Pooled
  /** A connection that nobody has used before, for one request: an idle one may have died unnoticed. */
  readonly single: (backend: Backend) => Connections
}

const isProxied = ({ proxy }: Backend): boolean => ProxySetting.of(proxy) !== undefined

/**
 * A pool of HTTP/1.1 connections per backend; undici's where there is a proxy in between.
 *
 * @category transports
 * @since 0.1.0
 */
export const http1: Pooling = {
  pool: (backend) => (isProxied(backend) ? LazyPool.make(backend) : ConnectionPool.make(Way.to(backend))),
  single: (backend) => ({
    dispatch: (request, handler) => {
      const pool = http1.pool(backend)
      pool.dispatch(request, handler)
      pool.retire()
    }
  })
}

/**
 * The transport of a gateway: the one that `server.upstream` names, unless a host provides another than {@link http1}.
 *
 * @example
 * ```ts
 * import { ConfigRef, Gateway, RequestLog, Transport } from "causeway"
 * import * as Layer from "effect/Layer"
 *
 * // Over HTTP/1.1, whatever `server.upstream` says.
 * export const gateway = Gateway.layerCustom.pipe(
 *   Layer.provide(Layer.succeed(Transport.Transport, Transport.http1)),
 *   Layer.provide(RequestLog.layerMemory([])),
 *   Layer.provide(ConfigRef.layerFile("config.yaml"))
 * )
 * ```
 *
 * @category services
 * @since 0.1.0
 */
export class Transport extends Context.Reference<Transport>()("causeway/Transport", {
  defaultValue: (): Pooling => http1
}) {}

/** What {@link Transport} was called; hosts that call it so go on working. */
export { Transport as Upstream }

/**
 * All requests go through one dispatcher, such as undici's `ProxyAgent` or `MockAgent`; whoever made it closes it.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerDispatcher = (dispatcher: Connections): Layer.Layer<Transport> => {
  const connections = UndiciCall.through(dispatcher)
  return Layer.succeed(Transport, {
    pool: () => ({ ...connections, retire: () => {}, destroy: () => Promise.resolve() }),
    single: () => connections
  })
}
