import * as Percentile from "./Percentile.js"
import type { Scenario } from "./Scenario.js"
import type { Sample } from "./Window.js"

/** Everything that is measured, with its unit and how many digits of it mean something. */
export const known = {
  requestsPerSecond: ["requests/s", 0],
  eventsPerSecond: ["events/s", 0],
  cpuPerRequest: ["CPU µs/request", 1],
  cpuPerEvent: ["CPU µs/event", 1],
  cpuRatio: ["× bare", 2],
  latencyP50: ["latency p50 ms", 2],
  latencyP95: ["latency p95 ms", 2],
  latencyP99: ["latency p99 ms", 2],
  addedLatencyP50: ["added p50 ms", 2],
  addedLatencyP99: ["added p99 ms", 2],
  ttftP50: ["TTFT p50 ms", 2],
  ttftP95: ["TTFT p95 ms", 2],
  ttftP99: ["TTFT p99 ms", 2],
  addedTtftP50: ["added TTFT p50 ms", 2],
  addedTtftP99: ["added TTFT p99 ms", 2],
  gapP99: ["event gap p99 ms", 1],
  loopDelayP99: ["loop delay p99 ms", 1],
  rssIdle: ["RSS idle MB", 0],
  rssLoad: ["RSS load MB", 0],
  rssAfter: ["RSS after MB", 0],
  rssAfterRatio: ["RSS after ÷ idle", 2],
  rssGrowth: ["RSS growth", 2],
  startMs: ["start ms", 0]
} as const satisfies Record<string, readonly [unit: string, digits: number]>

export type Name = keyof typeof known

/** What is known of one target in one scenario. */
export type Measures = Readonly<Partial<Record<Name, number>>>

/** The memory and the start of a target, which are not of a window. Bytes and ms. */
export interface Standing {
  readonly rssIdle: number | undefined
  readonly rssAfter: number | undefined
  readonly startMs: number | undefined
}

/** The measures of a target's windows, against those of the bare relay and of nothing in between, round by round. */
export const of = (
  scenario: Pick<Scenario, "per" | "requests">,
  samples: ReadonlyArray<Sample>,
  standing: Standing,
  bare: ReadonlyArray<Sample>,
  direct: ReadonlyArray<Sample>
): Measures => {
  const { per } = scenario
  const wall = samples.reduce((total, sample) => total + sample.wall, 0)
  const count = (what: "completed" | "events") => samples.reduce((total, { seen }) => total + seen[what], 0)
  const costs = samples.map((sample) => costOf(per, sample))
  const ratios = costs.map((cost, round) => divide(cost, costOf(per, bare[round])))
  const latency = quantiles(samples, "latency")
  const ttft = quantiles(samples, "ttft")
  const directly = { latency: quantiles(direct, "latency"), ttft: quantiles(direct, "ttft") }
  const streamed = per === "event"
  const rss = samples.flatMap((sample) => sample.rss)
  const cost = Percentile.median(costs.filter(isNumber))
  return present({
    requestsPerSecond: count("completed") === 0 ? undefined : (count("completed") / wall) * 1000,
    eventsPerSecond: streamed ? (count("events") / wall) * 1000 : undefined,
    cpuPerRequest: streamed ? undefined : cost,
    cpuPerEvent: streamed ? cost : undefined,
    cpuRatio: Percentile.median(ratios.filter(isNumber)),
    latencyP50: streamed ? undefined : latency.p50,
    latencyP95: streamed ? undefined : latency.p95,
    latencyP99: streamed ? undefined : latency.p99,
    addedLatencyP50: streamed ? undefined : minus(latency.p50, directly.latency.p50),
    addedLatencyP99: streamed ? undefined : minus(latency.p99, directly.latency.p99),
    ttftP50: ttft.p50,
    ttftP95: ttft.p95,
    ttftP99: ttft.p99,
    addedTtftP50: minus(ttft.p50, directly.ttft.p50),
    addedTtftP99: minus(ttft.p99, directly.ttft.p99),
    gapP99: quantiles(samples, "gaps").p99,
    loopDelayP99: Percentile.median(samples.map((sample) => sample.loopDelayP99).filter(isNumber)),
    rssIdle: megabytes(standing.rssIdle),
    rssLoad: rss.some((bytes) => bytes > 0) ? megabytes(Math.max(...rss)) : undefined,
    rssAfter: megabytes(standing.rssAfter),
    rssAfterRatio: divide(standing.rssAfter, standing.rssIdle),
    rssGrowth: scenario.requests === undefined ? undefined : growth(rss),
    startMs: standing.startMs
  })
}

const costOf = (per: Scenario["per"], sample: Sample | undefined): number | undefined =>
  sample === undefined ? undefined : divide(sample.cpu, per === "event" ? sample.seen.events : sample.seen.completed)

const quantiles = (samples: ReadonlyArray<Sample>, what: "latency" | "ttft" | "gaps") => {
  const all = samples.flatMap(({ seen }) => [...seen[what]])
  return { p50: Percentile.of(all, 0.5), p95: Percentile.of(all, 0.95), p99: Percentile.of(all, 0.99) }
}

/** How much higher the middle of the last quarter lies than that of the second, by when the heap has its size. */
export const growth = (rss: ReadonlyArray<number>): number | undefined => {
  const quarter = Math.floor(rss.length / 4)
  return divide(Percentile.median(rss.slice(-quarter)), Percentile.median(rss.slice(quarter, 2 * quarter)))
}

const divide = (a: number | undefined, b: number | undefined): number | undefined =>
  a === undefined || b === undefined || b === 0 ? undefined : a / b

const minus = (a: number | undefined, b: number | undefined): number | undefined =>
  a === undefined || b === undefined ? undefined : a - b

const megabytes = (bytes: number | undefined): number | undefined => divide(bytes, 1024 * 1024)

const isNumber = (value: number | undefined): value is number => value !== undefined

const present = (measures: Readonly<Record<Name, number | undefined>>): Measures =>
  Object.fromEntries(Object.entries(measures).filter(([, value]) => value !== undefined))
