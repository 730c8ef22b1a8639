import * as HttpRouter from "@effect/platform/HttpRouter"
import * as Effect from "effect/Effect"
import type { ConfigRef } from "../config/ConfigRef.js"
import { Drain } from "./Drain.js"
import * as Respond from "./Respond.js"
import * as Route from "./Route.js"

const ready = Effect.flatMap(Drain, ({ isDraining }) =>
  isDraining() ? Respond.json(503, { status: "draining" }) : Respond.json(200, { status: "ready" })
)

/** What operators ask: whether the process lives, and whether it takes new exchanges. */
export const routes: HttpRouter.HttpRouter<never, ConfigRef | Drain> = HttpRouter.empty.pipe(
  Route.add("GET", "/health", Respond.json(200, { status: "ok" })),
  Route.add("GET", "/ready", ready)
)
