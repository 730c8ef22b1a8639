import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as ScriptedUpstream from "../support/ScriptedUpstream.js"
import * as TestGateway from "../support/TestGateway.js"

describe("an answer that is one JSON body", () => {
  it.scopedLive("may begin with blank lines or a byte order mark", () =>
    Effect.gen(function* () {
      for (const before of ["\n\n \r\n", "\uFEFF"]) {
        const body = before + JSON.stringify(ScriptedUpstream.completion("Hello"))
        const upstream = yield* ScriptedUpstream.make((call) => call.json(200, body))
        const gateway = yield* TestGateway.make({ openai_clients: [TestGateway.backend("a", upstream.url)] })
        const answer = yield* Effect.promise(() => gateway.client.chat.completions.create(TestGateway.chat()))
        assert.strictEqual(answer.choices[0]?.message.content, "Hello")
      }
    })
  )

  it.scopedLive("may not be larger than the memory allows, and the next backend is asked then", () =>
    Effect.gen(function* () {
      const endless = yield* ScriptedUpstream.make(({ response }) => {
        response.writeHead(200, { "content-type": "application/json" })
        const piece = Buffer.alloc(1024 * 1024, " ")
        const more = () => {
          while (!response.destroyed && response.write(piece));
          if (!response.destroyed) response.once("drain", more)
        }
        more()
      })
      const good = yield* ScriptedUpstream.make(ScriptedUpstream.answerWell("Hello"))
      const gateway = yield* TestGateway.make({
        openai_clients: [
          TestGateway.backend("endless", endless.url),
          TestGateway.backend("good", good.url, { priority: 0 })
        ]
      })
      const answer = yield* Effect.promise(() => gateway.client.chat.completions.create(TestGateway.chat()))
      assert.strictEqual(answer.choices[0]?.message.content, "Hello")
      const record = yield* Effect.promise(() => gateway.record(0))
      assert.match(record.Attempts, /"failure":"ProtocolBroken"/)
    })
  )
})
