import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as JsonObject from "../../src/domain/json/JsonObject.js"
import * as Caller from "../support/Caller.js"
import * as ScriptedUpstream from "../support/ScriptedUpstream.js"
import * as TestGateway from "../support/TestGateway.js"

type Script = (call: ScriptedUpstream.Call) => void

const { answerWell, chunk } = ScriptedUpstream

/** What the caller gets from this backend, and what the record says; another backend is asked next, if there is one. */
const asked = (script: Script, next?: Script, stream = true) =>
  Effect.gen(function* () {
    const upstream = yield* ScriptedUpstream.make(script)
    const other = next === undefined ? undefined : yield* ScriptedUpstream.make(next)
    const gateway = yield* TestGateway.make({
      openai_clients: [
        TestGateway.backend("a", upstream.url, { retries: 0 }),
        ...(other === undefined ? [] : [TestGateway.backend("b", other.url, { priority: 0 })])
      ]
    })
    const response = yield* Effect.promise(() =>
      gateway.post("/v1/chat/completions", { ...TestGateway.chat(), stream })
    )
    const text = (yield* Effect.promise(() => Caller.received(response))).text
    const record = yield* Effect.promise(() => gateway.record(0))
    return { status: response.status, text, record }
  })

/** Sends these once the first content is on its way to the caller. */
const after =
  (...events: ReadonlyArray<string | object>): Script =>
  (call) => {
    call.open()
    const first = [chunk({ role: "assistant", content: "do " })].map((each) => `data: ${JSON.stringify(each)}\n\n`)
    call.response.write(first.join(""), () =>
      setImmediate(() => {
        call.events(...events)
        call.end()
      })
    )
  }

const errorIn = (text: string) => JsonObject.orEmpty(Caller.chunks(text).at(-1)?.["error"])

describe("what a backend says", () => {
  it.scopedLive("breaks the stream where it cannot be read, for the rest would say something else", () =>
    Effect.gen(function* () {
      const rest = [chunk({ content: "delete" }), chunk({}, "stop"), "[DONE]"]
      const { record, text } = yield* asked(after('{"choices":[{"delta":{"content":"not "}}', ...rest))
      assert.strictEqual(errorIn(text)["code"], "upstream_broke")
      assert.notInclude(text, "delete")
      assert.notInclude(text, "[DONE]")
      assert.strictEqual(record.Outcome, "UpstreamBroke")
    })
  )

  it.scopedLive("is asked of the next backend where it cannot be read before its first content", () =>
    Effect.gen(function* () {
      const unreadable: Script = (call) => {
        call.events(chunk({ role: "assistant", content: "" }), '{"choices":[{"delta":{"content":"no', chunk({}, "stop"))
        call.end()
      }
      const { record, status, text } = yield* asked(unreadable, answerWell("fine"))
      assert.strictEqual(status, 200)
      assert.include(text, "[DONE]")
      assert.strictEqual(record.Backend, "b")
    })
  )

  it.scopedLive("is counted in the record where it is no JSON and was skipped", () =>
    Effect.gen(function* () {
      const { record, text } = yield* asked(
        after("still there", "ping", chunk({ content: "it" }), chunk({}, "stop"), "[DONE]")
      )
      assert.include(text, "[DONE]")
      assert.strictEqual(record.Outcome, "Completed")
      assert.include(record.Attempts, '"skipped":2')
    })
  )

  it.scopedLive("of its end in a word that nobody knows is in the record as it came", () =>
    Effect.gen(function* () {
      const { record, text } = yield* asked(after(chunk({}, "because"), "[DONE]"))
      assert.include(text, '"finish_reason":"stop"')
      assert.strictEqual(record.FinishReason, "because")
    })
  )

  for (const reason of ["network_error", "insufficient_system_resource", "ABORT"]) {
    it.scopedLive(`fails over where it breaks an answer off before its content (${reason})`, () =>
      Effect.gen(function* () {
        const off: Script = (call) => {
          const body = ScriptedUpstream.completion("")
          if (call.received.body["stream"] !== true) {
            call.json(200, JSON.stringify(body).replace('"finish_reason":"stop"', `"finish_reason":"${reason}"`))
          } else {
            call.events(chunk({ role: "assistant", content: "" }), chunk({}, reason), "[DONE]")
            call.end()
          }
        }
        for (const stream of [true, false]) {
          const { record, status } = yield* asked(off, answerWell("fine"), stream)
          assert.strictEqual(status, 200)
          assert.strictEqual(record.Backend, "b")
        }
        const { record, text } = yield* asked(after(chunk({}, reason), "[DONE]"))
        assert.strictEqual(errorIn(text)["code"], reason)
        assert.strictEqual(record.Outcome, "UpstreamErrored")
      })
    )
  }

  it.scopedLive("keeps the digits of its numbers, streamed and not, and in the record", () =>
    Effect.gen(function* () {
      const digits = '"seed":9223372036854775807,"odds":[1.0,0.10,1e400,-0,1E5]'
      const call = `{"id":"c","type":"function","function":{"name":"f","arguments":{"n":9007199254740993,"x":1.50}}}`
      const backend: Script = ({ json, received, ...rest }) => {
        const message = `{"role":"assistant","content":5.0,"tool_calls":[${call}]}`
        const choice = `{"index":0,"logprobs":null,"finish_reason":"tool_calls"`
        if (received.body["stream"] !== true) {
          return json(
            200,
            `{"id":"1","object":"chat.completion","created":1,"model":"m",${digits},"choices":[${choice},"message":${message}}]}`
          )
        }
        rest.events(`{"id":"1","created":1,"model":"m",${digits},"choices":[${choice},"delta":${message}}]}`, "[DONE]")
        rest.end()
      }
      for (const stream of [true, false]) {
        const { record, text } = yield* asked(backend, undefined, stream)
        for (const told of [text, record.Response ?? ""]) {
          assert.include(told, digits)
          assert.include(told, String.raw`"arguments":"{\"n\":9007199254740993,\"x\":1.50}"`)
          assert.include(told, '"content":"5.0"')
        }
      }
    })
  )
})
