import { performance } from "node:perf_hooks"

/** Calls back at fixed intervals for many streams from one timer, by the clock and not by the last call. */
export interface Pacer {
  /** Calls `step` once per `interval` ms from now on, until it returns false. */
  readonly add: (interval: number, step: () => boolean) => void
  /** By how many ms calls were late since this was last asked. */
  readonly takeLateness: () => Float64Array
}

interface Paced {
  due: number
  readonly interval: number
  readonly step: () => boolean
}

/** A pacer without streams; it only ticks while it has some. */
export const make = (): Pacer => {
  const paced = new Set<Paced>()
  let lateness: Array<number> = []
  let ticking = false

  const tick = (): void => {
    const now = performance.now()
    for (const each of paced) {
      if (each.due > now) continue
      lateness.push(now - each.due)
      each.due += each.interval
      if (!each.step()) paced.delete(each)
    }
    ticking = paced.size > 0
    if (ticking) setTimeout(tick, 1)
  }

  return {
    add: (interval, step) => {
      paced.add({ due: performance.now() + interval, interval, step })
      if (ticking) return
      ticking = true
      setTimeout(tick, 1)
    },
    takeLateness: () => {
      const taken = Float64Array.from(lateness)
      lateness = []
      return taken
    }
  }
}
