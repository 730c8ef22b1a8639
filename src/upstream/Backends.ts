import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import type { Dispatcher } from "undici"
import { Pool } from "undici"
import * as ConfigRef from "../config/ConfigRef.js"
import type { Backend } from "../domain/Backend.js"
import * as DemoBackend from "./DemoBackend.js"

/** The live state of the backends: their connections. */
export class Backends extends Context.Tag("causeway/upstream/Backends")<
  Backends,
  {
    /** The connections of a backend; made when first asked for. */
    readonly dispatcher: (backend: Backend) => Pick<Dispatcher, "dispatch">
  }
>() {}

interface Connections extends Pick<Dispatcher, "dispatch"> {
  /** Closes them when the last answer has ended. */
  readonly retire: () => void
  readonly destroy: () => Promise<void>
}

/** Connections per backend; those of a backend that leaves the configuration close when their last answer has ended. */
export const layer: Layer.Layer<Backends, never, ConfigRef.ConfigRef> = Layer.scoped(
  Backends,
  Effect.gen(function* () {
    const config = yield* ConfigRef.ConfigRef
    const open = new Map<string, Connections>()

    yield* Effect.addFinalizer(() =>
      Effect.promise(() => Promise.all([...open.values()].map((each) => each.destroy())))
    )

    const retire = (backends: ReadonlyArray<Backend>) =>
      Effect.sync(() => {
        const kept = new Set(backends.map(identity))
        for (const [key, connections] of open) {
          if (kept.has(key)) continue
          open.delete(key)
          connections.retire()
        }
      })

    yield* Effect.forkScoped(Stream.runForEach(config.changes, ({ routes }) => retire(routes.backends)))

    return {
      dispatcher: (backend) => {
        const key = identity(backend)
        const connections = open.get(key) ?? connect(backend)
        open.set(key, connections)
        return connections
      }
    }
  })
)

const identity = ({ baseUrl, name, timeouts }: Backend): string =>
  JSON.stringify([name, baseUrl, Duration.toMillis(timeouts.connect)])

const connect = ({ baseUrl, timeouts }: Backend): Connections => {
  if (baseUrl === DemoBackend.url) return { ...DemoBackend.make(), retire: () => {}, destroy: () => Promise.resolve() }
  const pool = new Pool(new URL(baseUrl).origin, {
    pipelining: 1,
    // The call counts the time itself, exactly; this ends what it has given up.
    connect: { timeout: Duration.toMillis(timeouts.connect) + 1_000 },
    headersTimeout: 0,
    bodyTimeout: 0
  })
  return {
    dispatch: (options, handler) => pool.dispatch(options, handler),
    retire: () => pool.close(() => {}),
    destroy: () => pool.destroy()
  }
}
