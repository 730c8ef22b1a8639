import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import * as path from "node:path"
import { fileURLToPath } from "node:url"
import { parseArgs } from "node:util"
import * as Machine from "./Machine.js"
import * as Peer from "./Peer.js"
import * as Proc from "./Proc.js"
import * as Refusal from "./Refusal.js"
import * as Report from "./Report.js"
import type { Shape } from "./Shape.js"
import type { Target } from "./Target.js"
import * as Window from "./Window.js"

// What a request costs with one worker and with several, all processes and threads of the gateway together. Where the load
// runs on the same cores its rate says little of the gateway; what a request costs says how many the cores can bear.

const { values } = parseArgs({
  options: {
    workers: { type: "string", default: "2" },
    seconds: { type: "string", default: "6" },
    rounds: { type: "string", default: "3" },
    "warm-up": { type: "string", default: "10000" }
  }
})
const workers = Number(values.workers)
const shape: Shape = { _tag: "Closed", connections: 32, size: 600 }
const program = fileURLToPath(new URL("../../../dist/bin/main.js", import.meta.url))

/** CPU in µs of everything, of the primary (0 without one), and of the main thread of each process that serves. */
interface Used {
  readonly all: number
  readonly primary: number
  readonly threads: ReadonlyArray<number>
}

const none: Used = { all: 0, primary: 0, threads: [] }

/** What one window cost, in µs of CPU a request. */
interface Cost extends Used {
  readonly rate: number
}

const start = async (count: number, upstream: string) => {
  const folder = mkdtempSync(path.join(tmpdir(), "causeway-bench-"))
  const backend = `{ name: bench, base_url: "${upstream}", api_key: sk-bench, model_match: { value: "bench:" } }`
  writeFileSync(path.join(folder, "config.yaml"), `openai_clients: [${backend}]\nserver: { workers: ${count} }\n`)
  const logFile = path.join(folder, "causeway.err")
  const peer = Peer.start({ module: program, args: ["--port", "0"], cwd: folder, logFile })
  const url = `${await peer.printed(/listening on (\S+)/)}/v1`
  const serving = count === 1 ? [peer.pid] : Proc.childrenOf(peer.pid)
  const used = (): Used => {
    const primary = count === 1 ? 0 : Proc.usageOf(peer.pid).cpu
    const each = serving.map((pid) => Proc.usageOf(pid).cpu)
    return { primary, all: each.reduce((a, b) => a + b, primary), threads: serving.map(Proc.mainThreadOf) }
  }
  // A window asks for it first at its beginning and last at its end.
  const asked: Array<Used> = []
  const target: Target = {
    name: `workers: ${count}`,
    url,
    headers: {},
    usage: () => {
      asked.push(used())
      return Promise.resolve(undefined)
    },
    resetLoopDelay: () => Promise.resolve(),
    startMs: undefined,
    profiled: undefined,
    stop: async () => {
      await peer.stop()
      rmSync(folder, { recursive: true })
    }
  }
  return { target, asked }
}

const measure = async (sides: Window.Sides, { asked, target }: Awaited<ReturnType<typeof start>>): Promise<Cost> => {
  asked.length = 0
  const sample = await Window.run(sides, target, { shape }, Number(values.seconds))
  const refusal = Refusal.of([sample])
  if (refusal !== undefined) throw new Error(`${target.name} gets no number: ${refusal}`)
  const [before = none] = asked
  const after = asked.at(-1) ?? none
  const per = (now: number, then = 0) => (now - then) / sample.seen.completed
  return {
    rate: (sample.seen.completed * 1000) / sample.wall,
    all: per(after.all, before.all),
    primary: per(after.primary, before.primary),
    threads: after.threads.map((thread, index) => per(thread, before.threads[index]))
  }
}

const median = (numbers: ReadonlyArray<number>): number =>
  [...numbers].sort((a, b) => a - b)[numbers.length >> 1] ?? NaN

const sides = await Window.startSides(0)
const gateways = [await start(1, sides.upstreamUrl), await start(workers, sides.upstreamUrl)]
const costs: ReadonlyArray<Array<Cost>> = gateways.map(() => [])
try {
  for (const { target } of gateways) await Window.warm(sides, target, Number(values["warm-up"]))
  for (let round = 0; round < Number(values.rounds); round++) {
    for (const [index, gateway] of gateways.entries()) costs[index]?.push(await measure(sides, gateway))
  }
} finally {
  await Promise.all([...gateways.map(({ target }) => target), sides.load, sides.upstream].map((each) => each.stop()))
}

const of = (index: number, what: (cost: Cost) => number) => median((costs[index] ?? []).map(what))
const rows: ReadonlyArray<readonly [string, (cost: Cost) => number]> = [
  ["requests/s, with the load on the same cores", ({ rate }) => rate],
  ["CPU µs per request, everything", ({ all }) => all],
  ["of it the primary", ({ primary }) => primary],
  ["of it the busiest main thread", ({ threads }) => Math.max(...threads)],
  [
    "busiest main thread's part of all main threads, %",
    ({ threads }) => (100 * Math.max(...threads)) / threads.reduce((a, b) => a + b, 0)
  ]
]
const table = [
  ["", ...gateways.map(({ target }) => target.name)],
  ...rows.map(([name, what]) => [name, of(0, what).toFixed(1), of(1, what).toFixed(1)])
]
// As many requests as the cores can pay for, and none of whose threads is asked for more than a core.
const capacity = (index: number, cores: number) =>
  1 /
  Math.max(
    of(index, ({ all }) => all) / cores,
    of(index, ({ threads }) => Math.max(...threads))
  )
console.log(`${Machine.describe()}\n\n${Report.align(table).join("\n")}\n`)
console.log(`${workers} workers on ${workers} cores bear × the requests of one worker, which has`)
console.log(`  one core: ${(capacity(1, workers) / capacity(0, 1)).toFixed(2)}`)
console.log(`  the same ${workers} cores: ${(capacity(1, workers) / capacity(0, workers)).toFixed(2)}`)
