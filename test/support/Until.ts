import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as TestClock from "effect/TestClock"

/** Resolves when a condition holds that no event tells of; looks again and again, without taking time from who brings it on. */
export const until = async (holds: () => boolean): Promise<void> => {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 1))
}

/** Waits until so many fibers sleep on the test clock: what ran in the background has come to rest. */
export const asleep = (count = 1): Effect.Effect<void> =>
  Effect.flatMap(TestClock.sleeps(), (sleeps) =>
    Chunk.size(sleeps) >= count
      ? Effect.void
      : Effect.zipRight(
          Effect.promise(() => new Promise((resolve) => setImmediate(resolve))),
          Effect.suspend(() => asleep(count))
        )
  )
