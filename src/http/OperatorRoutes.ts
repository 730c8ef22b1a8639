import * as HttpRouter from "@effect/platform/HttpRouter"
import type { ConfigRef } from "../config/ConfigRef.js"
import * as Respond from "./Respond.js"
import * as Route from "./Route.js"

/** What operators ask: whether the process lives. */
export const routes: HttpRouter.HttpRouter<never, ConfigRef> = HttpRouter.empty.pipe(
  Route.add("GET", "/health", Respond.json(200, { status: "ok" }))
)
