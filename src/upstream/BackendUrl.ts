import type { Backend } from "../domain/backend/Backend.js"
import * as BackendAddress from "../domain/backend/BackendAddress.js"
import { oncePer } from "../domain/text/OncePer.js"
import type { Target } from "../domain/routing/RouteTable.js"

/** What stands in a `base_url` for the model. */
const placeholder = "{model}"

/** Whether a `base_url` names one model at a time, as Azure's deployments do, so that it has no list of them. */
export const isPerModel = (baseUrl: string): boolean => baseUrl.includes(placeholder)

/**
 * Where on a backend a path is: the `base_url` for the model with the path behind its own, its query kept; with
 * `isUnversioned` without the version that it ends with.
 */
export const of = (
  { backend, model }: Target,
  path: string,
  isUnversioned = false
): { readonly origin: string; readonly path: string } => {
  const { origin, pathname, perModel, search } = partsOf(backend)
  const whole = `${isUnversioned ? pathname.replace(version, "") : pathname}${path}${search}`
  return { origin, path: perModel ? whole.replaceAll(anyPlaceholder, () => segment(model)) : whole }
}

const version = /\/v\d{1,3}$/

// A URL encodes the braces of its path, but not those of its query.
const anyPlaceholder = /\{model\}|%7Bmodel%7D/g

const partsOf = oncePer((backend: Backend) => {
  const { origin, pathname, search } = BackendAddress.of(backend)
  return {
    origin,
    pathname: pathname.replace(/\/+$/, ""),
    perModel: (pathname + search).search(anyPlaceholder) !== -1,
    search
  }
})

// A segment of dots alone would lead to another path, and half a surrogate pair cannot be encoded.
const segment = (model: string): string =>
  encodeURIComponent(Buffer.from(model).toString()).replace(/^\.+$/, (dots) => "%2E".repeat(dots.length))
