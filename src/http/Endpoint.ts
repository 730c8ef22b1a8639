import * as HttpRouter from "@effect/platform/HttpRouter"
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import type * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as Effect from "effect/Effect"
import type { ConfigRef } from "../config/ConfigRef.js"
import * as WireError from "../domain/failure/WireError.js"
import * as Door from "./Door.js"
import * as Respond from "./Respond.js"
import * as UnknownPaths from "./UnknownPaths.js"

type Answer<R> = Effect.Effect<HttpServerResponse.HttpServerResponse, never, R>

const methods = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD"] as const

/** Where routes stand in a host's router: nowhere, or below a path of the host's. */
export type Prefix = "" | `/${string}`

/**
 * Adds a path below a prefix that answers one method, a browser's preflight, and everything else with 405; the answer is
 * given what was asked for below the prefix. Other spellings of the path are not served, though the router takes them for
 * the same: what stands in front of us may not.
 */
export const add =
  (prefix: Prefix) =>
  <R>(
    method: "GET" | "POST",
    path: HttpRouter.PathInput,
    handler: (asked: string) => Answer<R>,
    isServed = isAt(path)
  ) =>
  <R0>(router: HttpRouter.HttpRouter<never, R0>) => {
    const allow = method === "GET" ? "GET, HEAD, OPTIONS" : "POST, OPTIONS"
    const guarded = <R1>(answer: (asked: string) => Answer<R1>) => Door.guard(where(prefix, isServed, answer))
    const at: HttpRouter.PathInput = path === "*" ? path : `${prefix}${path}`
    const served = router.pipe(
      HttpRouter.route(method)(at, guarded(handler)),
      HttpRouter.options(
        at,
        guarded(() => Respond.preflight)
      )
    )
    return methods
      .filter((other) => other !== method && !(method === "GET" && other === "HEAD"))
      .reduce(
        (all, other) =>
          HttpRouter.route(other)(
            all,
            at,
            guarded(() => notAllowed(allow))
          ),
        served
      )
  }

/** The answer to every path that is not served. */
export const notFound: Answer<ConfigRef | HttpServerRequest.HttpServerRequest> = Effect.flatMap(
  HttpServerRequest.HttpServerRequest,
  ({ method, originalUrl }) => {
    if (method === "OPTIONS") return Respond.preflight
    const path = pathOf(originalUrl)
    return Effect.zipRight(UnknownPaths.tell(method, path), Respond.error(WireError.notFound(method, path)))
  }
)

const where = <R>(
  { length }: Prefix,
  isServed: (path: string) => boolean,
  answer: (asked: string) => Answer<R>
): Answer<R | ConfigRef | HttpServerRequest.HttpServerRequest> =>
  Effect.flatMap(
    HttpServerRequest.HttpServerRequest,
    ({ url }): Answer<R | ConfigRef | HttpServerRequest.HttpServerRequest> => {
      const asked = pathOf(url).slice(length)
      return isServed(asked) ? answer(asked) : notFound
    }
  )

// Below a path that ends in `*` whatever is not empty.
const isAt =
  (path: string) =>
  (asked: string): boolean =>
    path.endsWith("*") ? asked.length >= path.length && asked.startsWith(path.slice(0, -1)) : asked === path

const notAllowed = (allow: string) =>
  Effect.flatMap(HttpServerRequest.HttpServerRequest, ({ method, originalUrl }) =>
    Respond.error(WireError.methodNotAllowed(method, pathOf(originalUrl), allow))
  )

/** The path of a URL, without its origin, which some platforms say, and its query, which may carry a key. */
export const pathOf = (url: string): string => {
  const query = url.indexOf("?")
  const path = query === -1 ? url : url.slice(0, query)
  if (path.startsWith("/")) return path
  const origin = path.indexOf("://")
  const start = origin === -1 ? -1 : path.indexOf("/", origin + 3)
  return start === -1 ? path : path.slice(start)
}
