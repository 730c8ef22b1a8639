import * as HttpServer from "@effect/platform/HttpServer"
import { assert, describe, it } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as LogLevel from "effect/LogLevel"
import * as ConfigRef from "../../src/config/ConfigRef.js"
import type { RequestRecord } from "../../src/domain/record/RequestRecord.js"
import * as Gateway from "../../src/Gateway.js"
import * as RequestLog from "../../src/records/RequestLog.js"
import * as Caller from "../support/Caller.js"
import { base64, forms, traces } from "../support/Quoting.js"
import * as ScriptedUpstream from "../support/ScriptedUpstream.js"
import * as TestGateway from "../support/TestGateway.js"

/** One of each kind, with characters that every encoding writes otherwise. */
const secrets = {
  "the api_key": "ak+91/Zq=Xw8?Lm7&Tt>Jo",
  "the key in the URL": "uk+82/Yp=Wv7?Kl6&Ss>In",
  "a header with a harmless name": "hk+73/Xo=Vu6?Jk5&Rr>Hm",
  "a header for Basic": "bk+64/Wn=Ut5?Ij4&Qq>Gl",
  "a field of the body": "fk+55/Vm=Ts4?Hi3&Pp>Fk",
  "the caller's key": "ck+46/Ul=Sr3?Gh2&Oo>Ej",
  "a header of the caller's": "dk+37/Tk=Rq2?Fg1&Nn>Di"
}

type Way = (call: ScriptedUpstream.Call, said: string) => void | Promise<void>

const error = (said: string) => ({
  message: `no: ${said}`,
  type: `t ${said}`,
  param: said,
  code: said,
  innererror: { [said]: [{ deep: said }] },
  metadata: { raw: JSON.stringify({ error: { message: said } }), provider_name: said },
  failed_generation: said
})

const raw = (call: ScriptedUpstream.Call, header: string) =>
  void call.response.socket?.end(`HTTP/1.1 200 OK\r\n${header}\r\ncontent-length: 2\r\n\r\n{}`)

/** Every way in which what a backend says of a request can leave the gateway. */
const ways: Readonly<Record<string, Way>> = {
  "an error": (call, said) => call.json(400, { error: error(said) }),
  "an error that is flat": (call, said) => call.json(401, error(said)),
  "an error that is a text": (call, said) => call.json(403, { error: said }),
  "an error in a list": (call, said) => call.json(404, [{ error: error(said) }]),
  "an error as FastAPI has it": (call, said) => call.json(422, { detail: [{ loc: ["body"], msg: said }] }),
  "an odd detail": (call, said) => call.json(422, { detail: { [said]: [said] } }),
  "an error that is no JSON": (call, said) => call.json(429, `sorry: ${said}`),
  "a MiniMax's error": (call, said) => call.json(200, { base_resp: { status_code: 2013, status_msg: said, said } }),
  "a Cloudflare's errors": (call, said) =>
    call.json(400, { success: false, errors: [{ code: 1, message: said }, { said }], messages: [said] }),
  "an error with causes": (call, said) =>
    call.json(400, { code: 400, msg: "no", cause: { message: said, cause: { message: said } }, details: said }),
  "an error whose message is JSON": (call, said) =>
    call.json(400, { error: { message: JSON.stringify({ error: { message: said, hint: said } }) } }),
  "a list in a 200": (call, said) => call.json(200, [{ error: { ...error(said), code: 400 } }]),
  "a blocked prompt": (call, said) => call.json(200, { promptFeedback: { blockReason: said, why: [said] } }),
  "a redirect": (call, said) =>
    call.json(
      302,
      {},
      {
        location: `https://u:${encodeURIComponent(said)}@a.example/${encodeURIComponent(said)}?${encodeURIComponent(said)}`
      }
    ),
  "an error of the server's": (call, said) => call.json(500, { error: error(said) }),
  "an error in a 200": (call, said) => call.json(200, { error: error(said) }),
  "an error in a 200 with a status": (call, said) => call.json(200, { error: { ...error(said), status: 400 } }),
  "an error in a stream": (call, said) => {
    call.events({ error: { ...error(said), status: 400 } })
    call.end()
  },
  "an event that is an error": (call, said) => {
    call.open()
    call.write(`event: error\ndata: ${JSON.stringify(error(said))}\n\n`)
    call.end()
  },
  "an event that is an error and no JSON": (call, said) => {
    call.open()
    call.write(`event: error\ndata: ${said}\n\n`)
    call.end()
  },
  "an error after the commit": async (call, said) => {
    call.events(ScriptedUpstream.chunk({ role: "assistant", content: "Hel" }))
    await new Promise((resolve) => setImmediate(resolve))
    call.events({ error: error(said) })
    call.end()
  },
  "headers of an answer": (call, said) => {
    for (const name of ["x-request-id", "openai-model", "openai-version"]) call.response.setHeader(name, said)
    ScriptedUpstream.answerWell("Hi")(call)
  },
  "an unknown transfer-encoding": (call, said) => raw(call, `transfer-encoding: ${said}`),
  "an unknown content-encoding": (call, said) => raw(call, `content-encoding: ${said}`),
  "a line that is no header": (call, said) => raw(call, `${said} \u0001`),
  "a status line that is none": (call, said) => void call.response.socket?.end(`HTTP/9 ${said}\r\n\r\n`)
}

const gatewayFor = Effect.gen(function* () {
  const now: { way: Way; said: string } = { way: () => {}, said: "" }
  const upstream = yield* ScriptedUpstream.make((call) => now.way(call, now.said))
  const records: Array<RequestRecord> = []
  const lines: Array<string> = []
  const logger = Logger.map(Logger.jsonLogger, (line) => void lines.push(line))
  const config: Gateway.Config = {
    openai_clients: [
      TestGateway.backend("a", `${upstream.url}?api-key=${encodeURIComponent(secrets["the key in the URL"])}`, {
        api_key: secrets["the api_key"],
        headers: {
          "x-team": secrets["a header with a harmless name"],
          "x-proxy": `Basic ${base64(`user:${secrets["a header for Basic"]}`)}`
        },
        extra_body: { options: { api_token: secrets["a field of the body"] } },
        forward_headers: ["x-user-token"],
        // Whose names are known exactly is not asked for a list.
        model_match: { type: "keyword", value: ["test-model"] },
        retries: 0,
        breaker: { enabled: false }
      })
    ]
  }
  const layer = Gateway.serve({ host: "127.0.0.1", port: 0 }).pipe(
    Layer.provide(Gateway.layerCustom),
    Layer.provide([RequestLog.layerMemory(records), ConfigRef.layerStatic(config)]),
    Layer.provide(Layer.merge(Logger.replace(Logger.defaultLogger, logger), Logger.minimumLogLevel(LogLevel.All)))
  )
  const url = Gateway.addressOf(Context.get(yield* Layer.build(layer), HttpServer.HttpServer))
  const ask = (path: string, body?: object) =>
    Effect.promise(async () => {
      const response = await fetch(`${url}${path}`, {
        headers: {
          "content-type": "application/json",
          authorization: `Bearer ${secrets["the caller's key"]}`,
          "x-user-token": secrets["a header of the caller's"]
        },
        ...(body === undefined ? {} : { method: "POST", body: JSON.stringify(body) })
      })
      return JSON.stringify([...response.headers]) + (await Caller.received(response)).text
    })
  return { now, upstream, records, lines, ask }
})

// What the operator's own body holds is the business of what is stored, not of what a backend says.
const rowOf = ({ Request: _, ...row }: RequestRecord) => JSON.stringify(row)

describe("a secret that a backend quotes", () => {
  for (const [name, way] of Object.entries(ways)) {
    it.scopedLive(`in ${name} reaches neither caller, log nor record, in any form`, () =>
      Effect.gen(function* () {
        const { ask, lines, now, records, upstream } = yield* gatewayFor
        const isHead = /headers|encoding|line/.test(name)
        now.way = way
        for (const [whose, secret] of Object.entries(secrets)) {
          // A header holds one at a time.
          const sayings = isHead
            ? Object.values(forms).map((form) => form(secret))
            : [
                Object.values(forms)
                  .map((form) => form(secret))
                  .join(" ")
              ]
          // Its own key may come back to the caller in a header that the backend chose.
          if (name === "headers of an answer" && whose.includes("caller")) continue
          for (const said of sayings) {
            now.said = said
            for (const stream of [false, true]) {
              const heard = yield* ask("/v1/chat/completions", { ...TestGateway.chat(), stream })
              const all = heard + records.splice(0).map(rowOf).join("\n") + lines.splice(0).join("\n")
              for (const trace of traces(secret)) {
                assert.notInclude(all, trace, whose)
                assert.notInclude(all, JSON.stringify(trace).slice(1, -1), whose)
              }
            }
          }
        }
        assert.isAbove(upstream.received.length, 10)
      })
    )
  }

  it.scopedLive("when its models are listed reaches nobody", () =>
    Effect.gen(function* () {
      for (const name of ["an error", "an unknown transfer-encoding", "an unknown content-encoding"]) {
        for (const secret of Object.values(secrets)) {
          const { ask, lines, now } = yield* gatewayFor
          Object.assign(now, { way: ways[name], said: secret })
          const heard = yield* ask("/v1/models")
          const all = heard + lines.join("\n")
          for (const trace of traces(secret)) assert.notInclude(all, trace, name)
          assert.isTrue(lines.some((line) => line.includes("lists no models")))
        }
      }
    })
  )

  it.scopedLive("is sent to it, so that it could quote it", () =>
    Effect.gen(function* () {
      const { ask, now, upstream } = yield* gatewayFor
      now.way = ScriptedUpstream.answerWell("Hi")
      yield* ask("/v1/chat/completions", TestGateway.chat())
      const [received] = upstream.received
      const sent = decodeURIComponent(
        JSON.stringify({ ...received?.headers, path: received?.path, body: received?.body })
      )
      const { "the caller's key": _, "a header for Basic": password, ...others } = secrets
      for (const secret of Object.values(others)) assert.include(sent, secret)
      assert.include(sent, base64(`user:${password}`))
    })
  )

  it.scopedLive("leaves the rest of what was said as it was", () =>
    Effect.gen(function* () {
      const { ask, now } = yield* gatewayFor
      now.way = (call) => call.json(400, { error: { ...error("100 % & more \\ of it"), innererror: { a: [1, "b"] } } })
      const heard = Caller.parse((yield* ask("/v1/chat/completions", TestGateway.chat())).replace(/^.*?\](?={)/s, ""))
      assert.deepStrictEqual(heard["error"], { ...error("100 % & more \\ of it"), innererror: { a: [1, "b"] } })
    })
  )
})
