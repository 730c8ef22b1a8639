import { setTimeout as sleep } from "node:timers/promises"
import * as Schema from "effect/Schema"
import * as Peer from "./Peer.js"
import type { Scenario } from "./Scenario.js"
import { Seen, heldBy } from "./Shape.js"
import type { Shape } from "./Shape.js"
import * as Target from "./Target.js"

/** What one target did in one window. Times in ms, CPU in µs, memory in bytes. */
export interface Sample {
  readonly seen: Seen
  readonly wall: number
  /** The target's own CPU; undefined where nobody can tell. */
  readonly cpu: number | undefined
  readonly loopDelayP99: number | undefined
  /** Its memory while it worked, in the order in which it was looked at. */
  readonly rss: ReadonlyArray<number>
  /** Which share of one core the upstream and the load used. */
  readonly upstreamBusy: number
  readonly loadBusy: number
  /** How late the upstream's paced events were. */
  readonly lateness: number
  /** How many requests the upstream held at the end, and how many it should have. */
  readonly held: number
  readonly toHold: number
}

/** The processes on both sides of a target. */
export interface Sides {
  readonly upstream: Peer.Peer
  readonly upstreamUrl: string
  readonly load: Peer.Peer
}

/** Starts the upstream on a port, 0 for any free one, and the load generator. */
export const startSides = async (port: number): Promise<Sides> => {
  const upstream = Peer.start({ module: Peer.moduleOf("UpstreamProcess.js") })
  const load = Peer.start({ module: Peer.moduleOf("load/LoadProcess.js") })
  const upstreamUrl = Schema.decodeUnknownSync(Schema.String)(await upstream.ask("listen", port))
  // A target that starts beside it would be slower for that.
  await load.ask("usage")
  return { upstream, upstreamUrl, load }
}

const decodeSeen = Schema.decodeUnknownSync(Seen)
const decodeState = Schema.decodeUnknownSync(Schema.Struct({ held: Schema.Number, latenessP99: Schema.Number }))

/** How often memory is looked at, in ms. */
const look = 250

/** How long a load runs before it counts, in ms. */
const moment = 500

/** A target that answers this slowly is as warm as it will be, in ms. */
const longestWarmUp = 40_000

/** Requests that are to be held all at once are waited for this long, in ms. */
const longestArrival = 60_000

/** Has a target answer so many requests, for a program that is not compiled yet costs several times as much. */
export const warm = async ({ load, upstream }: Sides, target: Target.Target, requests: number): Promise<void> => {
  const shape: Shape = { _tag: "Closed", connections: 32, size: 600 }
  const began = performance.now()
  await load.ask("begin", { shape, url: target.url, headers: target.headers })
  do {
    await sleep(look)
  } while (decodeSeen(await load.ask("seen")).completed < requests && performance.now() - began < longestWarmUp)
  await load.ask("finish")
  await upstream.ask("state")
}

/** Lets the load at a target for `seconds`, once it has had its full strength for a moment. */
export const run = async (
  { load, upstream }: Sides,
  target: Target.Target,
  { requests, shape }: Pick<Scenario, "requests" | "shape">,
  seconds: number
): Promise<Sample> => {
  await load.ask("begin", { shape, url: target.url, headers: target.headers })
  await sleep(moment)
  await Promise.all([upstream.ask("state"), target.resetLoopDelay()])

  const [before, , upstreamBefore, loadBefore] = await Promise.all([
    target.usage(),
    load.ask("mark"),
    Target.usageOf(upstream),
    Target.usageOf(load)
  ])
  const began = performance.now()
  const rss: Array<number> = []
  const toHold = heldBy(shape)
  const isOver = async (): Promise<boolean> => {
    if (requests !== undefined) return decodeSeen(await load.ask("seen")).completed >= requests
    const passed = performance.now() - began
    if (passed < seconds * 1000) return false
    return toHold === 0 || passed > longestArrival || decodeState(await upstream.ask("state")).held >= toHold
  }
  while (!(await isOver())) {
    await sleep(requests === undefined ? look : 4 * look)
    rss.push((await target.usage())?.rss ?? 0)
  }
  const [after, seen, upstreamAfter, loadAfter, state] = await Promise.all([
    target.usage(),
    load.ask("seen"),
    Target.usageOf(upstream),
    Target.usageOf(load),
    upstream.ask("state")
  ])
  const wall = performance.now() - began
  const { held, latenessP99 } = decodeState(state)

  // What was under way at the end must end well too, and what arrives only now.
  await upstream.ask("goOn")
  const goOn = setInterval(() => void upstream.ask("goOn"), look)
  const { complaint, dropped, wrong } = decodeSeen(await load.ask("finish"))
  clearInterval(goOn)
  return {
    seen: { ...decodeSeen(seen), complaint, dropped, wrong },
    wall,
    cpu: before?.cpu === undefined || after?.cpu === undefined ? undefined : after.cpu - before.cpu,
    loopDelayP99: after?.loopDelayP99,
    rss,
    upstreamBusy: (upstreamAfter.cpu - upstreamBefore.cpu) / 1000 / wall,
    loadBusy: (loadAfter.cpu - loadBefore.cpu) / 1000 / wall,
    lateness: latenessP99,
    held,
    toHold
  }
}
