import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import * as Config from "effect/Config"
import * as Data from "effect/Data"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as ConfigFile from "../config/ConfigFile.js"
import * as ConfigRef from "../config/ConfigRef.js"
import * as ProcessConfig from "../config/ProcessConfig.js"
import type { Backend } from "../domain/backend/Backend.js"
import * as ConfigIssue from "../domain/schema/ConfigIssue.js"
import * as ConfigSchema from "../domain/schema/ConfigSchema.js"
import * as Printable from "../domain/text/Printable.js"
import * as Backends from "../upstream/Backends.js"
import * as CommonOptions from "./CommonOptions.js"
import * as Ending from "./Ending.js"
import * as Probe from "./Probe.js"
import * as Stdout from "./Stdout.js"
import * as Table from "./Table.js"

/** No backend has this name. */
class BackendUnknown extends Data.TaggedError("BackendUnknown")<{
  readonly name: string
  readonly known: ReadonlyArray<string>
}> {
  override get message() {
    return `No backend is named "${this.name}"${ConfigIssue.didYouMean(this.name, this.known)}.`
  }
}

/** So many backends are asked at once. */
const concurrency = 8

const options = {
  backend: Options.text("backend").pipe(Options.withDescription("Ask this one alone"), Options.optional),
  model: Options.text("model").pipe(
    Options.withDescription("The model to ask for; by default one that the backend claims"),
    Options.optional
  ),
  timeout: Options.text("timeout").pipe(
    Options.filterMap(Schema.decodeOption(ConfigSchema.TimeText), "expected a duration such as 500ms, 10s or 2m"),
    Options.withDescription("How long each request may take, such as 10s; 30s by default"),
    Options.withDefault(Duration.seconds(30))
  ),
  config: CommonOptions.config,
  json: CommonOptions.json
}

/** The key to ask with where a backend has none of its own, as a caller would bring it. */
const callerKey = ProcessConfig.secret("CAUSEWAY_PING_KEY").pipe(Config.option)

const ping = (settings: {
  readonly backend: Option.Option<string>
  readonly model: Option.Option<string>
  readonly timeout: Duration.Duration
  readonly config: string
  readonly json: boolean
}) =>
  Effect.gen(function* () {
    const config = yield* ConfigFile.load(settings.config)
    const chosen = yield* choose(config.backends, settings.backend)
    const caller = Option.match(yield* callerKey, {
      onNone: () => ({}),
      onSome: (key) => ({ authorization: `Bearer ${Redacted.value(key)}` })
    })
    const asking = { model: settings.model, caller, limit: settings.timeout }
    const findings = yield* Effect.forEach(chosen, (backend) => Probe.run(backend, asking), { concurrency }).pipe(
      Effect.provide(Backends.layer),
      Effect.provide(ConfigRef.layerDecoded(config))
    )
    yield* Stdout.print(settings.json ? Printable.json(findings, 2) : asText(findings))
    if (!findings.every(Probe.isWell)) return yield* new Ending.NotWell()
  }).pipe(Ending.told)

/** `causeway ping`: asks each backend for its models, a tiny answer and a tiny stream. */
export const command = Command.make("ping", options, ping).pipe(
  Command.withDescription("Ask every backend something tiny: does it answer, stream, take the key?")
)

const choose = (
  backends: ReadonlyArray<Backend>,
  name: Option.Option<string>
): Effect.Effect<ReadonlyArray<Backend>, BackendUnknown> => {
  if (Option.isNone(name)) return Effect.succeed(backends)
  const found = backends.filter((backend) => backend.name === name.value)
  const known = backends.map((backend) => backend.name)
  return found.length > 0 ? Effect.succeed(found) : new BackendUnknown({ name: name.value, known })
}

const asText = (findings: ReadonlyArray<Probe.Finding>): string =>
  [
    Table.render(
      Table.titled("backend", "model", "reachable", "key", "models", "answers", "streams", "first token", "latency"),
      findings.map(rowOf)
    ),
    ...findings.map(({ backend, url }) => Printable.brief(`${backend}: POST ${url}`)),
    ...findings.flatMap(({ backend, problems }) => problems.map((problem) => Printable.brief(`${backend}: ${problem}`)))
  ].join("\n")

const rowOf = (finding: Probe.Finding): ReadonlyArray<string> => [
  finding.backend,
  finding.model,
  yesNo(finding.reachable),
  keyText[finding.key],
  finding.models === null ? "-" : String(finding.models),
  yesNo(finding.answers),
  finding.streams === null ? "-" : yesNo(finding.streams),
  millis(finding.firstTokenMs),
  millis(finding.latencyMs)
]

const keyText = {
  valid: "valid",
  none: "none needed",
  refused: "refused (401)",
  forbidden: "forbidden (403)",
  unknown: "-"
}

const yesNo = (value: boolean): string => (value ? "yes" : "no")

const millis = (value: number | null): string => (value === null ? "-" : `${Math.round(value)} ms`)
