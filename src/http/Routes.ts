import type * as HttpApp from "@effect/platform/HttpApp"
import * as HttpRouter from "@effect/platform/HttpRouter"
import * as Effect from "effect/Effect"
import * as ApiRoutes from "./ApiRoutes.js"
import * as Endpoint from "./Endpoint.js"
import * as OperatorRoutes from "./OperatorRoutes.js"

/** Everything that is served, below a path of a host's. */
export const routesAt = (prefix: Endpoint.Prefix): HttpRouter.HttpRouter<never, ApiRoutes.Services> =>
  HttpRouter.concat(ApiRoutes.routesAt(prefix), OperatorRoutes.routesAt(prefix))

/** Everything that is served, with an OpenAI error for every other path. */
export const app: HttpApp.Default<never, ApiRoutes.Services> = Effect.catchAll(routesAt(""), () => Endpoint.notFound)
