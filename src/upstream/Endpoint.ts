import type { Target } from "../domain/RouteTable.js"

/** What stands in a `base_url` for the model. */
const placeholder = "{model}"

/** Whether a `base_url` names one model at a time, as Azure's deployments do, so that it has no list of them. */
export const isPerModel = (baseUrl: string): boolean => baseUrl.includes(placeholder)

/** Where on a backend a path is: the `base_url` for the model with the path behind its own, its query kept. */
export const of = ({ backend, model }: Target, path: string): { readonly origin: string; readonly path: string } => {
  const url = new URL(backend.baseUrl)
  // A URL encodes the braces of its path, but not those of its query.
  const under = `${url.pathname.replace(/\/+$/, "")}${path}${url.search}`.replaceAll(/\{model\}|%7Bmodel%7D/g, () =>
    segment(model)
  )
  return { origin: url.origin, path: under }
}

// A segment of dots alone would lead to another path, and half a surrogate pair cannot be encoded.
const segment = (model: string): string =>
  encodeURIComponent(Buffer.from(model).toString()).replace(/^\.+$/, (dots) => "%2E".repeat(dots.length))
