import * as Args from "@effect/cli/Args"
import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as ConfigFile from "../config/ConfigFile.js"
import * as ConfigIssue from "../domain/schema/ConfigIssue.js"
import type { ConfigInvalid, ConfigMalformed, ConfigUnreadable, PlacedIssue } from "../domain/failure/Failure.js"
import * as FallbackLoops from "../domain/config/FallbackLoops.js"
import * as Keepalives from "../domain/config/Keepalives.js"
import * as Keyless from "../domain/config/Keyless.js"
import * as KeyShapes from "../domain/config/KeyShapes.js"
import * as Misread from "../domain/config/Misread.js"
import * as Printable from "../domain/text/Printable.js"
import * as Shadowing from "../domain/config/Shadowing.js"
import * as CommonOptions from "./CommonOptions.js"
import * as Ending from "./Ending.js"
import * as Reachability from "./Reachability.js"
import * as Stdout from "./Stdout.js"

/** What there is to say about a configuration file. */
interface Verdict {
  readonly config: string
  readonly backends: number
  readonly errors: ReadonlyArray<PlacedIssue>
  readonly warnings: ReadonlyArray<PlacedIssue>
}

const options = {
  file: CommonOptions.path("config", "The configuration file, as --config").pipe(Args.optional),
  config: CommonOptions.config,
  offline: Options.boolean("offline").pipe(Options.withDescription("Do not try to connect to the backends")),
  strict: Options.boolean("strict").pipe(Options.withDescription("Exit with 1 for warnings too")),
  json: CommonOptions.json
}

const check = (settings: {
  readonly file: Option.Option<string>
  readonly config: string
  readonly offline: boolean
  readonly strict: boolean
  readonly json: boolean
}) =>
  Effect.gen(function* () {
    const path = Option.getOrElse(settings.file, () => settings.config)
    const verdict = yield* judge(path, settings.offline)
    yield* Stdout.print(settings.json ? asJson(verdict) : asText(verdict))
    const { errors, warnings } = verdict
    if (errors.length > 0 || (settings.strict && warnings.length > 0)) return yield* new Ending.NotWell()
  }).pipe(Ending.told)

/** `causeway check`: everything that is wrong with a configuration, and what may not be meant. */
export const command = Command.make("check", options, check).pipe(
  Command.withDescription("Check a configuration: mistakes, and what may not be meant")
)

const judge = (path: string, offline: boolean) =>
  ConfigFile.open(path).pipe(
    Effect.flatMap(({ config: { backends, server }, place, remarks }) =>
      Effect.map(offline ? Effect.succeed([]) : Reachability.unreachable(backends), (unreachable) => {
        const warnings = [
          ...remarks,
          ...Shadowing.find(backends),
          ...FallbackLoops.find(backends),
          ...Keyless.find(backends),
          ...KeyShapes.find(backends),
          ...Misread.find(backends),
          ...Keepalives.find(server),
          ...unreachable
        ]
        return verdict(path, { backends: backends.length, warnings: warnings.map(place).sort(ConfigFile.byPlace) })
      })
    ),
    Effect.catchAll((failure) => Effect.succeed(verdict(path, { errors: issuesOf(failure) })))
  )

const verdict = (config: string, found: Partial<Verdict>): Verdict => ({
  config,
  backends: 0,
  errors: [],
  warnings: [],
  ...found
})

const issuesOf = (failure: ConfigInvalid | ConfigMalformed | ConfigUnreadable): ReadonlyArray<PlacedIssue> => {
  switch (failure._tag) {
    case "ConfigInvalid":
      return failure.issues
    case "ConfigMalformed":
      return [{ path: [], message: failure.reason, line: failure.line, column: failure.column }]
    case "ConfigUnreadable":
      return [{ path: [], message: failure.message.slice(failure.path.length + 2) }]
  }
}

const asText = ({ backends, config, errors, warnings }: Verdict): string => {
  const lines = [
    ...errors.map((issue) => lineOf(config, "error", issue)),
    ...warnings.map((issue) => lineOf(config, "warning", issue))
  ]
  const counts = errors.length > 0 ? [count(errors.length, "error")] : [count(backends, "backend")]
  if (warnings.length > 0) counts.push(count(warnings.length, "warning"))
  const last = `${config}: ${counts.join(", ")}${lines.length === 0 ? ", all well" : ""}`
  return [...lines, last].map((line) => Printable.brief(line)).join("\n")
}

const lineOf = (config: string, kind: "error" | "warning", { column, line, message, path }: PlacedIssue): string => {
  const where = ConfigIssue.formatPath(path)
  const place = line === undefined ? "" : `:${line}:${column}`
  return `${config}${place}: ${kind}: ${where === "" ? "" : `${where}: `}${message}`
}

const count = (n: number, noun: string): string => `${n} ${noun}${n === 1 ? "" : "s"}`

const asJson = ({ config, errors, warnings }: Verdict): string => {
  const plain = ({ column, line, message, path }: PlacedIssue) => ({
    line: line ?? null,
    column: column ?? null,
    path: ConfigIssue.formatPath(path),
    message
  })
  return Printable.json(
    { config, valid: errors.length === 0, errors: errors.map(plain), warnings: warnings.map(plain) },
    2
  )
}
