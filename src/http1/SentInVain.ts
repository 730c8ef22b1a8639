import * as fs from "node:fs"
import { endianness } from "node:os"
import * as Data from "effect/Data"
import * as IpRange from "../domain/config/IpRange.js"

/** The other side has acknowledged nothing of what it was sent last, for long: it is gone, or the way to it. */
export class NotAcknowledged extends Data.TaggedError("NotAcknowledged")<{}> {
  override get message() {
    return "the server does not acknowledge what it was sent"
  }
}

/** The ends of a connection of TCP, which tell it from all others of this process. */
export interface Ends {
  readonly localPort: number
  readonly remotePort: number
  readonly remoteAddress: string
}

/** Finds out which connections of this system send in vain. Node cannot be asked, but Linux can. */
export interface SentInVain {
  readonly find: () => Promise<(ends: Ends) => boolean>
}

/** How the table of connections is read: as `/proc/net/tcp` has it. */
export type ReadTable = () => Promise<string>

/**
 * So often something is sent again, or the window asked for, without an answer, until nobody is taken to be there: each time
 * TCP waits twice as long, which makes six seconds on the shortest of ways.
 */
const times = 5

/** So long what was found out holds, in ms, for reading the table takes its time where there are many connections. */
const fresh = 2_000

/** What was found out last is of use to all pools. */
export const make = (read: ReadTable = readTables): SentInVain => {
  let latest: ReturnType<SentInVain["find"]> | undefined
  let readAt = 0
  return {
    find: () => {
      const now = performance.now()
      if (latest !== undefined && now - readAt < fresh) return latest
      readAt = now
      latest = read().then(finder, () => () => false)
      return latest
    }
  }
}

const readTables: ReadTable = async () => {
  const tables = ["/proc/net/tcp", "/proc/net/tcp6"].map((path) => fs.promises.readFile(path, "utf8").catch(() => ""))
  return (await Promise.all(tables)).join("\n")
}

const finder = (table: string) => {
  const vain = new Set<string>()
  for (const line of table.split("\n")) {
    const [, local, remote, , , timer, again = "", , asked = ""] = line.trim().split(/\s+/)
    // Of the timers these two wait for the other side: to acknowledge, and to have room.
    if (local === undefined || remote === undefined || !/^0[14]:/.test(timer ?? "")) continue
    if (Math.max(parseInt(again, 16), Number(asked)) >= times)
      vain.add(`${portIn(local)} ${portIn(remote)} ${addressIn(remote)}`)
  }
  return ({ localPort, remoteAddress, remotePort }: Ends) =>
    vain.size > 0 && vain.has(`${localPort} ${remotePort} ${numberOf(remoteAddress)}`)
}

const portIn = (end: string): number => parseInt(end.split(":")[1] ?? "", 16)

// Words of four bytes, each as this machine has it in memory.
const addressIn = (end: string): string => {
  const words = (end.split(":")[0] ?? "").match(/.{8}/g) ?? []
  const hex = words
    .map((word) => (endianness() === "LE" ? (word.match(/../g) ?? []).reverse().join("") : word))
    .join("")
  return BigInt(`0x${/^0{20}F{4}.{8}$/i.test(hex) ? hex.slice(24) : hex || "0"}`).toString()
}

const numberOf = (address: string): string => IpRange.parseAddress(address)?.address.toString() ?? ""

/** For all pools of this process. */
export const shared: SentInVain = make()
