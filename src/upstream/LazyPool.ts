import type { Backend } from "../domain/backend/Backend.js"
import type { ConnectionPool } from "../http1/ConnectionPool.js"

/** A pool of undici's, which is loaded with the first request: few backends need it, and it takes its time. */
export const make = (backend: Backend): ConnectionPool => {
  let isRetired = false
  let pool: ConnectionPool | undefined
  let loading: Promise<ConnectionPool> | undefined
  const load = () =>
    (loading ??= import("./UndiciTransport.js").then(({ undici }) => {
      pool = undici.pool(backend)
      return pool
    }))
  return {
    dispatch: (request, handler) => {
      if (pool !== undefined) return pool.dispatch(request, handler)
      const failed = (cause: unknown) => handler.onResponseError(undefined, cause)
      load().then((loaded) => {
        loaded.dispatch(request, handler)
        if (isRetired) loaded.retire()
      }, failed)
    },
    retire: () => {
      isRetired = true
      pool?.retire()
    },
    destroy: async () => {
      isRetired = true
      await loading?.then(
        (loaded) => loaded.destroy(),
        () => {}
      )
    }
  }
}
