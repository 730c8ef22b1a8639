import * as fs from "node:fs"
import { constants } from "node:os"

/** A process that was begun. */
interface Begun {
  readonly pid: number | undefined
}

/** The processes that this one has begun, oldest first. */
export const childrenOf = ({ pid }: Begun): ReadonlyArray<number> =>
  fs.readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").split(" ").filter(Boolean).map(Number)

/** Whether a process catches a signal by now. */
export const catches = ({ pid }: Begun, signal: NodeJS.Signals): boolean => {
  const status = fs.readFileSync(`/proc/${pid}/status`, "utf8")
  const caught = BigInt(`0x${/SigCgt:\s+([\da-f]+)/.exec(status)?.[1] ?? "0"}`)
  return (caught & (1n << BigInt(constants.signals[signal] - 1))) !== 0n
}

/** Whether there is such a process, that has not ended. */
export const isAlive = (pid: number): boolean => {
  try {
    return !/^State:\s+[ZX]/m.test(fs.readFileSync(`/proc/${pid}/status`, "utf8"))
  } catch {
    return false
  }
}
