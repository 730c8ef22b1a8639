import * as fs from "node:fs"
import { execFileSync } from "node:child_process"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as LineWriter from "../../src/process/LineWriter.js"
import * as Temp from "../support/Temp.js"
import { until } from "../support/Until.js"

const numbered = (count: number) => Array.from({ length: count }, (_, index) => `line ${index} ${"é".repeat(50)}`)

const readAll = (descriptor: number): string => {
  const bytes = Buffer.alloc(1024 ** 2)
  try {
    return bytes.toString("latin1", 0, fs.readSync(descriptor, bytes))
  } catch {
    return ""
  }
}

describe("LineWriter", () => {
  it.scoped("has written everything, in order, when its scope is closed", () =>
    Effect.gen(function* () {
      const file = `${yield* Temp.directory}/log`
      const descriptor = fs.openSync(file, "w")
      const lines = numbered(5000)
      yield* Effect.scoped(
        Effect.gen(function* () {
          const { write } = yield* LineWriter.make(descriptor)
          for (const [index, line] of lines.entries()) {
            write(line)
            if (index % 100 === 0) yield* Effect.promise(() => new Promise(setImmediate))
          }
        })
      )
      fs.closeSync(descriptor)
      assert.deepStrictEqual(fs.readFileSync(file, "utf8").split("\n"), [...lines, ""])
    })
  )

  it.scoped("writes what comes after its end at once", () =>
    Effect.gen(function* () {
      const file = `${yield* Temp.directory}/log`
      const descriptor = fs.openSync(file, "w")
      const { write } = yield* Effect.scoped(LineWriter.make(descriptor))
      write("late")
      assert.strictEqual(fs.readFileSync(file, "utf8"), "late\n")
      fs.closeSync(descriptor)
    })
  )

  it.scopedLive("makes nobody wait for a reader that does not read, and not for long at its end", () =>
    Effect.gen(function* () {
      const pipe = `${yield* Temp.directory}/pipe`
      execFileSync("mkfifo", [pipe])
      const descriptor = fs.openSync(pipe, fs.constants.O_RDWR | fs.constants.O_NONBLOCK)
      const { write } = yield* Effect.scoped(
        Effect.gen(function* () {
          const writer = yield* LineWriter.make(descriptor)
          for (const line of numbered(5_000)) writer.write(line)
          yield* Effect.promise(() => new Promise(setImmediate))
          return writer
        })
      )
      write("this one is lost")
      fs.closeSync(descriptor)
    })
  )

  it.scopedLive(
    "holds so much for a reader that is slow, loses what comes on top, and says how many lines that was",
    () =>
      Effect.gen(function* () {
        const pipe = `${yield* Temp.directory}/pipe`
        execFileSync("mkfifo", [pipe])
        const descriptor = fs.openSync(pipe, fs.constants.O_RDWR | fs.constants.O_NONBLOCK)
        const { write } = yield* LineWriter.make(descriptor)
        const lines = Array.from({ length: 10_000 }, (_, index) => `line ${index} ${"x".repeat(1_000)}`)
        for (const line of lines) write(line)
        let text = ""
        yield* Effect.promise(() =>
          until(() => {
            text += readAll(descriptor)
            return text.endsWith("in time\n")
          })
        )
        const got = text.split("\n").slice(0, -2)
        assert.deepStrictEqual(got, lines.slice(0, got.length))
        assert.include(text, `\n${lines.length - got.length} lines were lost: nobody read them in time\n`)
        assert.closeTo(got.length * 1_010, 8 * 1024 ** 2, 50_000)
        fs.closeSync(descriptor)
      })
  )

  it.scoped("outlives a reader that is gone", () =>
    Effect.gen(function* () {
      const file = `${yield* Temp.directory}/log`
      fs.writeFileSync(file, "")
      const descriptor = fs.openSync(file, "r")
      const { write } = yield* LineWriter.make(descriptor)
      write("nobody can write here")
      yield* Effect.promise(() => new Promise(setImmediate))
      write("nor this")
      fs.closeSync(descriptor)
    })
  )
})
