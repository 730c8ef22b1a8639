import type * as net from "node:net"
import type * as tls from "node:tls"
import * as Data from "effect/Data"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import { Pool, ProxyAgent } from "undici"
import type { buildConnector } from "undici"
import type * as ProxySetting from "../domain/backend/ProxySetting.js"
import type { ConnectionPool } from "../http1/ConnectionPool.js"
import * as UndiciCall from "./UndiciCall.js"

/** The proxy closed the connection instead of leading on. */
export class ProxyHungUp extends Data.TaggedError("ProxyHungUp")<{ readonly cause: unknown }> {
  override get message() {
    return "the proxy closed the connection"
  }
}

/** How a socket is connected. */
export interface Way {
  /** In ms. */
  readonly timeout: number
  readonly keepAliveInitialDelay: number
  readonly autoSelectFamily: boolean
  readonly autoSelectFamilyAttemptTimeout: number
  readonly lookup: net.LookupFunction
}

/** How a backend is reached through a proxy. */
export interface Options {
  readonly proxy: ProxySetting.Proxy
  readonly options: Pool.Options
  readonly way: Way
  readonly contextOf: (() => tls.SecureContext | Error) | undefined
}

/**
 * The connections to a backend through a proxy: in a tunnel (`CONNECT`), or where neither speaks TLS by the whole URL. The
 * proxy learns its own credentials, and the backend none of them.
 */
export const make = (options: Options): ConnectionPool => {
  const { contextOf } = options
  let context = contextOf?.()
  let agent = agentOf(options, context)
  const ignore = () => {}
  return {
    dispatch: (request, handler) => {
      const latest = contextOf?.()
      if (latest !== context) {
        context = latest
        agent.close().catch(ignore)
        agent = agentOf(options, latest)
      }
      if (context instanceof Error) return handler.onResponseError(undefined, context)
      // undici writes the host into the headers that it is given.
      UndiciCall.through(agent, "close").dispatch({ ...request, headers: { ...request.headers } }, handler)
    },
    retire: () => void agent.close().catch(ignore),
    destroy: () => agent.destroy().catch(ignore)
  }
}

/** The same, with what TLS is to be spoken with. */
export const withContext = (way: buildConnector.BuildOptions, context: tls.SecureContext | Error | undefined) =>
  context === undefined || context instanceof Error ? way : { ...way, secureContext: context }

const agentOf = ({ options, proxy, way }: Options, context: tls.SecureContext | Error | undefined): ProxyAgent =>
  new ProxyAgent({
    uri: proxy.origin,
    proxyTunnel: false,
    ...Option.match(proxy.authorization, { onNone: () => ({}), onSome: (token) => ({ token: Redacted.value(token) }) }),
    proxyTls: { ...way },
    requestTls: withContext({ ...way }, context),
    clientFactory: (origin, given) => new Pool(origin, { ...given, headersTimeout: way.timeout }),
    factory: (origin, given) => new Pool(origin, { ...given, ...options, ...connectIn(given) })
  })

// undici would connect again and again where the proxy hangs up, for as long as there is a request.
const connectIn = (given: object): Pick<Pool.Options, "connect"> => {
  if (!("connect" in given) || typeof given.connect !== "function") return {}
  const { connect } = given
  return {
    connect: (options, callback) => {
      const told: buildConnector.Callback = (error, socket) => {
        if (error === null) callback(null, socket)
        else
          callback("code" in error && error.code === "UND_ERR_SOCKET" ? new ProxyHungUp({ cause: error }) : error, null)
      }
      Reflect.apply(connect, undefined, [options, told])
    }
  }
}
