import * as http from "node:http"
import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import { portOf } from "../support/ScriptedUpstream.js"
import * as WireTap from "../support/WireTap.js"

interface Answer {
  readonly status: number
  readonly type: string
  readonly text: string
}

/** What the tap says of a server that gives this answer to everything; undefined when it finds nothing wrong. */
const verdict = (answer: Answer, asked: object): Effect.Effect<string | undefined> =>
  verdictOf((response) => {
    response.writeHead(answer.status, { "content-type": answer.type })
    response.end(answer.text)
  }, asked)

const verdictOf = (respond: (response: http.ServerResponse) => void, asked: object) =>
  Effect.gen(function* () {
    const tap = yield* WireTap.make
    const server = http.createServer((request, response) => void request.resume().on("end", () => respond(response)))
    yield* Effect.acquireRelease(
      Effect.async<void>((resume) => void server.listen(0, "127.0.0.1", () => resume(Effect.void))),
      () => Effect.sync(() => server.close().closeAllConnections())
    )
    tap.listen(portOf(server))
    const url = `http://127.0.0.1:${portOf(server)}/v1/chat/completions`
    const ask = async () => (await fetch(url, { method: "POST", body: JSON.stringify(asked) })).text()
    yield* Effect.promise(() => ask().catch(() => ""))
  }).pipe(
    Effect.scoped,
    Effect.as(undefined),
    Effect.catchAllCause((cause) => Effect.succeed(Cause.pretty(cause)))
  )

const chunk = (choices: ReadonlyArray<object>, more: object = {}) =>
  `data: ${JSON.stringify({ id: "a", object: "chat.completion.chunk", created: 1, model: "m", choices, ...more })}\n\n`

const hello = chunk([{ index: 0, delta: { role: "assistant", content: "hello" }, finish_reason: "stop" }])
const whole = { index: 0, delta: { role: "assistant", content: "hello" }, finish_reason: "stop" }

/** What typed clients cannot read, in a chunk that is well otherwise. */
const foul: ReadonlyArray<{ readonly choice?: object; readonly beside?: object }> = [
  { beside: { system_fingerprint: null } },
  { beside: { service_tier: 1 } },
  { beside: { service_tier: "on_demand" } },
  { beside: { obfuscation: 1 } },
  { choice: { logprobs: { content: [{ logprob: -0.1 }] } } },
  { choice: { logprobs: { content: [{ token: "a", logprob: "-0.1" }] } } },
  { choice: { delta: { ...whole.delta, annotations: ["a"] } } },
  { choice: { delta: { ...whole.delta, audio: { expires_at: 1.5 } } } }
]

const usage = chunk([], { usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 } })
const done = "data: [DONE]\n\n"

const stream = (text: string) => ({ status: 200, type: "text/event-stream; charset=utf-8", text })
const json = (status: number, body: object) => ({ status, type: "application/json", text: JSON.stringify(body) })

// Whoever reads an e2e suite relies on this.
describe("the check of everything a test's gateway sends", () => {
  it.effect("passes what is true to the contract", () =>
    Effect.gen(function* () {
      const asked = { stream: true, stream_options: { include_usage: true } }
      assert.isUndefined(yield* verdict(stream(hello + done), { stream: true }))
      assert.isUndefined(yield* verdict(stream(hello + usage + done), asked))
      const error = { message: "m", type: "t", param: null, code: null }
      assert.isUndefined(yield* verdict(json(400, { error }), { stream: true }))
    })
  )

  it.effect("fails for what is not", () =>
    Effect.gen(function* () {
      for (const answer of [
        stream(hello),
        stream(done),
        stream(hello + usage + done),
        { ...stream(hello + done), type: "text/event-stream" },
        ...foul.map((more) => stream(chunk([{ ...whole, ...more.choice }], more.beside) + done)),
        stream(hello + chunk([{ index: 0, delta: { content: "!" }, finish_reason: null }]) + done),
        json(200, {}),
        json(400, { error: "boom" })
      ]) {
        assert.include(yield* verdict(answer, { stream: true }), "broke the wire contract", JSON.stringify(answer))
      }
      assert.include(yield* verdict(json(200, { choices: [] }), {}), "broke the wire contract")
    })
  )

  it.effect("fails for chunks that are not framed as such", () =>
    Effect.gen(function* () {
      const framed = (body: string) => (response: http.ServerResponse) => {
        response.writeHead(200, { "content-type": "text/event-stream; charset=utf-8" })
        response.chunkedEncoding = false
        response.end(body)
      }
      const text = hello + done
      const chunkOf = (size: number) => `${size.toString(16)}\r\n${text}\r\n`
      const asked = { stream: true }
      assert.isUndefined(yield* verdictOf(framed(`${chunkOf(text.length)}0\r\n\r\n`), asked))
      assert.include(yield* verdictOf(framed(`${text}0\r\n\r\n`), asked), "no chunk at 0")
      assert.include(yield* verdictOf(framed(`${chunkOf(text.length - 1)}0\r\n\r\n`), asked), "does not end there")
      assert.include(yield* verdictOf(framed(`${chunkOf(text.length)}0\r\n\r\nx`), asked), "bytes after")
      assert.include(yield* verdictOf(framed(chunkOf(text.length)), asked), "no last chunk")
    })
  )
})
