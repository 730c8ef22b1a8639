import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as LogLevel from "effect/LogLevel"
import * as AccessLog from "../../src/process/AccessLog.js"
import * as Records from "../support/Records.js"

const now = Date.UTC(2026, 10, 13, 12)

const written = (layer: Layer.Layer<never>, record: Parameters<AccessLog.Writer>[0]) =>
  Effect.withFiberRuntime<void>((fiber) => Effect.sync(() => AccessLog.write(record, fiber, now))).pipe(
    Effect.provide(layer)
  )

describe("AccessLog", () => {
  for (const record of [
    Records.record("r1"),
    Records.record("r2", { Error: "it broke", Model: null }),
    Records.record("r3", { TokensEstimated: 1, Cleaned: "user_turns=1" })
  ]) {
    it.effect(`writes the JSON line that Effect's logger would write: ${record.id}`, () =>
      Effect.gen(function* () {
        const lines: Array<string> = []
        const write = (line: string) => void lines.push(line)
        const logger = Logger.replace(Logger.defaultLogger, Logger.map(Logger.jsonLogger, write))
        yield* written(logger, record)
        yield* written(AccessLog.layer(AccessLog.json(write)), record)
        assert.lengthOf(lines, 2)
        const [usual, short] = lines.map((line): unknown => JSON.parse(line))
        assert.deepStrictEqual(short, usual)
      }).pipe(Effect.annotateLogs({ worker: 1, id: "another" }))
    )
  }

  it.effect("says which counts are estimates", () =>
    Effect.gen(function* () {
      const lines: Array<string> = []
      const layer = AccessLog.layer(AccessLog.json((line) => void lines.push(line)))
      for (const TokensEstimated of [1, null]) yield* written(layer, Records.record("r", { TokensEstimated }))
      assert.deepStrictEqual(
        lines.map((line) => line.includes('"tokens":5,"tokens_estimated":true')),
        [true, false]
      )
    })
  )

  it.effect("says what cleaning took away, where it took anything", () =>
    Effect.gen(function* () {
      const lines: Array<string> = []
      const layer = AccessLog.layer(AccessLog.json((line) => void lines.push(line)))
      for (const Cleaned of ["user_turns=1", null]) yield* written(layer, Records.record("r", { Cleaned }))
      assert.deepStrictEqual(
        lines.map((line) => /"cleaned":"(.*?)"/.exec(line)?.[1]),
        ["user_turns=1", undefined]
      )
    })
  )

  it.effect("writes nothing when only warnings are wanted", () =>
    Effect.gen(function* () {
      const lines: Array<string> = []
      yield* Logger.withMinimumLogLevel(
        written(AccessLog.layer(AccessLog.json((line) => void lines.push(line))), Records.record("r1")),
        LogLevel.Warning
      )
      assert.deepStrictEqual(lines, [])
    })
  )
})
