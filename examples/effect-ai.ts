// The OpenAI client of @effect/ai over an embedded gateway: its HttpClient is the gateway's, and nothing listens on a port.
// `OpenAiLanguageModel` asks for /v1/responses, which Causeway does not serve: chat completions are asked for instead.
import * as OpenAiClient from "@effect/ai-openai/OpenAiClient"
import * as HttpBody from "@effect/platform/HttpBody"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as Console from "effect/Console"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import * as Gateway from "causeway"

const config: Gateway.Config = {
  openai_clients: [{ name: "demo", base_url: "demo:", model_match: { type: "exact", value: "demo" } }]
}

const ask = (content: string) => ({ model: "demo", messages: [{ role: "user", content }] as const })

// Of a chunk, what is read; and the error of a stream that broke off. The package has a schema of whole answers only, and
// its client skips what fits none.
const Event = Schema.Union(
  Schema.Struct({
    choices: Schema.Array(
      Schema.Struct({ delta: Schema.Struct({ content: Schema.optional(Schema.NullOr(Schema.String)) }) })
    )
  }),
  Schema.Struct({ error: Schema.Struct({ message: Schema.String }) })
)

/** A stream ended before its answer did. */
export class BrokeOff extends Data.TaggedError("BrokeOff")<{ readonly message: string }> {}

/** Asks for a whole answer, then for a stream, and gives their texts. */
export const program = Effect.gen(function* () {
  const { client, streamRequest } = yield* OpenAiClient.OpenAiClient

  const answer = yield* client.createChatCompletion(ask("Hello"))
  const whole = answer.choices[0]?.message.content ?? ""

  const streamed = yield* HttpClientRequest.post("/chat/completions").pipe(
    HttpClientRequest.setBody(HttpBody.unsafeJson({ ...ask("Hello again"), stream: true })),
    (request) => streamRequest(request, Event),
    Stream.mapEffect((event) =>
      "error" in event
        ? Effect.fail(new BrokeOff({ message: event.error.message }))
        : Effect.succeed(event.choices[0]?.delta.content ?? "")
    ),
    Stream.mkString
  )
  return { whole, streamed }
})

/** The client that the program needs, over a gateway; the host in the URL is never looked up. */
export const client = OpenAiClient.layer({ apiUrl: "http://causeway/v1" }).pipe(Layer.provide(Gateway.layerHttpClient))

/** The gateway that the client needs. */
export const gateway = (recordPath: string) => Gateway.layer({ config, recordPath })

if (process.argv[1] === import.meta.filename) {
  NodeRuntime.runMain(
    program.pipe(Effect.flatMap(Console.log), Effect.provide(client), Effect.provide(gateway("record.db")))
  )
}
