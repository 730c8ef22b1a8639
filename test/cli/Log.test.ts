import { spawn } from "node:child_process"
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import * as NodePath from "@effect/platform-node/NodePath"
import { assert, describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Log from "../../src/cli/Log.js"
import * as MonthlyRotation from "../../src/records/store/MonthlyRotation.js"
import * as CommandLine from "../support/CommandLine.js"
import * as LogLines from "../support/LogLines.js"
import * as Records from "../support/Records.js"
import * as Temp from "../support/Temp.js"

const program = new URL("../../dist/bin/main.js", import.meta.url).pathname

const platform = Layer.mergeAll(NodeFileSystem.layer, NodePath.layer, LogLines.make().layer)

const begin = (folder: string, args: ReadonlyArray<string>) =>
  spawn(process.execPath, [program, "log", ...args], { cwd: folder, stdio: ["ignore", "pipe", "pipe"] })

const causewayLog = (folder: string, ...args: ReadonlyArray<string>) =>
  CommandLine.run(Log.command, [...args, "--records", `${folder}/record.db`])

const write = (path: string, rows: Parameters<typeof Records.record>[1][]) =>
  Effect.scoped(
    Effect.flatMap(MonthlyRotation.make({ path }), (database) =>
      database.appendAll(rows.map((row, n) => Records.record(row?.id ?? `r${n}`, row)))
    )
  ).pipe(Effect.provide(platform))

describe("causeway log", () => {
  it.scopedLive("lists, shows, sums up and exports, across archives, for people and as JSON", () =>
    Effect.gen(function* () {
      const folder = yield* Temp.directory
      const Attempts = JSON.stringify([
        { backend: "a", model: "m", failure: "HeadersTimedOut", status: null, ms: 7 },
        { backend: "b", model: "m", failure: "UpstreamBroke", status: 200, ms: 5 },
        { backend: "c", model: "m", failure: null, status: 200, ms: 6, rescue: "restart" }
      ])
      yield* write(`${folder}/record.db`, [
        { id: "req_old", Time: "2026-10-15T10:00:00.000Z" },
        {
          id: "req_new",
          Time: "2026-11-15T10:00:00.000Z",
          Outcome: "CallerLeft",
          Attempts,
          TokensEstimated: 1,
          Cleaned: "user_turns=1"
        }
      ])
      const list = yield* causewayLog(folder)
      const json = yield* causewayLog(folder, "list", "--json", "--outcome", "Caller*")
      const show = yield* causewayLog(folder, "show", "req_n")
      const stats = yield* causewayLog(folder, "stats", "--by", "day")
      const csv = yield* causewayLog(folder, "export", "--format", "csv", "--since", "2026-11-01")
      const missing = yield* causewayLog(folder, "show", "nothing")
      assert.deepInclude(JSON.parse(json.out), { id: "req_new", Outcome: "CallerLeft" })
      yield* Effect.promise(async () => {
        await expect(list.out).toMatchFileSnapshot("golden/log list.txt")
        await expect(show.out).toMatchFileSnapshot("golden/log show.txt")
        await expect(stats.out).toMatchFileSnapshot("golden/log stats.txt")
      })
      assert.match(csv.out, /^id,Time,.*\r\nreq_new,2026-11-15.*\r\n$/)
      assert.deepStrictEqual([missing.ok, missing.err], [false, "No record has an id that begins with nothing.\n"])
    })
  )

  it.scopedLive("follows what comes, through an archiving", () =>
    Effect.gen(function* () {
      const folder = yield* Temp.directory
      const path = `${folder}/record.db`
      yield* write(path, [{ id: "first", Time: "2026-10-15T10:00:00.000Z" }])
      const child = yield* Effect.acquireRelease(
        Effect.sync(() => begin(folder, ["-f", "--json"])),
        (running) => Effect.sync(() => running.kill("SIGKILL"))
      )
      let output = ""
      const saw = (id: string) =>
        Effect.promise(
          () =>
            new Promise<void>((resolve) => {
              const look = () => output.includes(`"id":"${id}"`) && resolve()
              child.stdout.on("data", look)
              look()
            })
        )
      child.stdout.on("data", (bytes: Buffer) => (output += bytes.toString()))
      yield* saw("first")
      yield* write(path, [{ id: "second", Time: "2026-10-16T10:00:00.000Z" }])
      yield* saw("second")
      yield* write(path, [{ id: "third", Time: "2026-11-16T10:00:00.000Z" }])
      yield* saw("third")
      assert.deepStrictEqual(output.match(/"id":"\w+"/g), ['"id":"first"', '"id":"second"', '"id":"third"'])
    })
  )
})
