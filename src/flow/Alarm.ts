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
  /** Does not ring until it is set again. */
  clear(): void
}

/** An alarm that is not set. */
export const make = (): Alarm => new SharedAlarm()

class SharedAlarm implements Alarm {
  /** By `performance.now()`. */
  due = 0
  /** Its place among those that are under way; -1 when it is none. */
  place = -1
  private isSet = false
  private span = 0
  private ring = () => {}
  private ringing: NodeJS.Immediate | undefined = undefined

  set(after: number, ring: () => void): void {
    this.isSet = true
    this.ring = ring
    this.span = Math.max(0, after)
    this.begin()
  }

  refresh(): void {
    if (this.isSet) this.begin()
  }

  clear(): void {
    this.isSet = false
    this.silence()
    underWay.remove(this)
  }

  // What came in time, while this process was too busy to look, is heard first.
  wake(): void {
    this.ringing = setImmediate(this.ring)
  }

  private begin(): void {
    this.silence()
    this.due = performance.now() + this.span
    underWay.add(this)
  }

  private silence(): void {
    if (this.ringing === undefined) return
    clearImmediate(this.ringing)
    this.ringing = undefined
  }
}

/** Node rings at once for anything longer, in ms. */
const longest = 2 ** 31 - 1

// All alarms have one timer of Node's, which wakes for the earliest of them: most are set later or cleared before it does,
// which costs them no timer of their own.
class UnderWay {
  private readonly alarms: Array<SharedAlarm> = []
  private timer: NodeJS.Timeout | undefined = undefined
  private wakesAt = Infinity

  add(alarm: SharedAlarm): void {
    if (alarm.place === -1) {
      if (this.alarms.length === 0) this.timer?.ref()
      alarm.place = this.alarms.push(alarm) - 1
    }
    if (alarm.due < this.wakesAt) this.wakeAt(alarm.due)
  }

  remove(alarm: SharedAlarm): void {
    if (alarm.place === -1) return
    const last = this.alarms.pop()
    if (last !== undefined && last !== alarm) {
      this.alarms[alarm.place] = last
      last.place = alarm.place
    }
    alarm.place = -1
    // The process may end when nobody waits any more.
    if (this.alarms.length === 0) this.timer?.unref()
  }

  private wakeAt(due: number): void {
    clearTimeout(this.timer)
    this.wakesAt = due
    this.timer = setTimeout(() => this.wake(), Math.min(longest, due - performance.now()))
  }

  private wake(): void {
    this.wakesAt = Infinity
    const now = performance.now()
    let next = Infinity
    const late: Array<SharedAlarm> = []
    for (const alarm of this.alarms) {
      if (alarm.due > now) next = Math.min(next, alarm.due)
      else late.push(alarm)
    }
    for (const alarm of late.sort((a, b) => a.due - b.due)) {
      this.remove(alarm)
      alarm.wake()
    }
    if (next < Infinity) this.wakeAt(next)
  }
}

const underWay = new UnderWay()
