import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Caller from "../support/Caller.js"
import * as ScriptedUpstream from "../support/ScriptedUpstream.js"
import * as TestGateway from "../support/TestGateway.js"

const request = { ...TestGateway.chat(), stream: true }

/** An upstream that falls silent after its first word, until told to go on. */
const silent = (latch: Caller.Latch<void>) =>
  ScriptedUpstream.make(async (call) => {
    call.events(ScriptedUpstream.chunk({ role: "assistant", content: "One" }))
    await latch.promise
    call.events(ScriptedUpstream.chunk({}, "stop"), "[DONE]")
    call.end()
  })

describe("server.keepalive", () => {
  it.scopedLive("sends comments of one line while a stream is silent, and nothing else changes", () =>
    Effect.gen(function* () {
      const latch = Caller.latch()
      const upstream = yield* silent(latch)
      const gateway = yield* TestGateway.make({
        openai_clients: [TestGateway.backend("a", upstream.url)],
        server: { keepalive: "20ms" }
      })
      const text = yield* Effect.promise(async () => {
        const response = await gateway.post("/v1/chat/completions", request)
        let text = ""
        for await (const bytes of response.body ?? []) {
          text += Buffer.from(bytes).toString()
          if (text.split(": keepalive\n").length > 3) latch.open()
        }
        return text
      })
      assert.match(text, /^data: .*\n\n(: keepalive\n){3,}data: /)
      assert.match(text, /\n\ndata: \[DONE\]\n\n$/)
    })
  )

  it.scopedLive("is read as nothing by the official client", () =>
    Effect.gen(function* () {
      const latch = Caller.latch()
      const upstream = yield* silent(latch)
      const gateway = yield* TestGateway.make({
        openai_clients: [TestGateway.backend("a", upstream.url)],
        server: { keepalive: "5ms" }
      })
      const content = yield* Effect.promise(async () => {
        const stream = gateway.client.chat.completions.stream(TestGateway.chat())
        stream.once("content", () => setTimeout(() => latch.open(), 50))
        return (await stream.finalChatCompletion()).choices[0]?.message.content
      })
      assert.strictEqual(content, "One")
    })
  )

  it.scopedLive("is off by default", () =>
    Effect.gen(function* () {
      const upstream = yield* ScriptedUpstream.make(ScriptedUpstream.answerWell("Hello"))
      const gateway = yield* TestGateway.make({ openai_clients: [TestGateway.backend("a", upstream.url)] })
      const text = yield* Effect.promise(async () => (await gateway.post("/v1/chat/completions", request)).text())
      assert.notMatch(text, /^:/m)
    })
  )
})
