import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as ScriptedUpstream from "../support/ScriptedUpstream.js"
import * as TestGateway from "../support/TestGateway.js"

describe("the main job", () => {
  it.scopedLive("answers the official client and records it", () =>
    Effect.gen(function* () {
      const upstream = yield* ScriptedUpstream.make(ScriptedUpstream.answerWell("Hello there"))
      const gateway = yield* TestGateway.make({ openai_clients: [TestGateway.backend("a", upstream.url)] })
      const answer = yield* Effect.promise(() => gateway.client.chat.completions.create(TestGateway.chat()))
      assert.strictEqual(answer.choices[0]?.message.content, "Hello there")
      const record = yield* Effect.promise(() => gateway.record(0))
      assert.strictEqual(record.Outcome, "Completed")
      assert.strictEqual(record.TotalTokens, 5)
      assert.strictEqual(upstream.received[0]?.headers.authorization, "Bearer sk-caller-key")
    })
  )

  it.scopedLive("streams to the official client, each chunk before the next leaves upstream", () =>
    Effect.gen(function* () {
      let proceed = () => {}
      const upstream = yield* ScriptedUpstream.make(async (call) => {
        for (const word of ["one", " two", " three"]) {
          const received = new Promise<void>((resolve) => (proceed = resolve))
          call.events(ScriptedUpstream.chunk({ content: word }))
          await received
        }
        call.events(ScriptedUpstream.chunk({}, "stop"), ScriptedUpstream.usageChunk(3, 3), "[DONE]")
        call.end()
      })
      const gateway = yield* TestGateway.make({ openai_clients: [TestGateway.backend("a", upstream.url)] })
      const texts = yield* Effect.promise(async () => {
        const stream = await gateway.client.chat.completions.create({ ...TestGateway.chat(), stream: true })
        const texts: Array<string> = []
        for await (const chunk of stream) {
          const text = chunk.choices[0]?.delta.content
          if (typeof text === "string") texts.push(text)
          proceed()
        }
        return texts
      })
      assert.deepStrictEqual(texts, ["one", " two", " three"])
      const record = yield* Effect.promise(() => gateway.record(0))
      assert.strictEqual(record.Outcome, "Completed")
      assert.strictEqual(record.TotalTokens, 6)
    })
  )
})
