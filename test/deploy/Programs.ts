import { spawn, spawnSync } from "node:child_process"
import type { ChildProcess } from "node:child_process"
import * as fs from "node:fs"
import * as net from "node:net"
import * as path from "node:path"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"

/** Where a program is; undefined where it is not installed. */
export const find = (name: string): string | undefined =>
  [...(process.env["PATH"] ?? "").split(":"), "/usr/sbin", "/sbin"]
    .map((folder) => path.join(folder, name))
    .find((file) => fs.existsSync(file))

/** A test's title, which says when it is skipped because a program is missing. */
export const titled = (title: string, program: string): string =>
  find(program) === undefined ? `${title} (skipped: no ${program} here)` : title

/** What a program says, and whether it ended well; a missing one has not. */
export const run = (
  program: string,
  args: ReadonlyArray<string>,
  env: Readonly<Record<string, string>> = {}
): { readonly ok: boolean; readonly out: string; readonly err: string } => {
  const { error, status, stderr, stdout } = spawnSync(find(program) ?? program, args, {
    encoding: "utf8",
    timeout: 30_000,
    env: { ...process.env, ...env }
  })
  return { ok: error === undefined && status === 0, out: stdout ?? "", err: stderr ?? "" }
}

/** Starts a server that is to listen on a port, and waits until it does; it is killed with the scope. */
export const listening = (
  program: string,
  args: ReadonlyArray<string>,
  port: number,
  env: Readonly<Record<string, string>> = {}
): Effect.Effect<ChildProcess, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.sync(() => spawn(find(program) ?? program, args, { stdio: "pipe", env: { ...process.env, ...env } })),
    (child) =>
      Effect.async<void>((resume) => {
        if (child.exitCode !== null || child.signalCode !== null) return resume(Effect.void)
        child.on("close", () => resume(Effect.void))
        child.kill("SIGTERM")
      })
  ).pipe(
    Effect.tap((child) =>
      Effect.promise(async () => {
        let said = ""
        for (const output of [child.stdout, child.stderr])
          output.on("data", (bytes: Buffer) => (said += bytes.toString()))
        while (!(await accepts(port))) {
          if (child.exitCode !== null) throw new Error(`${program} ended with ${child.exitCode}: ${said}`)
        }
      })
    )
  )

const accepts = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = net.connect(port, "127.0.0.1")
    socket.on("connect", () => {
      socket.destroy()
      resolve(true)
    })
    socket.on("error", () => setTimeout(resolve, 10, false))
  })
