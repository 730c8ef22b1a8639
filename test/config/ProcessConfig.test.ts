import { assert, describe, it } from "@effect/vitest"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as ProcessConfig from "../../src/config/ProcessConfig.js"

const withEnv = (env: Readonly<Record<string, string>>) =>
  Effect.withConfigProvider(ConfigProvider.fromMap(new Map(Object.entries(env))))

const logFile = (env: Readonly<Record<string, string>>) =>
  Effect.map(ProcessConfig.logFile, (file) => Option.getOrUndefined(file)?.path).pipe(withEnv(env))

describe("the seat of a worker", () => {
  it.effect("is read as it is written, and is none without the variable", () =>
    Effect.gen(function* () {
      const seat = { number: 2, of: 4 }
      const env = { [ProcessConfig.workerVariable]: ProcessConfig.formatSeat(seat) }
      assert.deepStrictEqual(yield* withEnv(env)(ProcessConfig.worker), Option.some(seat))
      assert.deepStrictEqual(yield* withEnv({})(ProcessConfig.worker), Option.none())
      const wrong = yield* Effect.either(withEnv({ [ProcessConfig.workerVariable]: "second" })(ProcessConfig.worker))
      assert.strictEqual(wrong._tag, "Left")
    })
  )

  it.effect("tells the log files of workers apart", () =>
    Effect.gen(function* () {
      assert.strictEqual(yield* logFile({ LOG_FILE: "logs.d/causeway.log" }), "logs.d/causeway.log")
      const worker = { [ProcessConfig.workerVariable]: "2/4" }
      assert.strictEqual(yield* logFile({ LOG_FILE: "logs.d/causeway.log", ...worker }), "logs.d/causeway.2.log")
      assert.strictEqual(yield* logFile({ LOG_FILE: "logs.d/causeway", ...worker }), "logs.d/causeway.2")
      assert.isUndefined(yield* logFile(worker))
    })
  )
})
