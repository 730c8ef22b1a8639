import * as fs from "node:fs"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as JsonObject from "../../src/domain/json/JsonObject.js"
import * as Reread from "../../src/config/Reread.js"
import * as LogFile from "../../src/process/LogFile.js"
import * as LogLine from "../../src/process/LogLine.js"
import * as Temp from "../support/Temp.js"
import * as Tmpfs from "../support/Tmpfs.js"
import { until } from "../support/Until.js"

const lines = (path: string) => (fs.existsSync(path) ? fs.readFileSync(path, "utf8").split("\n").filter(Boolean) : [])

/** Writes lines until one is in the file, and says how many those were. */
const writeUntilThere = (write: (line: string) => void, path: string) =>
  Effect.promise(async () => {
    let written = 0
    const there = () => lines(path).some((line) => line.startsWith("again "))
    while (!there()) {
      write(`again ${written++}`)
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
    return written
  })

const lostIn = (path: string) =>
  lines(path).reduce((sum, line) => sum + Number(/"(\d+) lines were lost/.exec(line)?.[1] ?? 0), 0)

describe("the log file", () => {
  it.scopedLive("comes back by itself when it could not be opened, and says how many lines are missing", () =>
    Effect.gen(function* () {
      const folder = yield* Temp.directory
      const path = `${folder}/logs/causeway.log`
      fs.writeFileSync(`${folder}/logs`, "a file where a folder should be")
      const said: Array<string> = []
      const write = yield* LogFile.make({ path, days: 3, say: (words) => said.push(words) })
      write("first")
      yield* Effect.promise(() => until(() => said.length === 1))
      fs.rmSync(`${folder}/logs`)
      const written = yield* writeUntilThere(write, path)
      yield* Effect.promise(() => until(() => said.length === 2))
      assert.match(said[0] ?? "", /^The log file cannot be written: /)
      assert.strictEqual(said[1], "The log file is written again")
      const there = lines(path).filter((line) => line.startsWith("again "))
      assert.strictEqual(lostIn(path) + there.length, 1 + written)
      assert.strictEqual(fs.statSync(path).mode & 0o777, 0o600)
    })
  )

  it.scopedLive("follows its name when another program renames it, and when an operator asks", () =>
    Effect.gen(function* () {
      const folder = yield* Temp.directory
      const path = `${folder}/causeway.log`
      yield* Effect.scoped(
        Effect.gen(function* () {
          const write = yield* LogFile.make({ path, days: 3 })
          write("first")
          yield* Effect.promise(() => until(() => lines(path).length === 1))
          fs.renameSync(path, `${path}.1`)
          write("late")
          yield* writeUntilThere(write, path)
          fs.renameSync(path, `${path}.2`)
          write("before")
          Reread.ask()
          write("after")
          yield* Effect.promise(() => until(() => lines(path).length === 1))
          fs.rmSync(path)
          yield* writeUntilThere(write, path)
        })
      )
      assert.deepStrictEqual(lines(`${path}.1`).slice(0, 2), ["first", "late"])
      assert.strictEqual(lines(`${path}.2`).at(-1), "before")
      // Nothing went twice, and nothing on the way, but for what was deleted.
      const numbers = [...lines(`${path}.1`), ...lines(`${path}.2`)].filter((line) => line.startsWith("again "))
      assert.deepStrictEqual(
        numbers,
        numbers.map((_, n) => `again ${n}`)
      )
      assert.strictEqual(fs.statSync(path).mode & 0o777, 0o600)
    })
  )

  it.scopedLive("comes back by itself after a full disk", (context) =>
    Effect.gen(function* () {
      const disk = yield* Tmpfs.make(1)
      if (!("folder" in disk)) return context.skip(disk.reason)
      const path = `${disk.folder}/causeway.log`
      const said: Array<string> = []
      yield* Effect.scoped(
        Effect.gen(function* () {
          const write = yield* LogFile.make({ path, days: 3, say: (words) => said.push(words) })
          write("first")
          yield* Effect.promise(() => until(() => lines(path).length === 1))
          fs.writeFileSync(`${disk.folder}/large`, Buffer.alloc(900_000))
          yield* Effect.promise(async () => {
            while (said.length === 0) {
              write("x".repeat(10_000))
              await new Promise((resolve) => setTimeout(resolve, 2))
            }
          })
          fs.rmSync(`${disk.folder}/large`)
          yield* writeUntilThere(write, path)
        })
      )
      assert.lengthOf(said, 2)
      assert.isAbove(lostIn(path), 0)
      assert.strictEqual(lines(path)[0], "first")
    })
  )

  it.scopedLive("has everything, in order, when it is closed", () =>
    Effect.gen(function* () {
      const path = `${yield* Temp.directory}/causeway.log`
      const texts = Array.from({ length: 2_000 }, (_, n) => `line ${n}`)
      yield* Effect.scoped(Effect.map(LogFile.make({ path, days: 3 }), (write) => texts.forEach(write)))
      assert.deepStrictEqual(lines(path), texts)
    })
  )
})

describe("a line of the log", () => {
  it("is passed on as it is, or the beginning of it when it is too long, as JSON", () => {
    const short = JSON.stringify({ message: "m" })
    assert.strictEqual(LogLine.bounded(short), short)
    for (const text of ["x", "\ud83d", "\u0000", '"']) {
      const line = LogLine.bounded(JSON.stringify({ message: text.repeat(1_000_000), logLevel: "ERROR" }))
      assert.isAtMost(line.length, LogLine.longest)
      assert.strictEqual(JsonObject.orEmpty(JSON.parse(line))["logLevel"], "ERROR")
    }
    const plain = LogLine.bounded(JSON.stringify({ message: '"logLevel":"ERROR"'.repeat(100_000) }))
    assert.strictEqual(JsonObject.orEmpty(JSON.parse(plain))["logLevel"], "INFO")
  })
})
