/** A time span in ms, and the failure when it passes; made only then, for an error collects its stack. */
export interface Limit<E> {
  readonly after: number
  readonly failure: () => E
}

/** One timer of one exchange, set anew for each phase; an `Effect.timeout` per phase would cost more than the phase. */
export interface Alarm {
  /** Rings once after a time in ms, in place of whatever was set before. */
  set(after: number, ring: () => void): void
  /** Starts the time of the last {@link Alarm.set} anew, unless it was cleared since. */
  refresh(): void
  /** Does not ring until it is set again, which costs less than after {@link clear}; it has to be cleared in the end. */
  rest(): void
  clear(): void
}

/** Node rings at once for anything longer. */
const longest = 2 ** 31 - 1

/** An alarm that is not set. */
export const make = (): Alarm => new LateTimer()

// A timer that rings too early for its new time looks at the clock then; it is rarely set anew.
class LateTimer implements Alarm {
  private timer: NodeJS.Timeout | undefined = undefined
  private wakesAt = 0
  private isSet = false
  private span = 0
  private due = 0
  private ring = () => {}
  private ringing: NodeJS.Immediate | undefined = undefined

  set(after: number, ring: () => void): void {
    this.isSet = true
    this.ring = ring
    this.span = Math.min(longest, Math.max(0, after))
    this.begin()
  }

  refresh(): void {
    if (this.isSet) this.begin()
  }

  rest(): void {
    this.isSet = false
    this.silence()
  }

  clear(): void {
    this.rest()
    clearTimeout(this.timer)
    this.timer = undefined
  }

  wake(): void {
    this.timer = undefined
    if (!this.isSet) return
    const now = performance.now()
    if (this.due > now) this.wakeIn(this.due - now, now)
    // What came in time, while this process was too busy to look, is heard first.
    else this.ringing = setImmediate(this.ring)
  }

  private begin(): void {
    this.silence()
    const now = performance.now()
    this.due = now + this.span
    if (this.timer !== undefined && this.wakesAt <= this.due) return
    clearTimeout(this.timer)
    this.wakeIn(this.span, now)
  }

  private wakeIn(millis: number, now: number): void {
    const span = early(millis)
    this.wakesAt = now + span
    this.timer = setTimeout(wake, span, this)
  }

  private silence(): void {
    if (this.ringing === undefined) return
    clearImmediate(this.ringing)
    this.ringing = undefined
  }
}

const wake = (timer: LateTimer): void => timer.wake()

// Node keeps the timers of each length in a list, whose making costs more than a place in it: for long ones few lengths do.
const early = (millis: number): number => (millis < 10_000 ? millis : millis - (millis % 1_000))
