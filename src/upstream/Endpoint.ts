import type { Backend } from "../domain/Backend.js"

/** Where on a backend a path is: the `base_url` with the path behind its own, its query kept. */
export const of = (backend: Backend, path: string): { readonly origin: string; readonly path: string } => {
  const url = new URL(backend.baseUrl)
  return { origin: url.origin, path: `${url.pathname.replace(/\/+$/, "")}${path}${url.search}` }
}
