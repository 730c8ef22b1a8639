import { spawn } from "node:child_process"
import * as fs from "node:fs"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"

/** The built program. */
const program = new URL("../../dist/bin/main.js", import.meta.url).pathname

/** A gateway in a process of its own. */
export interface ChildGateway {
  readonly pid: number | undefined
  /** Resolves with the URL that it prints; rejects when it ends before. */
  readonly url: Promise<string>
  readonly kill: (signal: NodeJS.Signals) => void
  /** Resolves with the exit code, or the name of the signal that ended it, when all output is there. */
  readonly exit: Promise<number | NodeJS.Signals | null>
  readonly stdout: () => string
  readonly stderr: () => string
  /** The most memory that it has had so far, in MB; 0 where the system does not say. */
  readonly peakMemory: () => number
}

/** How a process is started; of our own environment it only gets the path. */
export interface Options {
  readonly folder: string
  readonly flags?: ReadonlyArray<string>
  readonly env?: Readonly<Record<string, string>>
  /** Which output nobody reads. */
  readonly without?: "stdout" | "stderr" | undefined
  /** What a shell does with the outputs, such as `>&-`; and what it is to do before, such as `ulimit -n 64`. */
  readonly redirected?: string
  readonly first?: string
  /** What begins it, such as `unshare --pid --fork`. */
  readonly wrapper?: ReadonlyArray<string>
}

/** Starts the built program; what still runs is killed with the scope. */
export const make = ({
  env = {},
  first = "true",
  flags = [],
  folder,
  redirected = "",
  without,
  wrapper = []
}: Options): Effect.Effect<ChildGateway, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.sync(() => {
      const script = `${first}; exec "$0" "$@" ${redirected}`
      const child = spawn("sh", ["-c", script, ...wrapper, process.execPath, program, ...flags], {
        cwd: folder,
        env: { PATH: process.env["PATH"], ...env },
        stdio: ["ignore", "pipe", "pipe"]
      })
      if (without !== undefined) child[without].destroy()
      const output = { stdout: "", stderr: "" }
      const exit = new Promise<number | NodeJS.Signals | null>((resolve) =>
        child.on("close", (code, signal) => resolve(code ?? signal))
      )
      const url = new Promise<string>((resolve, reject) => {
        child.stdout.on("data", (bytes: Buffer) => {
          output.stdout += bytes.toString()
          const [, found] = /listening on (\S+)/.exec(output.stdout) ?? []
          if (found !== undefined) resolve(found)
        })
        void exit.then((code) => reject(new Error(`ended with ${code}: ${output.stdout}${output.stderr}`)))
      })
      // A test may only care for the end.
      url.catch(() => {})
      child.stderr.on("data", (bytes: Buffer) => (output.stderr += bytes.toString()))
      const gateway: ChildGateway = {
        pid: child.pid,
        url,
        kill: (signal) => void child.kill(signal),
        exit,
        stdout: () => output.stdout,
        stderr: () => output.stderr,
        peakMemory: () => {
          const path = `/proc/${child.pid}/status`
          const status = fs.existsSync(path) ? fs.readFileSync(path, "utf8") : ""
          return Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1] ?? 0) / 1024
        }
      }
      return gateway
    }),
    ({ exit, kill }) =>
      Effect.promise(() => {
        kill("SIGKILL")
        return exit
      })
  )
