import * as HttpRouter from "@effect/platform/HttpRouter"
import * as Effect from "effect/Effect"
import type { ConfigRef } from "../config/ConfigRef.js"
import type { Backends } from "../upstream/Backends.js"
import * as BackendsView from "./BackendsView.js"
import { Drain } from "../exchange/Drain.js"
import * as Respond from "./Respond.js"
import * as Route from "./Route.js"

const ready = Effect.flatMap(Drain, ({ isReady }) =>
  isReady() ? Respond.json(200, { status: "ready" }) : Respond.json(503, { status: "draining" })
)

/** What operators ask: whether the process lives, whether it takes new exchanges, and how its backends are. */
export const routes: HttpRouter.HttpRouter<never, Backends | ConfigRef | Drain> = HttpRouter.empty.pipe(
  Route.add("GET", "/health", Respond.json(200, { status: "ok" })),
  Route.add("GET", "/ready", ready),
  Route.add("GET", "/v1/backends", BackendsView.respond)
)
