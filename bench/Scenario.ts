import type { Shape } from "./Shape.js"

/** What a scenario asks of the targets, and of which. */
export interface Scenario {
  readonly name: string
  /** In words, for the table. */
  readonly what: string
  readonly shape: Shape
  /** What its CPU time is divided by. */
  readonly per: "request" | "event"
  /** Whether it is also run without a gateway, to know what one adds. */
  readonly direct: boolean
  /** How long memory may settle before it is looked at again, in s; 0 where memory is not the point. */
  readonly settle: number
  /** Whether one window says it all: memory, and what lasts long. */
  readonly once: boolean
  /** Goes on until so many requests are answered, instead of for a time. */
  readonly requests?: number
}

/** Every scenario, in the order in which they run. */
export const all: ReadonlyArray<Scenario> = [
  {
    name: "closed",
    what: "JSON answers, 32 connections that ask without a pause",
    shape: { _tag: "Closed", connections: 32, size: 600 },
    per: "request",
    direct: false,
    settle: 0,
    once: false
  },
  {
    name: "single",
    what: "JSON answers, one connection that asks without a pause",
    shape: { _tag: "Closed", connections: 1, size: 600 },
    per: "request",
    direct: true,
    settle: 0,
    once: false
  },
  {
    name: "open",
    what: "JSON answers, 500 requests a second whatever happens",
    shape: { _tag: "Open", rate: 500, size: 600 },
    per: "request",
    direct: true,
    settle: 0,
    once: false
  },
  {
    name: "large",
    what: "prompts of 1 MB, 8 connections",
    shape: { _tag: "Closed", connections: 8, size: 1_000_000 },
    per: "request",
    direct: false,
    settle: 0,
    once: false
  },
  {
    name: "streams",
    what: "200 streams at a time, 50 events a second each, 100 events long",
    shape: { _tag: "Streams", streams: 200, events: 100, interval: 20 },
    per: "event",
    direct: true,
    settle: 0,
    once: false
  },
  {
    name: "streams-500",
    what: "500 streams at a time, 20 events a second each, 40 events long",
    shape: { _tag: "Streams", streams: 500, events: 40, interval: 50 },
    per: "event",
    direct: true,
    settle: 30,
    once: false
  },
  {
    name: "growth",
    what: "200,000 requests, 32 connections",
    shape: { _tag: "Closed", connections: 32, size: 600 },
    per: "request",
    direct: false,
    settle: 0,
    once: true,
    requests: 200_000
  },
  {
    name: "idle-streams",
    what: "1,000 streams that have begun and are silent",
    shape: { _tag: "IdleStreams", streams: 1000 },
    per: "request",
    direct: false,
    settle: 30,
    once: true
  },
  {
    name: "slow-readers",
    what: "200 callers that read 16 KB a second of endless streams",
    shape: { _tag: "SlowReaders", readers: 200, bytesPerSecond: 16_384 },
    per: "event",
    direct: false,
    settle: 30,
    once: true
  },
  {
    name: "many-bodies",
    what: "1,500 requests of 150 KB at once, none answered before all have arrived",
    shape: { _tag: "Bodies", count: 1500, size: 150_000 },
    per: "request",
    direct: false,
    settle: 30,
    once: true
  }
]
