import * as HttpRouter from "@effect/platform/HttpRouter"
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import type * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as Effect from "effect/Effect"
import type { ConfigRef } from "../config/ConfigRef.js"
import * as WireError from "../domain/WireError.js"
import * as Respond from "./Respond.js"

const methods = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD"] as const

/** Adds a path that answers one method, a browser's preflight, and everything else with 405. */
export const add =
  <R>(
    method: "GET" | "POST",
    path: HttpRouter.PathInput,
    handler: Effect.Effect<HttpServerResponse.HttpServerResponse, never, R>
  ) =>
  <R0>(router: HttpRouter.HttpRouter<never, R0>) => {
    const allow = method === "GET" ? "GET, HEAD, OPTIONS" : "POST, OPTIONS"
    const served = router.pipe(HttpRouter.route(method)(path, handler), HttpRouter.options(path, Respond.preflight))
    return methods
      .filter((other) => other !== method && !(method === "GET" && other === "HEAD"))
      .reduce((all, other) => HttpRouter.route(other)(all, path, notAllowed(allow)), served)
  }

/** The answer to every path that is not served. */
export const notFound: Effect.Effect<
  HttpServerResponse.HttpServerResponse,
  never,
  ConfigRef | HttpServerRequest.HttpServerRequest
> = Effect.flatMap(HttpServerRequest.HttpServerRequest, ({ method, originalUrl }) =>
  method === "OPTIONS" ? Respond.preflight : Respond.error(WireError.notFound(method, pathOf(originalUrl)))
)

const notAllowed = (allow: string) =>
  Effect.flatMap(HttpServerRequest.HttpServerRequest, ({ method, originalUrl }) =>
    Respond.error(WireError.methodNotAllowed(method, pathOf(originalUrl), allow))
  )

// A query may carry a key.
const pathOf = (url: string): string => url.split("?", 1)[0] ?? url
