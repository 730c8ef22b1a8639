import { spawn } from "node:child_process"
import * as fs from "node:fs"
import { text as textOf } from "node:stream/consumers"
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import * as NodePath from "@effect/platform-node/NodePath"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { RequestRecord } from "../../src/domain/record/RequestRecord.js"
import * as MonthlyRotation from "../../src/records/store/MonthlyRotation.js"
import * as Hostile from "../support/Hostile.js"
import * as LogLines from "../support/LogLines.js"
import * as Records from "../support/Records.js"
import * as Temp from "../support/Temp.js"

const program = new URL("../../dist/bin/main.js", import.meta.url).pathname

const platform = Layer.mergeAll(NodeFileSystem.layer, NodePath.layer, LogLines.make().layer)

/** A folder whose database holds these rows. */
const folderWith = (rows: ReadonlyArray<RequestRecord>) =>
  Effect.gen(function* () {
    const folder = yield* Temp.directory
    yield* MonthlyRotation.make({ path: `${folder}/record.db` }).pipe(
      Effect.flatMap((database) => database.appendAll(rows)),
      Effect.scoped,
      Effect.provide(platform)
    )
    return folder
  })

const begin = (folder: string, args: ReadonlyArray<string>, stdout: "pipe" | number = "pipe") => {
  const child = spawn(process.execPath, [program, ...args], {
    cwd: folder,
    env: { PATH: process.env["PATH"] },
    stdio: ["ignore", stdout, "pipe"]
  })
  const exit = new Promise<number | string | null>((resolve) =>
    child.on("close", (code, signal) => resolve(code ?? signal))
  )
  const err = child.stderr === null ? Promise.resolve("") : textOf(child.stderr)
  return { child, exit, err }
}

const causeway = (folder: string, ...args: ReadonlyArray<string>) =>
  Effect.promise(async () => {
    const { child, err, exit } = begin(folder, args)
    const out = child.stdout === null ? "" : await textOf(child.stdout)
    return { out, err: await err, code: await exit }
  })

/** Rows in plenty: more than a pipe holds. */
const plenty = Array.from({ length: 2_000 }, (_, n) => Records.record(`row${n}`))

describe.concurrent("causeway log ends with a word", () => {
  it.scopedLive("when there is nothing to print, on stderr where that would be no JSON", () =>
    Effect.gen(function* () {
      const folder = yield* folderWith([])
      const full = yield* folderWith([Records.record("r")])
      for (const command of [["log"], ["log", "stats"]]) {
        assert.deepStrictEqual(yield* causeway(folder, ...command), { out: "No records.\n", err: "", code: 0 })
        assert.deepStrictEqual(yield* causeway(folder, ...command, "--json"), {
          out: "",
          err: "No records.\n",
          code: 0
        })
        const other = yield* causeway(full, ...command, "--model", "other")
        assert.deepStrictEqual(other, { out: "No record is of that kind.\n", err: "", code: 0 })
      }
      assert.deepStrictEqual(yield* causeway(folder, "log", "export"), { out: "", err: "No records.\n", code: 0 })
    })
  )

  it.scopedLive("when there is no file, or one without a table", () =>
    Effect.gen(function* () {
      const folder = yield* Temp.directory
      const missing = yield* causeway(folder, "log")
      assert.deepStrictEqual(missing, {
        out: "",
        err: "record.db: records cannot be read: there is no such file\n",
        code: 1
      })
      fs.writeFileSync(`${folder}/record.db`, "")
      for (const command of [[], ["export"]]) {
        const { code, err, out } = yield* causeway(folder, "log", ...command)
        assert.deepStrictEqual([code, out + err], [0, "No records.\n"])
      }
      fs.writeFileSync(`${folder}/record.db`, "this is no database, and it is longer than a head of one".repeat(20))
      for (const command of [["-f"], ["stats"], ["show", "x"]]) {
        const { code, err } = yield* causeway(folder, "log", ...command)
        assert.strictEqual(code, 1)
        assert.match(err, /^record\.db: records cannot be read: .+\n$/)
      }
    })
  )

  it.scopedLive("but for a reader that has seen enough", () =>
    Effect.gen(function* () {
      const folder = yield* folderWith(plenty)
      for (const args of [["-n", "2000"], ["-n", "2000", "--json"], ["export"], ["export", "--format", "csv"]]) {
        const { child, err, exit } = begin(folder, ["log", ...args])
        child.stdout?.once("data", () => child.stdout?.destroy())
        assert.deepStrictEqual(yield* Effect.promise(() => Promise.all([err, exit])), ["", 0], args.join(" "))
      }
    })
  )

  it.scopedLive("when the disk is full on which it writes", () =>
    Effect.gen(function* () {
      const folder = yield* folderWith(plenty)
      fs.writeFileSync(
        `${folder}/config.yaml`,
        "openai_clients: [{ name: a, base_url: 'demo:', model_match: { value: a } }]"
      )
      const full = fs.openSync("/dev/full", "w")
      for (const args of [["log"], ["log", "export"], ["check"], ["explain", "--model", "a"]]) {
        const { err, exit } = begin(folder, args, full)
        assert.strictEqual(yield* Effect.promise(() => exit), 1)
        assert.match(yield* Effect.promise(() => err), /^The output cannot be written: ENOSPC.*\n$/)
      }
      fs.closeSync(full)
    })
  )

  it.scopedLive("with names of a megabyte, which lengthen no other line", () =>
    Effect.gen(function* () {
      const Model = "x".repeat(1_000_000)
      const rows = [...plenty.slice(0, 500), Records.record("long", { Model, Backend: Model, Attempts: "[]" })]
      const folder = yield* folderWith(rows)
      const list = yield* causeway(folder, "log", "-n", "1000")
      assert.deepStrictEqual([list.code, list.err], [0, ""])
      assert.lengthOf(list.out.trimEnd().split("\n"), 502)
      assert.isBelow(list.out.length, 502 * 250)
      const stats = yield* causeway(folder, "log", "stats")
      assert.deepStrictEqual([stats.code, stats.err], [0, ""])
      assert.isBelow(stats.out.length, 2_000)
      const show = yield* causeway(folder, "log", "show", "long")
      assert.include(show.out, `answered by ${Model}`)
    })
  )

  it.scopedLive("when it follows a file that is not there, or no database any more", () =>
    Effect.gen(function* () {
      const folder = yield* Temp.directory
      const { child, exit } = begin(folder, ["log", "-f"])
      let err = ""
      const heard = (text: string) =>
        new Promise<void>((resolve) => {
          const look = () => err.includes(text) && resolve()
          child.stderr?.on("data", look)
          look()
        })
      child.stderr?.on("data", (bytes: Buffer) => (err += bytes.toString()))
      yield* Effect.promise(() => heard("record.db: there is no such file yet; it is waited for\n"))
      Temp.replace(`${folder}/record.db`, "this is no database, and it is longer than a head of one".repeat(20))
      yield* Effect.promise(() => heard("record.db: records cannot be read: "))
      child.kill("SIGINT")
      assert.strictEqual(yield* Effect.promise(() => exit), 0)
      assert.lengthOf(err.trimEnd().split("\n"), 2)
    })
  )
})

it.scopedLive("an argument that nobody knows is not acted upon, but in colours", () =>
  Effect.gen(function* () {
    const folder = yield* Temp.directory
    for (const args of [
      ["--nope\u001b]52;c;aGk=\u0007\u202e"],
      ["log", "--limit", "\u009b2J\u2028"],
      ["\u001b]0;title\u0007"],
      ["log", "list", "extra\u001b[2J\r"]
    ]) {
      const { code, err, out } = yield* causeway(folder, ...args)
      assert.strictEqual(code, 1)

      assert.deepStrictEqual(Hostile.actedUpon((out + err).replaceAll(/\u001b\[[\d;]*m/g, "")), [])
      assert.isAbove((out + err).length, 0)
    }
  })
)
