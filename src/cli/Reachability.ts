import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type { Backend } from "../domain/backend/Backend.js"
import * as ProxySetting from "../domain/backend/ProxySetting.js"
import type { ConfigIssue } from "../domain/schema/ConfigIssue.js"
import { reasonOf } from "../domain/failure/Failure.js"
import * as Connector from "../http1/Connector.js"
import * as Dial from "../http1/Dial.js"
import * as DemoBackend from "../upstream/DemoBackend.js"
import * as Way from "../upstream/Way.js"

/** How long a connection may take. */
const patience = Duration.seconds(5)

/** So many connections are tried at once. */
const concurrency = 16

/**
 * The backends to which no connection can be made within 5 s, with TLS where it is asked for; of one behind a proxy it is the
 * connection to that. Nothing is sent.
 */
export const unreachable = (backends: ReadonlyArray<Backend>): Effect.Effect<ReadonlyArray<ConfigIssue>> =>
  Effect.forEach(
    backends,
    (backend, index) => {
      if (backend.baseUrl === DemoBackend.url) return Effect.succeed([])
      const proxy = ProxySetting.of(backend.proxy)
      const options = proxy === undefined ? Way.to(backend) : { url: new URL(proxy.origin) }
      const what = proxy === undefined ? "cannot be reached" : "cannot be reached: its proxy cannot"
      return Effect.match(connect({ ...options, timeout: Duration.toMillis(patience) }), {
        onSuccess: () => [],
        onFailure: (reason) => [{ path: ["openai_clients", index, "base_url"], message: `${what}: ${reason}` }]
      })
    },
    { concurrency }
  ).pipe(Effect.map((issues) => issues.flat()))

const connect = (options: Connector.Options): Effect.Effect<void, string> =>
  Effect.async((resume) => {
    Connector.make(options).open({
      onReady: (socket) => {
        // Whatever it says of that, it was reached.
        socket.on("error", () => {}).destroy()
        resume(Effect.void)
      },
      onRead: () => {},
      onFailed: (cause) => resume(Effect.fail(reasonFor(cause)))
    })
  })

const reasonFor = (cause: unknown): string =>
  cause instanceof Dial.ConnectTimedOut
    ? `no connection within ${Duration.format(patience)}`
    : firstLine(reasonOf(cause))

const firstLine = (text: string): string => text.split("\n")[0] ?? text
