import type { Seen } from "../../bench/Shape.js"
import type { Sample } from "../../bench/Window.js"

/** A fair window in which ten requests were answered well, for 1,000 µs of CPU. */
export const fair = (more: Partial<Sample> = {}, seen: Partial<Seen> = {}): Sample => ({
  seen: {
    completed: 10,
    events: 0,
    wrong: 0,
    dropped: 0,
    complaint: null,
    latency: Float64Array.from([1, 2, 3]),
    ttft: new Float64Array(0),
    gaps: new Float64Array(0),
    ...seen
  },
  wall: 1000,
  cpu: 1000,
  loopDelayP99: 1,
  rss: [],
  upstreamBusy: 0.5,
  loadBusy: 0.5,
  lateness: 0,
  held: 0,
  toHold: 0,
  ...more
})
