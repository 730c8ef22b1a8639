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
  let ring = () => {}
  let span = 0
  let refreshedAt: number | undefined

  const silence = () => {
    clearImmediate(ringing)
    ringing = undefined
  }
  const wait = (millis: number) => {
    refreshedAt = undefined
    timer = setTimeout(expire, millis)
  }
  const expire = () => {
    const left = refreshedAt === undefined ? 0 : refreshedAt + span - performance.now()
    if (left > 0) wait(left)
    // What came in time, while this process was too busy to look, is heard first.
    else ringing = setImmediate(ring)
  }

  return {
    set: (after, onRing) => {
      silence()
      clearTimeout(timer)
      ring = onRing
      span = Math.min(longest, Math.max(0, Duration.toMillis(after)))
      wait(span)
    },
    // Happens with every event of a stream: to look at the clock costs less than to set the timer anew.
    refresh: () => {
      if (ringing === undefined) refreshedAt = performance.now()
      else if (timer !== undefined) {
        silence()
        wait(span)
      }
    },
    clear: () => {
      silence()
      clearTimeout(timer)
      timer = undefined
    }
  }
}
