import { spawn } from "node:child_process"
import type { ChildProcess } from "node:child_process"
import * as fs from "node:fs"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Caller from "../support/Caller.js"
import * as Image from "./Image.js"
import * as Programs from "./Programs.js"

const user = 10001

/** The processes that descend from one, by their numbers; each may have been begun by any of its threads. */
const descendantsOf = (pid: number): ReadonlyArray<number> => {
  const tasks = fs.existsSync(`/proc/${pid}/task`) ? fs.readdirSync(`/proc/${pid}/task`) : []
  const children = tasks.flatMap((task) =>
    fs.readFileSync(`/proc/${pid}/task/${task}/children`, "utf8").split(" ").filter(Boolean).map(Number)
  )
  return [...children, ...children.flatMap(descendantsOf)]
}

/** The processes below one that run the gateway, not what starts it. */
const gatewaysBelow = (pid: number) =>
  descendantsOf(pid).filter((each) => !fs.readFileSync(`/proc/${each}/cmdline`, "utf8").startsWith("buildah"))

const uidOf = (pid: number): number => fs.statSync(`/proc/${pid}`).uid

// Without a daemon it takes root, and a kernel that lets it mount.
const works =
  Programs.find("buildah") !== undefined && process.getuid?.() === 0 && Programs.run("unshare", ["--mount", "true"]).ok

const title = "is built as it is written, and serves as a user of its own until it is told to stop"

describe("the image", () => {
  it.scopedLive.skipIf(!works)(works ? title : `${title} (skipped: no buildah that works here)`, () =>
    Effect.gen(function* () {
      const builder = yield* Image.make
      const { port } = new URL(yield* Caller.closedUrl)
      const running: Array<{ readonly child: ChildProcess; readonly ended: Promise<unknown> }> = []
      yield* Effect.addFinalizer(() =>
        Effect.promise(async () => {
          for (const { child } of running) {
            const pid = child.exitCode === null ? child.pid : undefined
            for (const each of pid === undefined ? [] : descendantsOf(pid)) process.kill(each, "SIGKILL")
          }
          await Promise.all(running.map(({ ended }) => ended))
        })
      )
      yield* Effect.promise(async () => {
        const image = await Image.shipped(builder, await Image.base(builder))
        const config = await Image.configOf(builder, image)
        assert.strictEqual(config.User, `${user}:${user}`)
        assert.deepStrictEqual(config.Cmd, ["serve"])
        assert.deepStrictEqual(config.Volumes, { "/data": {} })
        assert.strictEqual(config.Labels["org.opencontainers.image.licenses"], "Apache-2.0")
        const [kind, ...health] = config.Healthcheck.Test
        assert.strictEqual(kind, "CMD")

        const container = await builder.buildah("from", "--pull-never", image)
        const run = (command: ReadonlyArray<string>) => {
          const options = ["--isolation", "chroot", "--env", `SERVER_PORT=${port}`]
          const args = [...builder.words, "run", ...options, container, "--", ...command]
          const child = spawn("buildah", args, { stdio: "pipe" })
          const said = { text: "" }
          for (const output of [child.stdout, child.stderr]) output.on("data", (bytes) => (said.text += String(bytes)))
          const ended = new Promise<number | null>((resolve) => child.on("close", resolve))
          running.push({ child, ended })
          return { child, ended, said }
        }

        // Nobody serves yet.
        const early = run(health)
        assert.strictEqual(await early.ended, 1, early.said.text)

        const gateway = run([...config.Entrypoint, ...config.Cmd])
        await new Promise<void>((resolve, reject) => {
          gateway.child.stdout.on("data", () => {
            if (gateway.said.text.includes("listening on")) resolve()
          })
          void gateway.ended.then((code) => reject(new Error(`ended with ${code}: ${gateway.said.text}`)))
        })
        const well = run(health)
        assert.strictEqual(await well.ended, 0, well.said.text)
        assert.include(well.said.text, `http://127.0.0.1:${port} is ready`)

        const response = await fetch(`http://127.0.0.1:${port}/v1/chat/completions`, {
          method: "POST",
          headers: { "content-type": "application/json" },
          body: '{"model":"demo","messages":[{"role":"user","content":"Hello"}]}'
        })
        assert.strictEqual(response.status, 200)
        assert.include(await response.text(), "You said: Hello")

        const served = gatewaysBelow(gateway.child.pid ?? 0)
        assert.deepStrictEqual(served.map(uidOf), [user])
        for (const pid of served) process.kill(pid, "SIGTERM")
        assert.strictEqual(await gateway.ended, 0, gateway.said.text)
        // In the image's own volume, which this builder keeps among its files.
        const inStore = fs.readdirSync(builder.folder, { recursive: true, encoding: "utf8" })
        const databases = inStore.filter((file) => file.endsWith("/record.db"))
        assert.deepStrictEqual(
          databases.map((file) => fs.statSync(`${builder.folder}/${file}`).uid),
          [user]
        )
        const listed = run([...config.Entrypoint, "log", "--json"])
        assert.strictEqual(await listed.ended, 0, listed.said.text)
        assert.include(listed.said.text, '"demo"')

        // What it does not need, and what nobody may find there, is not in it.
        const mounted = await builder.buildah("mount", container)
        assert.deepStrictEqual(fs.readdirSync(`${mounted}/app`).sort(), [
          "LICENSE",
          "config.schema.json",
          "config.yaml",
          "dist",
          "node_modules",
          "package.json"
        ])
        assert.deepStrictEqual(fs.readdirSync(`${mounted}/app/node_modules`), ["better-sqlite3-13"])
      })
    })
  )
})
