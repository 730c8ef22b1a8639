import type { ChildProcess } from "node:child_process"
import { spawn } from "node:child_process"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"

/** Starts processes in a folder; what still runs when the scope closes is killed with all that it has started. */
export interface Processes {
  /** Runs a process to its end, which must be 0; the result is what it printed. */
  readonly run: (command: ReadonlyArray<string>) => Promise<string>
  /** Starts a process and waits until it prints something or is seen to serve; the result is what it printed. */
  readonly serve: (command: ReadonlyArray<string>, isServing: () => Promise<boolean>) => Promise<string>
}

/** How long a process may take to end, or to serve, in ms. */
const patience = 45_000

/** Processes in this folder, with this environment alone. */
export const make = (
  cwd: string,
  env: Readonly<Record<string, string>>
): Effect.Effect<Processes, never, Scope.Scope> =>
  Effect.gen(function* () {
    const running: Array<ChildProcess> = []
    yield* Effect.addFinalizer(() => Effect.promise(() => Promise.all(running.map(kill))))

    const start = ([file = "", ...args]: ReadonlyArray<string>) => {
      const child = spawn(file, args, { cwd, env, detached: true, stdio: ["ignore", "pipe", "pipe"] })
      running.push(child)
      const seen: { out: string; all: string; end?: number | NodeJS.Signals } = { out: "", all: "" }
      child.stdout.on("data", (bytes: Buffer) => (seen.out += bytes.toString()))
      for (const pipe of [child.stdout, child.stderr])
        pipe.on("data", (bytes: Buffer) => (seen.all += bytes.toString()))
      child.on("close", (code, signal) => (seen.end = signal ?? code ?? 0))
      child.on("error", ({ message }) => (seen.all += message))
      return seen
    }

    const until = async (holds: () => boolean | Promise<boolean>): Promise<void> => {
      const deadline = performance.now() + patience
      while (!(await holds()) && performance.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 10))
    }

    return {
      run: async (command) => {
        const seen = start(command)
        await until(() => seen.end !== undefined)
        if (seen.end !== 0) throw new Error(`ended with ${seen.end ?? "nothing, it still runs"}:\n${seen.all}`)
        return seen.out
      },
      serve: async (command, isServing) => {
        const seen = start(command)
        let serves = false
        await until(async () => (serves = seen.out !== "" || (await isServing())) || seen.end !== undefined)
        if (!serves) throw new Error(`does not serve, but ${seen.end ?? "is silent"}:\n${seen.all}`)
        return seen.out
      }
    }
  })

const kill = (child: ChildProcess): Promise<void> =>
  new Promise((resolve) => {
    if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return resolve()
    child.on("close", () => resolve())
    process.kill(-child.pid, "SIGKILL")
  })
