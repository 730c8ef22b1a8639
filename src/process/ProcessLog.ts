import type { ConfigError } from "effect/ConfigError"
import * as Effect from "effect/Effect"
import * as HashMap from "effect/HashMap"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Option from "effect/Option"
import * as ProcessConfig from "../config/ProcessConfig.js"
import * as Printable from "../domain/text/Printable.js"
import * as AccessLog from "./AccessLog.js"
import * as LineWriter from "./LineWriter.js"
import * as LogFile from "./LogFile.js"
import * as LogLine from "./LogLine.js"
import * as PrettyLog from "./PrettyLog.js"

/** The log of the process on stderr, for people on a terminal and as JSON lines otherwise, and in a file if one is set. */
export const layer: Layer.Layer<never, ConfigError> = Layer.unwrapScoped(
  Effect.gen(function* () {
    const format = yield* ProcessConfig.logFormat
    const level = yield* ProcessConfig.logLevel
    const file = yield* ProcessConfig.logFile
    const pretty = format === "pretty" || (format === "auto" && process.stderr.isTTY)
    const lines = pretty ? [] : [(yield* LineWriter.make(process.stderr.fd)).write]
    if (Option.isSome(file)) lines.push(yield* LogFile.make(file.value))
    const write = (text: string) => {
      const line = LogLine.bounded(text)
      for (const each of lines) each(line)
    }
    const toLines = Logger.map(json, write)
    const onTerminal = PrettyLog.make()
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
    ? Printable.json(Logger.structuredLogger.log(line))
    : Printable.escaped(Logger.jsonLogger.log(line))
)

const isPlain = (value: unknown): boolean =>
  value === null || (typeof value !== "object" && typeof value !== "function")
