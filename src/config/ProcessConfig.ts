import * as Config from "effect/Config"
import * as ConfigError from "effect/ConfigError"
import * as Either from "effect/Either"
import * as LogLevel from "effect/LogLevel"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Heartbeat from "../domain/process/Heartbeat.js"
import type * as WorkerShare from "../domain/config/WorkerShare.js"

// An empty variable is an unset one: `SERVER_PORT=` is a port that nobody has said.
const text = (name: string): Config.Config<string> =>
  Config.nested(
    Config.primitive("a text", (value) =>
      value.trim() === "" ? Either.left(ConfigError.MissingData([], "it is empty")) : Either.right(value)
    ),
    name
  )

const integer = (name: string): Config.Config<number> =>
  Config.nested(
    Config.primitive("a whole number", (value) => {
      if (value.trim() === "") return Either.left(ConfigError.MissingData([], "it is empty"))
      return /^[+-]?\d{1,15}$/.test(value.trim())
        ? Either.right(Number(value))
        : Either.left(ConfigError.InvalidData([], "expected a whole number"))
    }),
    name
  )

/** A secret in the environment; an empty one is none. */
export const secret = (name: string): Config.Config<Redacted.Redacted> => Config.map(text(name), Redacted.make)

/** The number if it is a port; 0 stands for any free one. */
export const portOption = Option.liftPredicate((n: number) => Number.isInteger(n) && n >= 0 && n <= 65_535)

/** The number if it is a port that somebody may listen on. */
export const takenPort = Option.liftPredicate((n: number) => n !== 0 && Option.isSome(portOption(n)))

/** The port to listen on; 0 takes a free one. Default: 8000. */
export const port: Config.Config<number> = integer("SERVER_PORT").pipe(
  Config.validate({ message: "expected a port from 0 to 65535", validation: (n) => Option.isSome(portOption(n)) }),
  Config.withDefault(8000)
)

/** The address to listen on. Default: 127.0.0.1. */
export const host: Config.Config<string> = text("SERVER_HOST").pipe(Config.withDefault("127.0.0.1"))

/**
 * The file of a socket that listens already and was handed to this very process, as systemd does (`LISTEN_FDS`,
 * `LISTEN_PID`).
 */
export const socket: Config.Config<Option.Option<number>> = Config.all({
  pid: Config.option(Config.integer("LISTEN_PID")),
  count: Config.option(Config.integer("LISTEN_FDS"))
}).pipe(
  Config.mapOrFail(({ count, pid }) => {
    if (!Option.contains(pid, process.pid) || Option.getOrElse(count, () => 0) === 0) return Either.right(Option.none())
    return Option.contains(count, 1)
      ? Either.right(Option.some(firstSocket))
      : Either.left(ConfigError.InvalidData(["LISTEN_FDS"], "expected one socket, to listen on"))
  })
)

/** Where systemd's sockets begin. */
const firstSocket = 3

/** The configuration file. Default: `config.yaml` in the working directory. */
export const configFile: Config.Config<string> = text("CAUSEWAY_CONFIG").pipe(Config.withDefault("config.yaml"))

/** The path of a record database, also written `sqlite:` + path; none for what is the URL of another one. */
export const recordFile = (text: string): Option.Option<string> => {
  const path = text.replace(/^sqlite:(?:\/\/)?/, "")
  return /^[A-Za-z][A-Za-z\d+.-]+:\/\//.test(path) ? Option.none() : Option.some(path)
}

/** What {@link recordFile} takes. It may be said to anybody, unlike a URL, which may hold a password. */
export const recordFileExpected = "expected the path of a SQLite database, not the URL of a server"

/** The record database, as {@link recordFile} reads it. Default: `record.db` in the working directory. */
export const recordPath: Config.Config<string> = text("RECD_PATH").pipe(
  Config.mapOrFail((path) =>
    Either.fromOption(recordFile(path), () => ConfigError.InvalidData([], recordFileExpected))
  ),
  Config.withDefault("record.db")
)

/** How much is logged: all, trace, debug, info, warning, error, fatal or none. Default: info. */
export const logLevel: Config.Config<LogLevel.LogLevel> = text("LOG_LEVEL").pipe(
  Config.mapOrFail((text) => {
    const level = levels.get(text.toLowerCase())
    return level === undefined
      ? Either.left(ConfigError.InvalidData([], `expected one of ${[...levels.keys()].join(", ")}`))
      : Either.right(level)
  }),
  Config.withDefault(LogLevel.Info)
)

const levels = new Map<string, LogLevel.LogLevel>([
  ["all", LogLevel.All],
  ["trace", LogLevel.Trace],
  ["debug", LogLevel.Debug],
  ["info", LogLevel.Info],
  ["warn", LogLevel.Warning],
  ["warning", LogLevel.Warning],
  ["error", LogLevel.Error],
  ["fatal", LogLevel.Fatal],
  ["none", LogLevel.None]
])

/** `json` for JSON lines, `pretty` for people; without it a terminal decides. */
export const logFormat: Config.Config<"auto" | "json" | "pretty"> = text("LOG_FORMAT").pipe(
  Config.mapOrFail((value): Either.Either<"json" | "pretty", ConfigError.ConfigError> =>
    value === "json" || value === "pretty"
      ? Either.right(value)
      : Either.left(ConfigError.InvalidData([], "expected json or pretty"))
  ),
  Config.withDefault("auto" as const)
)

/** The variable by which a worker is told its seat, such as `2/4`; for nobody else to set. */
export const workerVariable = "CAUSEWAY_WORKER"

/** A seat as {@link workerVariable} has it. */
export const formatSeat = ({ number, of }: WorkerShare.Seat): string => `${number}/${of}`

/** Which of the workers this process is, if it is one. */
export const worker: Config.Config<Option.Option<WorkerShare.Seat>> = text(workerVariable).pipe(
  Config.mapOrFail((text) => {
    const [, number, of] = /^(\d+)\/(\d+)$/.exec(text) ?? []
    return number === undefined || of === undefined
      ? Either.left(ConfigError.InvalidData([], "expected a seat such as 2/4"))
      : Either.right({ number: Number(number), of: Number(of) })
  }),
  Config.option
)

/** How often a worker says that it lives, in ms; another than the default for tests alone. */
export const beat: Config.Config<number> = integer("CAUSEWAY_BEAT").pipe(
  Config.validate({ message: "expected a whole number of ms ≥ 1", validation: (n) => n >= 1 }),
  Config.withDefault(Heartbeat.interval)
)

// Two processes cannot turn over the same file: that of the second worker is `causeway.2.log`.
const ownFile = (path: string, seat: Option.Option<WorkerShare.Seat>): string =>
  Option.match(seat, { onNone: () => path, onSome: ({ number }) => path.replace(/(\.[^./\\]*)?$/, `.${number}$1`) })

/**
 * A file that gets the log too, as JSON lines, and how many days of it are kept (default: 10). Each worker has a file of its
 * own.
 */
export const logFile = Config.all({
  path: Config.zipWith(text("LOG_FILE"), worker, ownFile),
  days: integer("LOG_FILE_DAYS").pipe(
    Config.validate({ message: "expected a whole number of days ≥ 1", validation: (n) => n >= 1 }),
    Config.withDefault(10)
  )
}).pipe(Config.option)
