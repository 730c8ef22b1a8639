import * as HttpRouter from "@effect/platform/HttpRouter"
import * as ApiRoutes from "./ApiRoutes.js"
import type * as Endpoint from "./Endpoint.js"
import * as OperatorRoutes from "./OperatorRoutes.js"

/** Everything that is served, below a path of a host's. */
export const routesAt = (prefix: Endpoint.Prefix): HttpRouter.HttpRouter<never, ApiRoutes.Services> =>
  HttpRouter.concat(ApiRoutes.routesAt(prefix), OperatorRoutes.routesAt(prefix))
