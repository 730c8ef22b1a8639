import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { ConfigRef } from "../config/ConfigRef.js"
import { Drain } from "./Drain.js"

/** Drains when the scope closes: exchanges that run may end for up to `server.drain`. */
export const drained: Effect.Effect<void, never, ConfigRef | Drain | Scope.Scope> = Effect.gen(function* () {
  const drain = yield* Drain
  const { current } = yield* ConfigRef
  yield* Effect.addFinalizer(() =>
    inRealTime(Effect.flatMap(current, ({ config: { server } }) => drain.drain(server.drain)))
  )
})

/**
 * The same for what serves: it says that it is to stop and goes on for `server.ready_delay`, has no further connection
 * come in by `refuse`, and drains.
 */
export const announced = (
  refuse: Effect.Effect<void> = Effect.void
): Effect.Effect<void, never, ConfigRef | Drain | Scope.Scope> =>
  Effect.gen(function* () {
    const drain = yield* Drain
    const { current } = yield* ConfigRef
    yield* Effect.addFinalizer(() =>
      Effect.gen(function* () {
        const { drain: deadline, readyDelay } = (yield* current).config.server
        yield* drain.announce
        yield* Effect.sleep(readyDelay)
        yield* refuse
        yield* drain.drain(deadline)
      }).pipe(inRealTime)
    )
  })

/** The clock of a test stands still, and what closes is to come to an end. */
export const inRealTime = Effect.withClock(Clock.make())
