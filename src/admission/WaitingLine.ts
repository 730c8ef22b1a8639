import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { Overloaded } from "../domain/failure/Failure.js"
import { unchecked } from "../domain/failure/Identified.js"
import * as Alarm from "../flow/Alarm.js"

/** How many may wait in a line, and for how long. */
export interface Limits {
  readonly size: number
  readonly timeout: Duration.Duration
}

/** A bounded line of those who wait for something to become free. */
export interface WaitingLine {
  /**
   * Takes now what `take` gives, or waits until it gives something; leaving the line is interrupting this. What is taken
   * in the moment of an interruption is lost to this effect, so `take` notes what it gives.
   */
  readonly take: <A>(take: () => A | undefined, limits: Limits) => Effect.Effect<A, Overloaded>
  /** Takes now what `take` gives; undefined where it gives nothing, or others have waited for longer. */
  readonly takeNow: <A>(take: () => A | undefined) => A | undefined
  /**
   * Waits as {@link WaitingLine.take} does, for who has no fiber: tells once what was taken, undefined where nothing was in time, and never before it
   * returns the way to leave the line.
   */
  readonly join: <A>(take: () => A | undefined, limits: Limits, onSettled: (taken: A | undefined) => void) => () => void
  /** Whether nobody waits. */
  readonly isEmpty: () => boolean
  /** To be called when something has become free: each in the line tries to take, in their order. */
  readonly wake: () => void
}

/** What somebody is told who found no place or waited in vain. */
export const overloaded = (): Overloaded => new Overloaded({ retryAfter }, unchecked)

const retryAfter = Duration.seconds(1)

/** How a line is kept. */
export interface Options {
  /**
   * `each`: whoever finds what it wants takes it, for they may want different things. `first`: nobody does before those
   * that came earlier, so that a small wish does not starve a large one. Default: `each`.
   */
  readonly serves?: "each" | "first"
}

/** An empty line. */
export const make = ({ serves = "each" }: Options = {}): WaitingLine => {
  // Each says whether it has left the line.
  const waiting = new Set<() => boolean>()
  const takeNow: WaitingLine["takeNow"] = (take) => (serves === "first" && waiting.size > 0 ? undefined : take())

  const wake = () => {
    for (const attempt of waiting) if (!attempt() && serves === "first") return
  }

  const wait = <A>(
    take: () => A | undefined,
    { timeout }: Limits,
    onSettled: (taken: A | undefined) => void
  ): (() => void) => {
    const alarm = Alarm.make()
    const leave = () => {
      alarm.clear()
      waiting.delete(attempt)
    }
    const attempt = () => {
      const taken = take()
      if (taken === undefined) return false
      leave()
      onSettled(taken)
      return true
    }
    waiting.add(attempt)
    // Whoever stood behind may want less.
    const goAway = () => {
      leave()
      if (serves === "first") wake()
    }
    alarm.set(Duration.toMillis(timeout), () => {
      goAway()
      onSettled(undefined)
    })
    return goAway
  }

  const join: WaitingLine["join"] = (take, limits, onSettled) => {
    if (waiting.size < limits.size) return wait(take, limits, onSettled)
    let left = false
    queueMicrotask(() => {
      if (!left) onSettled(undefined)
    })
    return () => void (left = true)
  }

  return {
    wake,
    isEmpty: () => waiting.size === 0,
    takeNow,
    join,
    take: <A>(take: () => A | undefined, limits: Limits): Effect.Effect<A, Overloaded> =>
      Effect.suspend(() => {
        const taken = takeNow(take)
        if (taken !== undefined) return Effect.succeed(taken)
        return Effect.async<A, Overloaded>((resume) => {
          const leave = join(take, limits, (taken) =>
            resume(taken === undefined ? overloaded() : Effect.succeed(taken))
          )
          return Effect.sync(leave)
        })
      })
  }
}
