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
  let wakesAt = 0
  let isSet = false
  let span = 0
  let due = 0
  let ring = () => {}
  let ringing: NodeJS.Immediate | undefined

  const silence = () => {
    clearImmediate(ringing)
    ringing = undefined
  }
  const wakeIn = (millis: number, now: number) => {
    wakesAt = now + millis
    timer = setTimeout(wake, millis)
  }
  const wake = () => {
    timer = undefined
    const now = performance.now()
    if (due > now) wakeIn(due - now, now)
    // What came in time, while this process was too busy to look, is heard first.
    else ringing = setImmediate(ring)
  }
  // A timer that rings too early for its new time looks at the clock then; it is rarely set anew.
  const begin = () => {
    silence()
    const now = performance.now()
    due = now + span
    if (timer !== undefined && wakesAt <= due) return
    clearTimeout(timer)
    wakeIn(span, now)
  }

  return {
    set: (after, onRing) => {
      isSet = true
      ring = onRing
      span = Math.min(longest, Math.max(0, Duration.toMillis(after)))
      begin()
    },
    refresh: () => {
      if (isSet) begin()
    },
    clear: () => {
      isSet = false
      silence()
      clearTimeout(timer)
      timer = undefined
    }
  }
}
