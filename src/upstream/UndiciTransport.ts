import type * as net from "node:net"
import * as Duration from "effect/Duration"
import * as Option from "effect/Option"
import { buildConnector, Pool } from "undici"
import * as TlsFiles from "../config/TlsFiles.js"
import type { Backend } from "../domain/backend/Backend.js"
import * as BackendAddress from "../domain/backend/BackendAddress.js"
import * as ProxySetting from "../domain/backend/ProxySetting.js"
import type { Connections } from "../http1/Dispatch.js"
import type { ConnectionPool } from "../http1/ConnectionPool.js"
import * as AddressOrder from "../http1/AddressOrder.js"
import { keepAliveDelay } from "../http1/Connector.js"
import * as Names from "../http1/Names.js"
import * as ProxiedPool from "./ProxiedPool.js"
import * as UndiciCall from "./UndiciCall.js"

/** A head may be this large, in bytes, as with our own client. */
const maxHead = 64 * 1024

/** How long an idle connection is kept, in ms, where the server does not say, and at most; and how old it may be. */
const kept = { usually: 4_000, most: 600_000, oldest: 600_000 }

const poolOf = (backend: Backend): ConnectionPool => {
  const { origin, socketPath } = BackendAddress.of(backend)
  const contextOf = Option.getOrUndefined(Option.map(backend.tls, TlsFiles.follow))
  const options = {
    allowH2: false,
    pipelining: 1,
    maxHeaderSize: maxHead,
    keepAliveTimeout: kept.usually,
    keepAliveMaxTimeout: kept.most,
    clientTtl: kept.oldest
  }
  const way = wayTo(backend)
  const proxy = ProxySetting.of(backend.proxy)
  if (proxy !== undefined) return ProxiedPool.make({ proxy, options, way, contextOf })
  const pool = new Pool(origin, {
    ...options,
    connect: following({ ...way, socketPath: socketPath ?? null }, contextOf)
  })
  const ignore = () => {}
  return {
    ...UndiciCall.through(pool, "close"),
    // It ends when what is under way has.
    retire: () => void pool.close().catch(ignore),
    destroy: () => pool.destroy().catch(ignore)
  }
}

/** A pool of undici's per backend: the way through a proxy, and back where our own client does not get along with a server. */
export const undici = {
  pool: poolOf,
  single: (backend: Backend): Connections => ({
    dispatch: (request, handler) => {
      const pool = poolOf(backend)
      pool.dispatch(request, handler)
      pool.retire()
    }
  })
}

// How undici is to connect, by our names.
const wayTo = ({ timeouts }: Backend): ProxiedPool.Way => {
  const connect = Duration.toMillis(timeouts.connect)
  return {
    // The call counts the time itself, exactly; this ends what it has given up.
    timeout: connect + 1_000,
    keepAliveInitialDelay: keepAliveDelay,
    autoSelectFamily: true,
    // Node tries one address after the other.
    autoSelectFamilyAttemptTimeout: Math.max(250, Math.floor(connect / 4)),
    lookup: lookupIn(Names.shared)
  }
}

const lookupIn = (names: Names.Names): net.LookupFunction => {
  const order = AddressOrder.make(0)
  return (host, options, told) =>
    void names.find(host, (result) =>
      process.nextTick(() => {
        if (result instanceof Error) return told(result, "")
        const addresses = order.next(result)
        if (options.all === true) return told(null, [...addresses])
        told(null, addresses[0]?.address ?? "", addresses[0]?.family)
      })
    )
}

// The files may change while connections are made.
const following = (
  way: buildConnector.BuildOptions,
  contextOf: ProxiedPool.Options["contextOf"]
): buildConnector.connector => {
  let context = contextOf?.()
  let connect = buildConnector(ProxiedPool.withContext(way, context))
  return (options, callback) => {
    const latest = contextOf?.()
    if (latest instanceof Error) return callback(latest, null)
    if (latest !== context) connect = buildConnector(ProxiedPool.withContext(way, latest))
    context = latest
    connect(options, callback)
  }
}
