import * as nodePath from "node:path"
import type { ConfigError } from "effect/ConfigError"
import * as Effect from "effect/Effect"
import * as HashMap from "effect/HashMap"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import { createStream } from "rotating-file-stream"
import * as ProcessConfig from "../config/ProcessConfig.js"
import * as AccessLog from "./AccessLog.js"
import * as LineWriter from "./LineWriter.js"

/** The log of the process on stderr, for people on a terminal and as JSON lines otherwise, and in a file if one is set. */
export const layer: Layer.Layer<never, ConfigError> = Layer.unwrapScoped(
  Effect.gen(function* () {
    const format = yield* ProcessConfig.logFormat
    const level = yield* ProcessConfig.logLevel
    const file = yield* ProcessConfig.logFile
    const pretty = format === "pretty" || (format === "auto" && process.stderr.isTTY)
    const lines = pretty ? [] : [(yield* LineWriter.make(process.stderr.fd)).write]
    if (Option.isSome(file)) lines.push(yield* fileLines(file.value.path, file.value.days))
    const write = (line: string) => lines.forEach((each) => each(line))
    const toLines = Logger.map(json, write)
    const onTerminal = Logger.prettyLogger({ stderr: true })
    const loggers = !pretty ? toLines : lines.length === 0 ? onTerminal : Logger.zip(onTerminal, toLines)
    return Layer.mergeAll(
      Logger.replace(Logger.defaultLogger, loggers),
      Logger.minimumLogLevel(level),
      pretty ? Layer.empty : AccessLog.layer(AccessLog.json(write))
    )
  })
)

// Effect's JSON logger looks for cycles and secrets in everything, which costs most of a line; texts and numbers have none.
const json: Logger.Logger<unknown, string> = Logger.make((line) =>
  [line.message].flat().every(isPlain) && HashMap.every(line.annotations, isPlain)
    ? JSON.stringify(Logger.structuredLogger.log(line))
    : Logger.jsonLogger.log(line)
)

const isPlain = (value: unknown): boolean =>
  value === null || (typeof value !== "object" && typeof value !== "function")

// One file a day: `causeway.log` is today's, `causeway.log.20261123` another day's.
const fileLines = (path: string, days: number): Effect.Effect<(line: string) => void, never, Scope.Scope> =>
  Effect.map(
    Effect.acquireRelease(
      Effect.sync(() => {
        const name = nodePath.basename(path)
        const dated = (time: number | Date, index = 1) =>
          time instanceof Date ? `${name}.${dayOf(time)}${index > 1 ? `.${index}` : ""}` : name
        const stream = createStream(dated, {
          path: nodePath.dirname(path),
          interval: "1d",
          intervalBoundary: true,
          intervalUTC: true,
          initialRotation: true,
          maxFiles: days,
          mode: 0o600
        })
        // A full or missing disk costs the file, not the gateway; stderr still has the lines.
        stream.on("error", (error) => process.stderr.write(`The log file cannot be written: ${error.message}\n`))
        stream.on("warning", () => {})
        return stream
      }),
      (stream) => Effect.async<void>((resume) => void stream.end(() => resume(Effect.void)))
    ),
    (stream) => (line) => void stream.write(`${line}\n`)
  )

const dayOf = (time: Date): string => time.toISOString().slice(0, 10).replaceAll("-", "")
