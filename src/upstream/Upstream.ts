import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Layer from "effect/Layer"
import type { Dispatcher } from "undici"
import { Client, Pool } from "undici"
import type { Backend } from "../domain/Backend.js"

/** What sends requests to a backend: the one method of an undici `Dispatcher` that the gateway calls. */
export type Connections = Pick<Dispatcher, "dispatch">

/** The connections of a backend, for as long as the configuration has it. */
export interface Pooled extends Connections {
  /** Closes them when the last answer has ended. */
  readonly retire: () => void
  readonly destroy: () => Promise<void>
}

/** How backends are reached; asked once per backend, not per request. */
export interface Transport {
  readonly pool: (backend: Backend) => Pooled
  /** A connection that nobody has used before, for one request: an idle one may have died unnoticed. */
  readonly single: (backend: Backend) => Connections
}

const originOf = ({ baseUrl }: Backend): string => new URL(baseUrl).origin

const optionsFor = ({ timeouts }: Backend) => ({
  // The call counts the time itself, exactly; this ends what it has given up.
  connect: { timeout: Duration.toMillis(timeouts.connect) + 1_000 },
  headersTimeout: 0,
  bodyTimeout: 0
})

/** A pool of HTTP/1.1 connections per backend. */
export const undici: Transport = {
  pool: (backend) => {
    const pool = new Pool(originOf(backend), { pipelining: 1, ...optionsFor(backend) })
    return {
      dispatch: (options, handler) => pool.dispatch(options, handler),
      retire: () => pool.close(() => {}),
      destroy: () => pool.destroy()
    }
  },
  single: (backend) => ({
    dispatch: (options, handler) => {
      const client = new Client(originOf(backend), optionsFor(backend))
      const dispatched = client.dispatch(options, handler)
      // Waits for the request to end.
      client.close(() => {})
      return dispatched
    }
  })
}

/** The transport of a gateway: {@link undici}, unless a host provides another. */
export class Upstream extends Context.Reference<Upstream>()("causeway/upstream/Upstream", {
  defaultValue: (): Transport => undici
}) {}

/** All requests go through one dispatcher, such as undici's `ProxyAgent` or `MockAgent`; whoever made it closes it. */
export const layerDispatcher = (dispatcher: Connections): Layer.Layer<Upstream> =>
  Layer.succeed(Upstream, {
    pool: () => ({
      dispatch: (options, handler) => dispatcher.dispatch(options, handler),
      retire: () => {},
      destroy: () => Promise.resolve()
    }),
    single: () => dispatcher
  })
