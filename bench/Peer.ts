import { fork } from "node:child_process"
import { openSync } from "node:fs"
import { fileURLToPath } from "node:url"

/** A process that the runner has started and can ask. */
export interface Peer {
  readonly pid: number
  /** Asks one of its handlers; rejects when that fails or the process ends. */
  readonly ask: (name: string, argument?: unknown) => Promise<unknown>
  /** Resolves with the first group of the first match in what it prints; rejects when it ends before. */
  readonly printed: (pattern: RegExp) => Promise<string>
  readonly stop: () => Promise<void>
}

/** How a process is started. */
export interface Options {
  readonly module: string
  readonly args?: ReadonlyArray<string>
  readonly env?: Readonly<Record<string, string>>
  readonly cwd?: string
  readonly nodeFlags?: ReadonlyArray<string>
  /** The file that gets its stderr; without it, ours does. */
  readonly logFile?: string
}

/** The path of a compiled module of the bench. */
export const moduleOf = (name: string): string => fileURLToPath(new URL(name, import.meta.url))

/** Starts a Node process with a control channel. */
export const start = ({ args = [], cwd, env, logFile, module, nodeFlags = [] }: Options): Peer => {
  const child = fork(module, [...args], {
    cwd,
    env: { PATH: process.env["PATH"], ...env },
    execArgv: [...nodeFlags],
    serialization: "advanced",
    stdio: ["ignore", "pipe", logFile === undefined ? "inherit" : openSync(logFile, "a"), "ipc"]
  })
  const waiting = new Map<number, { resolve: (answer: unknown) => void; reject: (cause: Error) => void }>()
  let asked = 0
  let output = ""

  child.stdout?.on("data", (bytes: Buffer) => (output += bytes.toString()))
  child.on("message", (message: unknown) => {
    if (typeof message !== "object" || message === null || !("id" in message)) return
    const asker = waiting.get(Number(message.id))
    waiting.delete(Number(message.id))
    if ("error" in message) asker?.reject(new Error(String(message.error)))
    else asker?.resolve("answer" in message ? message.answer : undefined)
  })
  const ended = new Promise<void>((resolve) =>
    child.on("exit", (code, signal) => {
      for (const { reject } of waiting.values()) reject(new Error(`${module} ended with ${code ?? signal}`))
      resolve()
    })
  )

  return {
    pid: child.pid ?? 0,
    ask: (name, argument) =>
      new Promise((resolve, reject) => {
        const id = asked++
        waiting.set(id, { resolve, reject })
        child.send({ id, name, argument }, (cause) => cause !== null && reject(cause))
      }),
    printed: (pattern) =>
      new Promise((resolve, reject) => {
        const look = () => {
          const found = pattern.exec(output)?.[1]
          if (found !== undefined) resolve(found)
        }
        child.stdout?.on("data", look)
        look()
        void ended.then(() => reject(new Error(`${module} ended: ${output}`)))
      }),
    stop: () => {
      child.kill("SIGTERM")
      const patience = setTimeout(() => child.kill("SIGKILL"), 5_000)
      return ended.finally(() => clearTimeout(patience))
    }
  }
}
