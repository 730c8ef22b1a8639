import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type { Backend } from "../domain/backend/Backend.js"
import type { ConfigIssue } from "../domain/schema/ConfigIssue.js"
import { reasonOf } from "../domain/failure/Failure.js"
import * as Connector from "../http1/Connector.js"
import * as Dial from "../http1/Dial.js"
import * as DemoBackend from "../upstream/DemoBackend.js"

/** How long a connection may take. */
const patience = Duration.seconds(5)

/** So many connections are tried at once. */
const concurrency = 16

/** The backends to which no connection can be made within 5 s, with TLS where it is asked for. Nothing is sent. */
export const unreachable = (backends: ReadonlyArray<Backend>): Effect.Effect<ReadonlyArray<ConfigIssue>> =>
  Effect.forEach(
    backends,
    ({ baseUrl }, index) =>
      baseUrl === DemoBackend.url
        ? Effect.succeed([])
        : Effect.match(connect(new URL(baseUrl)), {
            onSuccess: () => [],
            onFailure: (reason) => [
              { path: ["openai_clients", index, "base_url"], message: `cannot be reached: ${reason}` }
            ]
          }),
    { concurrency }
  ).pipe(Effect.map((issues) => issues.flat()))

const connect = (url: URL): Effect.Effect<void, string> =>
  Effect.async((resume) => {
    Connector.make({ url, timeout: Duration.toMillis(patience) }).open({
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
