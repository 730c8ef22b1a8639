import * as Duration from "effect/Duration"
import * as Option from "effect/Option"
import * as TlsFiles from "../config/TlsFiles.js"
import type { Backend } from "../domain/backend/Backend.js"
import * as BackendAddress from "../domain/backend/BackendAddress.js"
import type * as ConnectionPool from "../http1/ConnectionPool.js"

/** How connections to a backend are made, but for a proxy in between; asked for once for each pool. */
export const to = (backend: Backend): ConnectionPool.Options => {
  const { origin, socketPath } = BackendAddress.of(backend)
  return {
    url: new URL(origin),
    socketPath,
    // The call counts the time itself, exactly; this ends what it has given up.
    timeout: Duration.toMillis(backend.timeouts.connect) + 1_000,
    secureContext: Option.getOrUndefined(Option.map(backend.tls, TlsFiles.follow))
  }
}
