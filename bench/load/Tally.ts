import type { Seen } from "../Shape.js"

/** Counts what the answers of one run were like. */
export interface Tally {
  readonly completed: (latency: number) => void
  /** A piece of streamed text came `gap` ms after the one before. */
  readonly event: (gap: number | undefined) => void
  readonly firstToken: (ttft: number) => void
  readonly wrong: (complaint: string) => void
  readonly dropped: (cause: unknown) => void
  /** Begins to count anew; complaints stay, for no answer may be wrong at any time. */
  readonly reset: () => void
  readonly seen: () => Seen
}

/** A tally at zero. */
export const make = (): Tally => {
  let completed = 0
  let events = 0
  let wrong = 0
  let dropped = 0
  let complaint: string | null = null
  let latency: Array<number> = []
  let ttft: Array<number> = []
  let gaps: Array<number> = []
  return {
    completed: (ms) => {
      completed++
      latency.push(ms)
    },
    event: (gap) => {
      events++
      if (gap !== undefined) gaps.push(gap)
    },
    firstToken: (ms) => void ttft.push(ms),
    wrong: (what) => {
      wrong++
      complaint ??= what
    },
    dropped: (cause) => {
      dropped++
      complaint ??= cause instanceof Error ? cause.message : String(cause)
    },
    reset: () => {
      completed = 0
      events = 0
      latency = []
      ttft = []
      gaps = []
    },
    seen: () => ({
      completed,
      events,
      wrong,
      dropped,
      complaint,
      latency: Float64Array.from(latency),
      ttft: Float64Array.from(ttft),
      gaps: Float64Array.from(gaps)
    })
  }
}
