import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import * as Data from "effect/Data"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as ProcessConfig from "../config/ProcessConfig.js"
import { reasonOf } from "../domain/failure/Failure.js"
import * as ConfigSchema from "../domain/schema/ConfigSchema.js"
import * as Printable from "../domain/text/Printable.js"
import * as CommonOptions from "./CommonOptions.js"
import * as Ending from "./Ending.js"
import * as Stdout from "./Stdout.js"

/** No gateway says there how it is. */
class GatewaySilent extends Data.TaggedError("GatewaySilent")<{ readonly url: string; readonly reason: string }> {
  override get message() {
    return `${this.url} does not say that it is ready: ${this.reason}`
  }
}

const options = {
  host: Options.text("host").pipe(
    Options.withDescription("The address that the gateway listens on (SERVER_HOST)"),
    Options.withFallbackConfig(ProcessConfig.host)
  ),
  port: Options.integer("port").pipe(
    Options.withDescription("The port that it listens on (SERVER_PORT)"),
    Options.withFallbackConfig(ProcessConfig.port),
    Options.filterMap(ProcessConfig.takenPort, "expected a port from 1 to 65535")
  ),
  timeout: Options.text("timeout").pipe(
    Options.filterMap(Schema.decodeOption(ConfigSchema.DurationText), "expected a duration such as 500ms, 10s or 2m"),
    Options.withDescription("How long it may take to answer; 2s by default"),
    Options.withDefault(Duration.seconds(2))
  ),
  json: CommonOptions.json
}

interface Settings {
  readonly host: string
  readonly port: number
  readonly timeout: Duration.Duration
  readonly json: boolean
}

/** What `GET /ready` says. */
const Told = Schema.Struct({
  status: Schema.Literal("ready", "draining"),
  records: Schema.optional(Schema.Literal("waiting")),
  records_waiting: Schema.optional(Schema.Number),
  records_lost: Schema.optional(Schema.Number)
})
interface Told extends Schema.Schema.Type<typeof Told> {}

const health = ({ host, json, port, timeout }: Settings) =>
  Effect.gen(function* () {
    const url = `http://${reachable(host)}:${port}`
    const told = yield* ask(url, timeout)
    yield* Stdout.print(json ? Printable.json({ url, ...told }, 2) : Printable.line(`${url} ${asText(told)}`))
    if (told.status !== "ready") return yield* new Ending.NotWell()
  }).pipe(Ending.told)

/** `causeway health`: whether the gateway that runs here takes requests, for those who supervise it. */
export const command = Command.make("health", options, health).pipe(
  Command.withDescription("Say whether the gateway on this machine takes requests, by its exit code")
)

const ask = (url: string, timeout: Duration.Duration): Effect.Effect<Told, GatewaySilent> =>
  Effect.gen(function* () {
    const response = yield* Effect.tryPromise({
      try: (signal) => fetch(`${url}/ready`, { signal, redirect: "error" }),
      catch: reasonOf
    })
    const body = yield* Effect.tryPromise({ try: () => response.json(), catch: () => noCauseway })
    return yield* Effect.mapError(Schema.decodeUnknown(Told)(body), () => noCauseway)
  }).pipe(
    Effect.timeoutFail({ duration: timeout, onTimeout: () => `it says nothing within ${Duration.format(timeout)}` }),
    Effect.mapError((reason) => new GatewaySilent({ url, reason }))
  )

const noCauseway = "it is no Causeway, or another one"

// Whoever listens on every address is asked on this machine's own.
const reachable = (host: string): string => {
  if (host === "0.0.0.0") return "127.0.0.1"
  const name = host === "::" ? "::1" : host
  return name.includes(":") && !name.startsWith("[") ? `[${name}]` : name
}

const asText = ({ records_lost = 0, records_waiting = 0, status }: Told): string =>
  status === "draining"
    ? "is draining"
    : ["is ready", ...counted(records_waiting, "waiting to be written"), ...counted(records_lost, "lost")].join(", ")

const counted = (count: number, what: string): ReadonlyArray<string> =>
  count === 0 ? [] : [`${count} ${count === 1 ? "record" : "records"} ${what}`]
