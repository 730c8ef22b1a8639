import { spawn } from "node:child_process"
import * as fs from "node:fs"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Temp from "../support/Temp.js"
import * as Programs from "./Programs.js"

const root = new URL("../../", import.meta.url).pathname

const asOther = ["--unshare-user", "--uid", "10001", "--gid", "10001"]
const sealed = ["--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc", ...asOther]

// Where there is a `bwrap`, the kernel need not let it make a namespace.
const works = Programs.find("bwrap") !== undefined && Programs.run("bwrap", [...sealed, "--", "true"]).ok
const title = "writes into its one folder alone, not even into /tmp, and stops as it is told"

const Status = Schema.parseJson(Schema.Struct({ "child-pid": Schema.Number }))

/** Starts the gateway as a container does: everything is read-only but this folder, which is its user's. */
const contained = (folder: string) =>
  Effect.acquireRelease(
    Effect.sync(() => {
      const command = [process.execPath, `${root}dist/bin/main.js`, "serve", "--config", `${root}config.yaml`]
      const args = [...sealed, "--bind", folder, folder, "--json-status-fd", "3", "--", ...command, "--port", "0"]
      const child = spawn(Programs.find("bwrap") ?? "bwrap", args, {
        stdio: ["ignore", "pipe", "pipe", "pipe"],
        env: { PATH: process.env["PATH"], RECD_PATH: `${folder}/record.db`, LOG_FORMAT: "json" }
      })
      const said = { 1: "", 2: "", 3: "" }
      for (const fd of [1, 2, 3] as const) child.stdio[fd]?.on("data", (bytes: Buffer) => (said[fd] += String(bytes)))
      const ended = new Promise<number | null>((resolve) => child.on("close", resolve))
      const url = new Promise<string>((resolve, reject) => {
        child.stdout?.on("data", () => {
          const [, found] = /listening on (\S+)/.exec(said[1]) ?? []
          if (found !== undefined) resolve(found)
        })
        void ended.then((code) => reject(new Error(`ended with ${code}: ${said[2]}`)))
      })
      const stop = () => {
        const [first = ""] = said[3].split("\n")
        process.kill(Schema.decodeUnknownSync(Status)(first)["child-pid"], "SIGTERM")
      }
      return { url, stop, ended, kill: () => child.kill("SIGKILL"), isOver: () => child.exitCode !== null }
    }),
    ({ ended, isOver, kill, stop }) =>
      Effect.promise(async () => {
        if (isOver()) return
        stop()
        kill()
        await ended
      })
  )

describe("a gateway whose root is read-only", () => {
  it.scopedLive.skipIf(!works)(works ? title : `${title} (skipped: no bwrap that works here)`, () =>
    Effect.gen(function* () {
      const folder = yield* Temp.directory
      const gateway = yield* contained(folder)
      yield* Effect.promise(async () => {
        const url = await gateway.url
        const response = await fetch(`${url}/v1/chat/completions`, {
          method: "POST",
          headers: { "content-type": "application/json" },
          body: '{"model":"demo","messages":[{"role":"user","content":"Hello"}]}'
        })
        assert.strictEqual(response.status, 200)
        await response.text()
        gateway.stop()
        assert.strictEqual(await gateway.ended, 0)
        assert.deepStrictEqual(Temp.names(folder), ["record.db", "record.lock"])
        assert.isAbove(fs.statSync(`${folder}/record.db`).size, 4_096)
      })
    })
  )
})
