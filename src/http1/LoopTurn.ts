import { performance } from "node:perf_hooks"

/**
 * The number of the present turn of the event loop. What happens in one turn happens without a look at the sockets in
 * between. Nodes that do not count (22.0 to 22.7) say another number each time.
 */
export const current = (): number => (counts ? timing.uvMetricsInfo.loopCount : ++calls)

const timing = performance.nodeTiming
const counts = "uvMetricsInfo" in timing
let calls = 0
