import { assert, describe, it } from "@effect/vitest"
import * as Config from "effect/Config"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as ProcessConfig from "../../src/config/ProcessConfig.js"
import { LogUnavailable } from "../../src/domain/failure/Failure.js"

const withEnv = (env: Readonly<Record<string, string>>) =>
  Effect.withConfigProvider(ConfigProvider.fromMap(new Map(Object.entries(env))))

const logFile = (env: Readonly<Record<string, string>>) =>
  Effect.map(ProcessConfig.logFile, (file) => Option.getOrUndefined(file)?.path).pipe(withEnv(env))

describe("an empty variable", () => {
  it.effect("is one that is not set", () =>
    Effect.gen(function* () {
      const names = [
        "SERVER_PORT",
        "SERVER_HOST",
        "CAUSEWAY_CONFIG",
        "RECD_PATH",
        "LOG_LEVEL",
        "LOG_FORMAT",
        "LOG_FILE"
      ]
      const all = Config.all([
        ProcessConfig.port,
        ProcessConfig.host,
        ProcessConfig.configFile,
        ProcessConfig.recordPath,
        ProcessConfig.logLevel,
        ProcessConfig.logFormat,
        ProcessConfig.logFile,
        ProcessConfig.worker,
        ProcessConfig.beat,
        Config.option(ProcessConfig.secret("CAUSEWAY_PING_KEY"))
      ])
      const others = [ProcessConfig.workerVariable, "CAUSEWAY_BEAT", "CAUSEWAY_PING_KEY", "LOG_FILE_DAYS"]
      const unset = yield* withEnv({})(all)
      assert.strictEqual(unset[0], 8_000)
      for (const value of ["", " "]) {
        const env = Object.fromEntries([...names, ...others].map((name) => [name, value]))
        assert.deepStrictEqual(yield* withEnv(env)(all), unset)
      }
    })
  )

  it.effect("is none of the wrong ones", () =>
    Effect.gen(function* () {
      for (const SERVER_PORT of ["many", "1.5", "70000", "0x10"]) {
        assert.isTrue(Either.isLeft(yield* Effect.either(withEnv({ SERVER_PORT })(ProcessConfig.port))), SERVER_PORT)
      }
      assert.strictEqual(yield* withEnv({ SERVER_PORT: " 9000 " })(ProcessConfig.port), 9_000)
    })
  )
})

describe("the record database", () => {
  it.effect("is a path, and no URL, whose password is not told", () =>
    Effect.gen(function* () {
      const record = (RECD_PATH: string) => withEnv({ RECD_PATH })(ProcessConfig.recordPath)
      for (const path of ["sqlite:a.db", "sqlite://a.db", "a.db"]) assert.strictEqual(yield* record(path), "a.db")
      for (const path of ["/var/a:b@c/d.db", "C:\\\\a.db", "C://a.db"]) assert.strictEqual(yield* record(path), path)
      const failure = yield* Effect.flip(record("postgres://u:pass-secret@h/db"))
      assert.notInclude(JSON.stringify(failure), "-secret")
      const opened = new LogUnavailable({ path: "postgres://u:pass@secret@h/db", cause: "no" })
      assert.match(opened.message, /^postgres:\/\/\[redacted\]@h\/db: /)
    })
  )
})

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
