import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import type { Dispatcher } from "undici"
import { Client, Pool } from "undici"
import * as ConfigRef from "../config/ConfigRef.js"
import type { Backend } from "../domain/Backend.js"
import * as BackendKey from "../domain/BackendKey.js"
import { oncePer } from "../domain/OncePer.js"
import * as DemoBackend from "./DemoBackend.js"
import * as Health from "./Health.js"
import * as Slots from "./Slots.js"

/** What sends requests to a backend. */
export type Connections = Pick<Dispatcher, "dispatch">

/** The live state of the backends: their connections, their health, and the calls they have under way. */
export class Backends extends Context.Tag("causeway/upstream/Backends")<
  Backends,
  {
    /** The connections of a backend; made when first asked for. */
    readonly dispatcher: (backend: Backend) => Connections
    /** A connection that nobody has used before, for one request: an idle one may have died unnoticed. */
    readonly fresh: (backend: Backend) => Connections
    readonly health: Health.Health
    readonly slots: Slots.Slots
  }
>() {}

interface Held extends Connections {
  /** Closes them when the last answer has ended. */
  readonly retire: () => void
  readonly destroy: () => Promise<void>
}

/**
 * Live state per backend. What is known of a backend outlives a reload that leaves its name and URL as they are; the
 * connections of one that leaves the configuration close when their last answer has ended.
 */
export const layer: Layer.Layer<Backends, never, ConfigRef.ConfigRef> = Layer.scoped(
  Backends,
  Effect.gen(function* () {
    const config = yield* ConfigRef.ConfigRef
    const open = new Map<string, Held>()
    const health = Health.make()

    yield* Effect.addFinalizer(() =>
      Effect.promise(() => Promise.all([...open.values()].map((each) => each.destroy())))
    )

    const retire = (backends: ReadonlyArray<Backend>) =>
      Effect.sync(() => {
        health.keep(backends)
        const kept = new Set(backends.map(connectionKey))
        for (const [key, connections] of open) {
          if (kept.has(key)) continue
          open.delete(key)
          connections.retire()
        }
      })

    yield* Effect.forkScoped(Stream.runForEach(config.changes, ({ routes }) => retire(routes.backends)))

    const dispatcher = (backend: Backend): Connections => {
      const key = connectionKey(backend)
      const connections = open.get(key) ?? connect(backend)
      open.set(key, connections)
      return connections
    }
    return {
      dispatcher,
      fresh: (backend) => (backend.baseUrl === DemoBackend.url ? dispatcher(backend) : connectOnce(backend)),
      health,
      slots: Slots.make()
    }
  })
)

const connectionKey = oncePer(
  (backend: Backend) => `${BackendKey.of(backend)} ${Duration.toMillis(backend.timeouts.connect)}`
)

const connect = (backend: Backend): Held => {
  if (backend.baseUrl === DemoBackend.url) {
    return { ...DemoBackend.make(), retire: () => {}, destroy: () => Promise.resolve() }
  }
  const pool = new Pool(originOf(backend), { pipelining: 1, ...optionsFor(backend) })
  return {
    dispatch: (options, handler) => pool.dispatch(options, handler),
    retire: () => pool.close(() => {}),
    destroy: () => pool.destroy()
  }
}

const connectOnce = (backend: Backend): Connections => ({
  dispatch: (options, handler) => {
    const client = new Client(originOf(backend), optionsFor(backend))
    const dispatched = client.dispatch(options, handler)
    // Waits for the request to end.
    client.close(() => {})
    return dispatched
  }
})

const originOf = ({ baseUrl }: Backend): string => new URL(baseUrl).origin

const optionsFor = ({ timeouts }: Backend) => ({
  // The call counts the time itself, exactly; this ends what it has given up.
  connect: { timeout: Duration.toMillis(timeouts.connect) + 1_000 },
  headersTimeout: 0,
  bodyTimeout: 0
})
