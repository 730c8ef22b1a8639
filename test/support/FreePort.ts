import * as Effect from "effect/Effect"
import * as RawServer from "./RawServer.js"

/** A port that nobody listens on. */
export const freePort = Effect.scoped(
  Effect.map(
    RawServer.make(() => {}),
    ({ port }) => port
  )
)
