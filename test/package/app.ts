// A user's program over the installed package: every entry once, with and without Effect.
import * as Gateway from "causeway"
import { ConfigRef as ConfigRefOfRoot, Gateway as GatewayOfRoot } from "causeway"
import * as Completions from "causeway/Completions"
import * as ConfigRef from "causeway/ConfigRef"
import type { GatewayFailure } from "causeway/Failure"
import * as GatewayConfig from "causeway/GatewayConfig"
import * as Preparation from "causeway/Preparation"
import * as RequestLog from "causeway/RequestLog"
import type { RequestRecord } from "causeway/RequestRecord"
import * as Routing from "causeway/Routing"
import type { StreamFailure } from "causeway/StreamFailure"
import * as Testing from "causeway/testing"
import * as Transport from "causeway/Transport"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as LogLevel from "effect/LogLevel"
import * as Stream from "effect/Stream"

const config: Gateway.Config = {
  openai_clients: [{ name: "demo", base_url: "demo:", model_match: { type: "exact", value: ["demo"] } }]
}
const request = { model: "demo", messages: [{ role: "user", content: "Hi" }] }

const decoded = GatewayConfig.decode(config)

const records: Array<RequestRecord> = []
const gateway = Gateway.layerCustom.pipe(
  Layer.provide([
    RequestLog.layerMemory(records),
    ConfigRef.layerStatic(config),
    Layer.succeed(Transport.Transport, Transport.http1)
  ])
)

const program: Effect.Effect<string, GatewayFailure | StreamFailure, Completions.Completions> = Effect.gen(
  function* () {
    const { complete, stream } = yield* Completions.Completions
    const answer: Completions.ChatCompletion = yield* complete(request)
    let streamed = ""
    yield* Stream.runForEach(stream(request), (chunk: Completions.ChatCompletionChunk) =>
      Effect.sync(() => (streamed += chunk.choices[0]?.delta.content ?? ""))
    )
    return `${answer.choices[0].message.content} / ${streamed}`
  }
)

const text = await Effect.runPromise(program.pipe(Effect.provide(gateway), Logger.withMinimumLogLevel(LogLevel.None)))

const running = await Gateway.start({ config, port: 0 })
const response = await fetch(`${running.url}/v1/models`)
const models = await response.text()
await running.stop()

console.log(
  JSON.stringify({
    text,
    rows: records.length,
    root: GatewayOfRoot.start === Gateway.start && ConfigRefOfRoot.ConfigRef === ConfigRef.ConfigRef,
    models: models.includes('"demo"'),
    plan: Either.isRight(Testing.plan(config, "demo")),
    decoded: Either.isRight(decoded),
    planned: Either.isRight(Either.flatMap(decoded, (it) => Routing.plan(it, "demo"))),
    prepared: Either.isRight(Either.flatMap(decoded, (it) => Preparation.body(it, "demo", request)))
  })
)
