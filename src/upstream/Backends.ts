import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"
import * as ConfigRef from "../config/ConfigRef.js"
import type { Backend } from "../domain/backend/Backend.js"
import * as BackendKey from "../domain/backend/BackendKey.js"
import * as ProxySetting from "../domain/backend/ProxySetting.js"
import type { ServerSettings } from "../domain/config/GatewayConfig.js"
import { oncePer } from "../domain/text/OncePer.js"
import * as SteadyClock from "../flow/SteadyClock.js"
import * as DemoBackend from "./DemoBackend.js"
import * as Health from "./Health.js"
import * as Slots from "./Slots.js"
import * as Transport from "./Transport.js"

export type { Health } from "./Health.js"
export type { Slots } from "./Slots.js"

/**
 * The live state of the backends: their connections, their health, and the calls they have under way.
 *
 * @example
 * ```ts
 * import { Backends, Forwarder } from "causeway"
 * import * as Layer from "effect/Layer"
 *
 * // For `Gateway.layerServices`: both parts as they are, to be wrapped or replaced.
 * export const parts = Layer.provideMerge(Forwarder.layer, Backends.layer)
 * ```
 *
 * @category services
 * @since 0.1.0
 */
export class Backends extends Context.Tag("causeway/Backends")<
  Backends,
  {
    /** The connections of a backend; made when first asked for. */
    readonly connections: (backend: Backend) => Transport.Connections
    /** A connection that nobody has used before, for one request: an idle one may have died unnoticed. */
    readonly fresh: (backend: Backend) => Transport.Connections
    readonly health: Health.Health
    readonly slots: Slots.Slots
  }
>() {}

/**
 * Live state per backend. What is known of a backend outlives a reload that leaves its name, URL, key and headers as they
 * are; the connections of one that leaves the configuration close when their last answer has ended.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer: Layer.Layer<Backends, never, ConfigRef.ConfigRef> = Layer.scoped(
  Backends,
  Effect.gen(function* () {
    const config = yield* ConfigRef.ConfigRef
    const { server } = (yield* config.current).config
    const transport = yield* configured(yield* Transport.Transport, server)
    const open = new Map<string, Transport.Pooled>()
    const slots = Slots.make(SteadyClock.of(yield* Effect.clock))
    const health = Health.make(slots)

    yield* Effect.addFinalizer(() =>
      Effect.promise(() => {
        slots.close()
        return Promise.all([...open.values()].map((each) => each.destroy()))
      })
    )

    const retire = (backends: ReadonlyArray<Backend>) =>
      Effect.sync(() => {
        health.keep(backends)
        slots.keep(backends)
        const kept = new Set(backends.map(connectionKey))
        for (const [key, connections] of open) {
          if (kept.has(key)) continue
          open.delete(key)
          connections.retire()
        }
      })

    yield* Effect.forkScoped(Stream.runForEach(config.changes, ({ routes }) => retire(routes.backends)))

    const connections = (backend: Backend): Transport.Connections => {
      const key = connectionKey(backend)
      const known = open.get(key) ?? (isDemo(backend) ? DemoBackend.make() : transport.pool(backend))
      open.set(key, known)
      return known
    }
    return {
      connections,
      fresh: (backend) => (isDemo(backend) ? connections(backend) : transport.single(backend)),
      health,
      slots
    }
  })
)

// A host's own goes before what is configured; undici is loaded only when it is asked for.
const configured = (transport: Transport.Pooling, { upstream }: ServerSettings): Effect.Effect<Transport.Pooling> =>
  transport === Transport.http1 && upstream === "undici"
    ? Effect.map(
        Effect.promise(() => import("./UndiciTransport.js")),
        ({ undici }) => undici
      )
    : Effect.succeed(transport)

const isDemo = ({ baseUrl }: Backend): boolean => baseUrl === DemoBackend.url

// Whatever connections are made by; what they are made for is no matter.
const connectionKey = oncePer((backend: Backend) => {
  const { proxy, timeouts, tls } = backend
  const way = [Duration.toMillis(timeouts.connect), Option.getOrNull(tls), proxyKey(Option.getOrUndefined(proxy))]
  return `${BackendKey.of(backend)} ${JSON.stringify(way)}`
})

const proxyKey = (proxy: ProxySetting.ProxySetting | undefined): string =>
  proxy === undefined || proxy === ProxySetting.none ? "" : Redacted.value(proxy)
