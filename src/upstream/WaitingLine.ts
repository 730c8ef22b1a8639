import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { Overloaded } from "../domain/Failure.js"
import * as Alarm from "./Alarm.js"

/** How many may wait in a line, and for how long. */
export interface Limits {
  readonly size: number
  readonly timeout: Duration.Duration
}

/** A bounded line of those who wait for something to become free: first come, first served. */
export interface WaitingLine {
  /**
   * Takes now what `take` gives, or waits until it gives something; leaving the line is interrupting this. What is taken
   * in the moment of an interruption is lost to this effect, so `take` notes what it gives.
   */
  readonly take: <A>(take: () => A | undefined, limits: Limits) => Effect.Effect<A, Overloaded>
  /** To be called when something has become free: each in the line tries to take, in their order. */
  readonly wake: () => void
}

/** What somebody is told who found no place or waited in vain. */
const retryAfter = Duration.seconds(1)

/** An empty line. */
export const make = (): WaitingLine => {
  const waiting = new Set<() => void>()
  return {
    wake: () => {
      for (const attempt of waiting) attempt()
    },
    take: <A>(take: () => A | undefined, { size, timeout }: Limits): Effect.Effect<A, Overloaded> =>
      Effect.suspend(() => {
        const taken = take()
        if (taken !== undefined) return Effect.succeed(taken)
        if (waiting.size >= size) return new Overloaded({ retryAfter })
        return Effect.async<A, Overloaded>((resume) => {
          const alarm = Alarm.make()
          const leave = () => {
            alarm.clear()
            waiting.delete(attempt)
          }
          const attempt = () => {
            const taken = take()
            if (taken === undefined) return
            leave()
            resume(Effect.succeed(taken))
          }
          waiting.add(attempt)
          alarm.set(Duration.toMillis(timeout), () => {
            leave()
            resume(new Overloaded({ retryAfter }))
          })
          return Effect.sync(leave)
        })
      })
  }
}
