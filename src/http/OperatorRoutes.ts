import * as HttpRouter from "@effect/platform/HttpRouter"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { ConfigRef } from "../config/ConfigRef.js"
import type { Backends } from "../upstream/Backends.js"
import * as BackendsView from "./BackendsView.js"
import { Drain } from "../exchange/Drain.js"
import type { RecordStats } from "../records/read/RecordStats.js"
import { RequestLog } from "../records/RequestLog.js"
import * as Respond from "./Respond.js"
import * as Endpoint from "./Endpoint.js"

const health = Respond.json(200, { status: "ok" })

const ready = Effect.flatMap(Drain, ({ isReady }) =>
  isReady()
    ? Effect.flatMap(records, (told) => Respond.json(200, { status: "ready", ...told }))
    : Respond.json(503, { status: "draining" })
)

// The gateway serves all the same, so this is a word and no refusal. A log that cannot say how it is does not hold it up.
const records = Effect.flatMap(RequestLog, ({ stats }) =>
  stats === undefined
    ? Effect.succeed({})
    : stats.pipe(
        Effect.timeoutOption("1 second"),
        Effect.map(Option.match({ onNone: () => ({}), onSome: waiting })),
        Effect.catchAllCause(() => Effect.succeed({}))
      )
)

const waiting = ({ lost, waiting }: RecordStats) =>
  waiting === 0 ? {} : { records: "waiting", records_waiting: waiting, records_lost: lost }

/**
 * What operators ask, below a path of a host's: whether the process lives, whether it takes new exchanges, and how its
 * backends are.
 */
export const routesAt = (
  prefix: Endpoint.Prefix
): HttpRouter.HttpRouter<never, Backends | ConfigRef | Drain | RequestLog> => {
  const add = Endpoint.add(prefix)
  return HttpRouter.empty.pipe(
    add("GET", "/health", () => health),
    add("GET", "/v1/health", () => health),
    add("GET", "/ready", () => ready),
    add("GET", "/v1/backends", () => BackendsView.respond)
  )
}
