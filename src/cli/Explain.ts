import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as BoundedFile from "../config/BoundedFile.js"
import * as ConfigFile from "../config/ConfigFile.js"
import * as Operation from "../domain/operation/Operation.js"
import * as Operations from "../domain/operation/Operations.js"
import type { Asking } from "../domain/protocol/ClientProtocol.js"
import * as Protocols from "../domain/protocol/Protocols.js"
import * as OpenAiChatClient from "../domain/protocol/openai-chat/OpenAiChatClient.js"
import * as OpenAiTextClient from "../domain/protocol/openai-text/OpenAiTextClient.js"
import * as ConfigIssue from "../domain/schema/ConfigIssue.js"
import { reasonOf } from "../domain/failure/Failure.js"
import * as JsonObject from "../domain/json/JsonObject.js"
import * as JsonText from "../domain/json/JsonText.js"
import * as Printable from "../domain/text/Printable.js"
import * as RouteTable from "../domain/routing/RouteTable.js"
import * as CommonOptions from "./CommonOptions.js"
import * as Ending from "./Ending.js"
import * as Explanation from "./Explanation.js"
import * as LiveBackends from "./LiveBackends.js"
import * as Stdout from "./Stdout.js"
import * as Table from "./Table.js"

/** There is no request to explain. */
class NoRequest extends Data.TaggedError("NoRequest")<{ readonly reason: string }> {
  override get message() {
    return this.reason
  }
}

const options = {
  model: Options.text("model").pipe(
    Options.withDescription("The model that the caller asks for; that of the body by default"),
    Options.optional
  ),
  body: Options.text("body").pipe(
    Options.withDescription("A file with the caller's request as JSON; one of a single message by default"),
    Options.optional
  ),
  gateway: Options.text("gateway").pipe(
    Options.withDescription("The URL of a running gateway, which is asked what it knows of these backends"),
    Options.optional
  ),
  endpoint: Options.text("endpoint").pipe(
    Options.withDescription("Where it is posted, such as /v1/embeddings; /v1/chat/completions by default"),
    Options.optional
  ),
  stream: Options.boolean("stream").pipe(Options.withDescription("As if the caller asked for a stream")),
  config: CommonOptions.config,
  json: CommonOptions.json
}

const explain = (settings: {
  readonly model: Option.Option<string>
  readonly body: Option.Option<string>
  readonly gateway: Option.Option<string>
  readonly endpoint: Option.Option<string>
  readonly stream: boolean
  readonly config: string
  readonly json: boolean
}) =>
  Effect.gen(function* () {
    const { backends, server } = yield* ConfigFile.load(settings.config)
    const routes = RouteTable.make(backends)
    const explanation = Explanation.make(routes, yield* requestFor(settings))
    if (explanation.stages.length === 0) {
      const names = routes.backends.flatMap(({ match, models }) => [...Object.keys(models), ...match.value])
      const suggestion = ConfigIssue.didYouMean(explanation.model, names)
      return yield* new NoRequest({ reason: `No backend serves the model "${explanation.model}"${suggestion}.` })
    }
    if (Option.isNone(settings.gateway)) {
      return yield* Stdout.print(settings.json ? Printable.json(explanation, 2) : asText(explanation))
    }
    const asked = new Set(explanation.stages.flatMap(({ candidates }) => candidates.map(({ backend }) => backend)))
    const live = (yield* LiveBackends.ask(settings.gateway.value, server)).filter(({ name }) => asked.has(name))
    yield* Stdout.print(
      settings.json
        ? Printable.json({ ...explanation, live }, 2)
        : [asText(explanation), "", `At ${Printable.brief(settings.gateway.value)} now:`, "", liveTable(live)].join(
            "\n"
          )
    )
  }).pipe(Ending.told)

/** `causeway explain`: where a request would go, why, and what each backend would receive. */
export const command = Command.make("explain", options, explain).pipe(
  Command.withDescription("Explain where a request would go, and what would be sent")
)

const samples = { chat: { messages: [{ role: "user", content: "Hello" }] }, text: { prompt: "Hello" } }

const sampleOf = ({ operation }: Asking): JsonObject.JsonObject => {
  if (Operation.isConversation(operation)) return samples[operation]
  return Operation.isMedia(operation) ? Operations.media[operation].sample : Operations.plain[operation].sample
}

const requestFor = Effect.fnUntraced(function* (settings: {
  readonly model: Option.Option<string>
  readonly body: Option.Option<string>
  readonly endpoint: Option.Option<string>
  readonly stream: boolean
}) {
  const given = yield* Effect.transposeMapOption(settings.body, readBody)
  const asking = yield* Option.match(settings.endpoint, {
    onNone: () => Effect.succeed(askingOf(Option.getOrElse(given, JsonObject.empty))),
    onSome: askingAt
  })
  const body = {
    ...Option.getOrElse(given, () => sampleOf(asking)),
    ...Option.match(settings.model, { onNone: () => ({}), onSome: (model) => ({ model }) }),
    ...(settings.stream ? { stream: true } : {})
  }
  if (!("model" in body) && !hasModel(asking))
    return yield* new NoRequest({ reason: "Which model? Give --model, or a --body with one." })
  return yield* asking.decode(JsonText.write(body))
})

// Where nothing is said of the endpoint, its body tells those of conversations apart.
const askingOf = (body: JsonObject.JsonObject): Asking =>
  "prompt" in body && !("messages" in body) ? OpenAiTextClient.protocol : OpenAiChatClient.protocol

const askingAt = (path: string): Effect.Effect<Asking, NoRequest> => {
  const found = Protocols.endpoints.find(({ paths }) => paths.some((each) => each === path))
  if (found !== undefined) return Effect.succeed(found)
  const known = Protocols.endpoints.flatMap(({ paths: [first] }) => first ?? [])
  const reason = `No endpoint "${path}" asks for a model${ConfigIssue.didYouMean(path, known)}; there are ${known.join(", ")}.`
  return new NoRequest({ reason })
}

const hasModel = ({ operation }: Asking): boolean => {
  if (Operation.isConversation(operation)) return false
  const { defaultModel } = Operation.isMedia(operation) ? Operations.media[operation] : Operations.plain[operation]
  return defaultModel !== undefined
}

/** A body may be this large, in bytes. */
const mostBody = 32 * 1024 ** 2

const readBody = Effect.fnUntraced(function* (path: string) {
  const text = yield* Effect.mapError(
    BoundedFile.read(path, mostBody),
    (cause) => new NoRequest({ reason: `${path}: cannot be read: ${reasonOf(cause)}` })
  )
  return yield* Effect.mapError(JsonObject.parse(text), () => new NoRequest({ reason: `${path}: is no JSON object` }))
})

const asText = ({ model, stages }: Explanation.Explanation): string => {
  const [matching, ...fallbacks] = stages
  const candidates = stages.flatMap((stage) => stage.candidates)
  return [
    Printable.brief(`"${model}" is served by ${namesOf(matching)}:`),
    ...(matching === undefined ? [] : ["", tableOf(matching)]),
    ...((matching?.candidates.length ?? 0) > 1 ? ["", orderLaw] : []),
    ...fallbacks.flatMap((stage) => ["", Printable.brief(`${titleOf(stage)}:`), "", tableOf(stage)]),
    ...candidates.flatMap((candidate) => ["", requestOf(candidate)])
  ].join("\n")
}

const orderLaw = [
  "They are tried in an order drawn by weight: each is the next with its part of the priority of those that are left;",
  "those of priority 0 come last."
].join("\n")

const titleOf = ({ fallback }: Explanation.Stage): string =>
  `When all of these have failed, ${quoted(fallback?.of ?? [])} falls back to "${fallback?.to}"`

const namesOf = (stage: Explanation.Stage | undefined): string =>
  quoted(stage?.candidates.map(({ backend }) => backend) ?? [])

const quoted = (names: ReadonlyArray<string>): string => names.map((name) => `"${name}"`).join(", ")

const tableOf = ({ candidates }: Explanation.Stage): string =>
  Table.render(
    Table.titled("backend", "model", "why", "priority", "first"),
    candidates.map(({ backend, because, first, model, priority }) => [
      backend,
      model,
      whyOf(because),
      String(priority),
      `${(first * 100).toFixed(1)} %`
    ])
  )

const whyOf = ({ type, value }: Explanation.Candidate["because"]): string => {
  const whys = { exact: "equals", keyword: "contains", glob: "fits", models: "its name for", any: "", name: "" }
  return type === "any" ? "serves any" : type === "name" ? "called by its name" : `${whys[type]} "${value}"`
}

const liveTable = (live: ReadonlyArray<LiveBackends.LiveBackend>): string =>
  Table.render(
    Table.titled("backend", "state", "until", "in flight", "at once", "learned"),
    live.map((backend) => [
      backend.name,
      backend.state,
      backend.until ?? "",
      String(backend.in_flight),
      backend.max_in_flight === null ? "" : String(backend.max_in_flight),
      backend.learned.map(learnedOf).join("; ")
    ])
  )

const learnedOf = ({ held_until, in_flight, model, per_second }: LiveBackends.LiveBackend["learned"][number]): string =>
  [
    `${model}:`,
    in_flight === null ? [] : `${in_flight} at once`,
    per_second === null ? [] : `${per_second} a second`,
    held_until === null ? [] : `held until ${held_until}`
  ]
    .flat()
    .join(" ")

const requestOf = ({ backend, key, model, refused, request }: Explanation.Candidate): string => {
  const title = Printable.brief(`── ${backend}, asked for ${model}`)
  if (request === null) return `${title}\n${Printable.brief(`nothing is sent: ${refused}`)}`
  const headers = Object.entries(request.headers).map(([name, value]) => Printable.line(`${name}: ${value}`))
  const note = { configured: [], caller: ["(the caller's key is sent)"], none: ["(no key is sent)"] }[key]
  return [
    title,
    Printable.line(`${request.method} ${request.url}`),
    ...headers,
    ...note,
    ...(request.cleaned === null ? [] : [`(cleaning takes away: ${request.cleaned})`]),
    "",
    Printable.json(request.body, 2)
  ].join("\n")
}
