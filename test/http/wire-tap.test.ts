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
  Effect.gen(function* () {
    const tap = yield* WireTap.make
    const server = http.createServer((request, response) => {
      request.resume().on("end", () => {
        response.writeHead(answer.status, { "content-type": answer.type })
        response.end(answer.text)
      })
    })
    yield* Effect.acquireRelease(
      Effect.async<void>((resume) => void server.listen(0, "127.0.0.1", () => resume(Effect.void))),
      () => Effect.sync(() => server.close().closeAllConnections())
    )
    tap.listen(portOf(server))
    const url = `http://127.0.0.1:${portOf(server)}/v1/chat/completions`
    yield* Effect.promise(async () => (await fetch(url, { method: "POST", body: JSON.stringify(asked) })).text())
  }).pipe(
    Effect.scoped,
    Effect.as(undefined),
    Effect.catchAllCause((cause) => Effect.succeed(Cause.pretty(cause)))
  )

const chunk = (choices: ReadonlyArray<object>, more: object = {}) =>
  `data: ${JSON.stringify({ id: "a", object: "chat.completion.chunk", created: 1, model: "m", choices, ...more })}\n\n`

const hello = chunk([{ index: 0, delta: { role: "assistant", content: "hello" }, finish_reason: "stop" }])
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
        json(200, {}),
        json(400, { error: "boom" })
      ]) {
        assert.include(yield* verdict(answer, { stream: true }), "broke the wire contract", JSON.stringify(answer))
      }
      assert.include(yield* verdict(json(200, { choices: [] }), {}), "broke the wire contract")
    })
  )
})
