// A host on Bun: the gateway's routes in its server, beside a page of its own, and a row for each answer.
import * as HttpRouter from "@effect/platform/HttpRouter"
import * as HttpServer from "@effect/platform/HttpServer"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as BunHttpServer from "@effect/platform-bun/BunHttpServer"
import * as Gateway from "causeway"
import { ConfigRef, RequestLog } from "causeway"
import type { RequestRecord } from "causeway/RequestRecord"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as LogLevel from "effect/LogLevel"

const config: Gateway.Config = {
  openai_clients: [{ name: "demo", base_url: "demo:", model_match: { value: "demo" } }]
}

const records: Array<RequestRecord> = []
const gateway = Gateway.layerCustom.pipe(
  Layer.provide([RequestLog.layerMemory(records), ConfigRef.layerStatic(config)])
)

const router = HttpRouter.empty.pipe(
  HttpRouter.get("/", HttpServerResponse.text("of the host")),
  HttpRouter.concat(Gateway.routesAt("/llm"))
)

const served = Gateway.withDrain(HttpServer.serve(router)).pipe(
  Layer.provideMerge(BunHttpServer.layer({ port: 0 })),
  Layer.provide(gateway),
  Layer.provide(Logger.minimumLogLevel(LogLevel.None))
)

const ask = (url: string, stream: boolean) =>
  Effect.promise(async () => {
    const body = JSON.stringify({ model: "demo", messages: [{ role: "user", content: "Hi" }], stream })
    const answer = await fetch(`${url}/llm/v1/chat/completions`, { method: "POST", body })
    return `${answer.status} ${await answer.text()}`
  })

const program = Effect.gen(function* () {
  const { address } = yield* HttpServer.HttpServer
  const url = address._tag === "TcpAddress" ? `http://127.0.0.1:${address.port}` : ""
  const page = yield* Effect.promise(async () => (await fetch(url)).text())
  const [whole, streamed] = [yield* ask(url, false), yield* ask(url, true)]
  return { page, whole: /^200 .*You said: Hi/s.test(whole), streamed: /^200 .*\[DONE\]\s*$/s.test(streamed) }
})

const said = await Effect.runPromise(Effect.provide(program, served))
console.log(JSON.stringify({ ...said, rows: records.length }))
