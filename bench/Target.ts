import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import * as path from "node:path"
import { performance } from "node:perf_hooks"
import { fileURLToPath } from "node:url"
import * as Schema from "effect/Schema"
import type { Usage } from "./Control.js"
import * as Peer from "./Peer.js"
import * as Proc from "./Proc.js"

/** Something that is measured. */
export interface Target {
  readonly name: string
  /** Its `base_url`. */
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  /** What it has used; undefined where nobody can tell. */
  readonly usage: () => Promise<Partial<Usage> | undefined>
  readonly resetLoopDelay: () => Promise<unknown>
  /** How long it took from its start until it listened, in ms; undefined for what we did not start. */
  readonly startMs: number | undefined
  /** Writes a CPU profile of what it does during some work into a file; undefined where that cannot be had. */
  readonly profiled: (<A>(file: string, work: () => Promise<A>) => Promise<A>) | undefined
  readonly stop: () => Promise<void>
}

/** How a target comes to be, given the upstream's `base_url`. */
export interface Plan {
  readonly name: string
  readonly start: (upstream: string) => Promise<Target>
}

const Usage = Schema.Struct({ cpu: Schema.Number, rss: Schema.Number, loopDelayP99: Schema.Number })

/** What one of our processes has used. */
export const usageOf = async (peer: Peer.Peer): Promise<Usage> =>
  Schema.decodeUnknownSync(Usage)(await peer.ask("usage"))

/** No gateway at all: what the others add their time to. */
export const direct: Plan = {
  name: "direct",
  start: (url) => Promise.resolve({ ...unmeasured, name: "direct", url, headers: {} })
}

/** The bare Node relay. */
export const bare: Plan = {
  name: "bare",
  start: async (upstream) => {
    const began = performance.now()
    const peer = Peer.start({ module: Peer.moduleOf("BareRelay.js"), args: [upstream] })
    const url = Schema.decodeUnknownSync(Schema.String)(await peer.ask("listen"))
    return ours("bare", url, peer, performance.now() - began, () => {})
  }
}

const program = fileURLToPath(new URL("../../../dist/bin/main.js", import.meta.url))

/** Causeway as it is shipped: default configuration, records on, its log in a file. */
export const causeway: Plan = {
  name: "causeway",
  start: (upstream) => startBuild("causeway", program, upstream)
}

/** Causeway as a host mounts it, on Effect's own server and router. */
export const mounted: Plan = {
  name: "mounted",
  start: (upstream) => startBuild("mounted", Peer.moduleOf("Mounted.js"), upstream)
}

/** Another build of Causeway, to compare two of them in one run. */
export const build = (name: string, main: string): Plan => ({
  name,
  start: (upstream) => startBuild(name, path.resolve(main), upstream)
})

const startBuild = async (name: string, main: string, upstream: string): Promise<Target> => {
  const folder = mkdtempSync(path.join(tmpdir(), "causeway-bench-"))
  writeFileSync(path.join(folder, "config.yaml"), configFor(upstream))
  const logFile = path.join(folder, "causeway.err")
  const began = performance.now()
  const peer = Peer.start({
    module: main,
    args: ["--port", "0"],
    cwd: folder,
    logFile,
    nodeFlags: ["--import", Peer.moduleOf("Probe.js")]
  })
  const clear = () => rmSync(folder, { recursive: true })
  try {
    const url = await peer.printed(/listening on (\S+)/)
    const startMs = performance.now() - began
    return { ...ours(name, `${url}/v1`, peer, startMs, clear), profiled: profilerOf(peer) }
  } catch (cause) {
    const said = readFileSync(logFile, "utf8")
    clear()
    throw new Error(`${name} did not start: ${said}`, { cause })
  }
}

const configFor = (upstream: string): string => `openai_clients:
  - name: bench
    base_url: ${upstream}
    api_key: sk-bench
    model_match: { type: keyword, value: "bench:" }
`

/** A gateway that somebody else runs, which asks the bench's upstream. */
export const foreign = (name: string, url: string, headers: Readonly<Record<string, string>>): Plan => ({
  name,
  start: () => {
    const pid = Proc.listenerOn(Number(new URL(url).port))
    const usage = () => Promise.resolve(pid === undefined ? undefined : Proc.usageOf(pid))
    return Promise.resolve({ ...unmeasured, name, url, headers, usage })
  }
})

const unmeasured = {
  usage: () => Promise.resolve(undefined),
  resetLoopDelay: () => Promise.resolve(),
  startMs: undefined,
  profiled: undefined,
  stop: () => Promise.resolve()
}

const ours = (name: string, url: string, peer: Peer.Peer, startMs: number, clear: () => void): Target => ({
  name,
  url,
  headers: {},
  startMs,
  profiled: undefined,
  usage: () => usageOf(peer),
  resetLoopDelay: () => peer.ask("resetLoopDelay"),
  stop: async () => {
    await peer.stop()
    clear()
  }
})

const profilerOf =
  (peer: Peer.Peer) =>
  async <A>(file: string, work: () => Promise<A>): Promise<A> => {
    await peer.ask("startProfile")
    const result = await work()
    await peer.ask("stopProfile", path.resolve(file))
    return result
  }
