import { readFileSync, readdirSync, readlinkSync } from "node:fs"
import type { Usage } from "./Control.js"

/** What a process that cannot be asked has used, from `/proc`: CPU to 10 ms, and nothing of its event loop. */
export const usageOf = (pid: number | string): Omit<Usage, "loopDelayP99"> => {
  // The command may hold spaces and brackets; what follows the last bracket does not.
  const fields = (readFileSync(`/proc/${pid}/stat`, "utf8").split(") ").at(-1) ?? "").split(" ")
  const ticks = Number(fields[11]) + Number(fields[12])
  const pages = Number(readFileSync(`/proc/${pid}/statm`, "utf8").split(" ")[1])
  return { cpu: (ticks * 1e6) / ticksPerSecond, rss: pages * pageSize }
}

/** The CPU of a process's main thread alone, in µs, to 10 ms. */
export const mainThreadOf = (pid: number): number => usageOf(`${pid}/task/${pid}`).cpu

/** The processes that a process has begun and that are still there. */
export const childrenOf = (pid: number): ReadonlyArray<number> =>
  readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim().split(" ").map(Number)

// Both are the same on every Linux that Node runs on, but for kernels built with larger pages.
const ticksPerSecond = 100
const pageSize = 4096

/** The process of this machine that listens on a port; undefined when there is none that may be looked at. */
export const listenerOn = (port: number): number | undefined => {
  const inode = ["/proc/net/tcp", "/proc/net/tcp6"]
    .flatMap(readLines)
    .map(listening)
    .find((each) => each?.port === port)
  if (inode === undefined) return undefined
  const owns = (pid: string) => linksOf(`/proc/${pid}/fd`).includes(`socket:[${inode.inode}]`)
  const found = readdirSync("/proc").find((name) => /^\d+$/.test(name) && owns(name))
  return found === undefined ? undefined : Number(found)
}

const listening = (line: string): { readonly port: number; readonly inode: string } | undefined => {
  const [, local = "", , state, , , , , , inode = ""] = line.trim().split(/\s+/)
  return state === "0A" ? { port: Number.parseInt(local.split(":").at(-1) ?? "", 16), inode } : undefined
}

const readLines = (path: string): ReadonlyArray<string> => {
  try {
    return readFileSync(path, "utf8").split("\n")
  } catch {
    return []
  }
}

// Other users' processes cannot be looked into, and one may end while it is looked at.
const linksOf = (folder: string): ReadonlyArray<string> => {
  try {
    return readdirSync(folder).map((name) => readlinkSync(`${folder}/${name}`))
  } catch {
    return []
  }
}
