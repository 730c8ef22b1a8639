import * as Effect from "effect/Effect"

/** What the log is told of one backend: never so often that nobody reads it. */
export interface BackendLog {
  /** A line at `now`, in ms since the epoch; undefined where one was told so lately that it is only counted. */
  readonly tell: (line: string, isWarning: boolean, now: number) => Effect.Effect<void> | undefined
  /** The same for what is no change of how it stands: left out where it would come too soon, and in the way of no other line. */
  readonly remark: (line: string, now: number) => Effect.Effect<void> | undefined
  /** How it stands, where something was left out and enough time has passed. */
  readonly catchUp: (standing: () => string, isWarning: boolean, now: number) => Effect.Effect<void> | undefined
}

/** One line of a backend in so many ms. */
export const pause = 5_000

/** Nothing has been told. */
export const make = (): BackendLog => {
  let toldAt = -Infinity
  let remarkedAt = -Infinity
  let leftOut = 0

  const say = (line: string, isWarning: boolean, now: number) => {
    const more = leftOut === 0 ? "" : `; ${leftOut} ${leftOut === 1 ? "change" : "changes"} before it not told`
    toldAt = now
    leftOut = 0
    return isWarning ? Effect.logWarning(line + more) : Effect.logInfo(line + more)
  }

  return {
    tell: (line, isWarning, now) => {
      if (now - toldAt >= pause) return say(line, isWarning, now)
      leftOut++
      return undefined
    },
    remark: (line, now) => {
      if (now - Math.max(toldAt, remarkedAt) < pause) return undefined
      remarkedAt = now
      return Effect.logInfo(line)
    },
    catchUp: (standing, isWarning, now) =>
      leftOut > 0 && now - toldAt >= pause ? say(standing(), isWarning, now) : undefined
  }
}
