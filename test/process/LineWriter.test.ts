import * as fs from "node:fs"
import { execFileSync } from "node:child_process"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as LineWriter from "../../src/process/LineWriter.js"
import * as Temp from "../support/Temp.js"

const numbered = (count: number) => Array.from({ length: count }, (_, index) => `line ${index} ${"é".repeat(50)}`)

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
