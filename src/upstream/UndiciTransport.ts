import * as Duration from "effect/Duration"
import { Pool } from "undici"
import type { Backend } from "../domain/backend/Backend.js"
import * as UndiciCall from "./UndiciCall.js"
import type { Pooled, Pooling } from "./Transport.js"

/** A head may be this large, in bytes, as with our own client. */
const maxHead = 64 * 1024

/** How long an idle connection is kept, in ms, where the server does not say, and at most. */
const kept = { usually: 4_000, most: 600_000 }

const poolOf = ({ baseUrl, timeouts }: Backend): Pooled => {
  const pool = new Pool(new URL(baseUrl).origin, {
    // The call counts the time itself, exactly; this ends what it has given up.
    connect: { timeout: Duration.toMillis(timeouts.connect) + 1_000 },
    allowH2: false,
    pipelining: 1,
    maxHeaderSize: maxHead,
    keepAliveTimeout: kept.usually,
    keepAliveMaxTimeout: kept.most
  })
  const ignore = () => {}
  return {
    ...UndiciCall.through(pool, "close"),
    // It ends when what is under way has.
    retire: () => void pool.close().catch(ignore),
    destroy: () => pool.destroy().catch(ignore)
  }
}

/** A pool of undici's per backend: the way back where our own client does not get along with a server. */
export const undici: Pooling = {
  pool: poolOf,
  single: (backend) => ({
    dispatch: (request, handler) => {
      const pool = poolOf(backend)
      pool.dispatch(request, handler)
      pool.retire()
    }
  })
}
