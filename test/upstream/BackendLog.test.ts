import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Logger from "effect/Logger"
import * as BackendLog from "../../src/upstream/BackendLog.js"

describe("BackendLog", () => {
  it.effect("has no remark stand in the way of a change", () =>
    Effect.gen(function* () {
      const lines: Array<string> = []
      const logger = Logger.make(({ message }) => void lines.push(String(message)))
      const said = (line: Effect.Effect<void> | undefined) =>
        Effect.provide(line ?? Effect.void, Logger.replace(Logger.defaultLogger, logger))
      const log = BackendLog.make()
      yield* said(log.remark("it takes 20", 0))
      yield* said(log.remark("it takes 30", 1))
      yield* said(log.tell("it was set aside", true, 2))
      yield* said(log.remark("it takes 40", BackendLog.pause))
      assert.deepStrictEqual(lines, ["it takes 20", "it was set aside"])
    })
  )

  it.effect("warns of how a backend stands, too, where that was left out before", () =>
    Effect.gen(function* () {
      const lines: Array<string> = []
      const logger = Logger.make(({ logLevel, message }) => void lines.push(`${logLevel.label} ${String(message)}`))
      const said = (line: Effect.Effect<void> | undefined) =>
        Effect.provide(line ?? Effect.void, Logger.replace(Logger.defaultLogger, logger))
      const log = BackendLog.make()
      yield* said(log.tell("it came back", false, 0))
      yield* said(log.tell("it was set aside", true, BackendLog.pause - 1))
      yield* said(log.catchUp(() => "it is set aside", true, BackendLog.pause))
      yield* said(log.catchUp(() => "it is set aside", true, 2 * BackendLog.pause))
      assert.deepStrictEqual(lines, ["INFO it came back", "WARN it is set aside; 1 change before it not told"])
    })
  )
})
