import * as Duration from "effect/Duration"

/** A time span, and the failure when it passes; made only then, for an error collects its stack. */
export interface Limit<E> {
  readonly after: Duration.Duration
  readonly failure: () => E
}

/** One timer of one exchange, set anew for each phase; an `Effect.timeout` per phase would cost more than the phase. */
export interface Alarm {
  /** Rings once after a time, in place of whatever was set before. */
  readonly set: (after: Duration.Duration, ring: () => void) => void
  /** Starts the time of the last {@link Alarm.set} anew, unless it was cleared. */
  readonly refresh: () => void
  readonly clear: () => void
}

/** Node rings at once for anything longer. */
const longest = 2 ** 31 - 1

/** An alarm that is not set. */
export const make = (): Alarm => {
  let timer: NodeJS.Timeout | undefined
  let ringing: NodeJS.Immediate | undefined
  const silence = () => {
    clearImmediate(ringing)
    ringing = undefined
  }
  return {
    set: (after, ring) => {
      silence()
      clearTimeout(timer)
      // What came in time, while this process was too busy to look, is heard first.
      timer = setTimeout(() => (ringing = setImmediate(ring)), Math.min(longest, Math.max(0, Duration.toMillis(after))))
    },
    refresh: () => {
      silence()
      timer?.refresh()
    },
    clear: () => {
      silence()
      clearTimeout(timer)
      timer = undefined
    }
  }
}
