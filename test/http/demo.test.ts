import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Caller from "../support/Caller.js"
import * as ScriptedUpstream from "../support/ScriptedUpstream.js"
import * as TestGateway from "../support/TestGateway.js"

const started = TestGateway.make({
  openai_clients: [TestGateway.backend("demo", "demo:", { model_match: { type: "keyword", value: ["demo", "test"] } })]
})

describe("the demo backend", () => {
  for (const stream of [false, true]) {
    it.scopedLive(`answers the official client's chat, ${stream ? "streamed" : "not streamed"}`, () =>
      Effect.gen(function* () {
        const gateway = yield* started
        const heard = yield* Effect.promise(() => Caller.ask(gateway.client, stream, "demo"))
        assert.strictEqual(heard.finish, "stop")
        assert.strictEqual(heard.content, "You said: Hi")
        assert.strictEqual(heard.model, "demo")
        const record = yield* Effect.promise(() => gateway.record(0))
        assert.strictEqual(record.Outcome, "Completed")
        assert.strictEqual(record.Backend, "demo")
        assert.isAbove(record.TotalTokens ?? 0, 0)
      })
    )

    it.scopedLive(`answers the official client's completion, ${stream ? "streamed" : "not streamed"}`, () =>
      Effect.gen(function* () {
        const gateway = yield* started
        const text = yield* Effect.promise(async () => {
          const request = { model: "demo", prompt: "Hi" }
          if (!stream) return (await gateway.client.completions.create(request)).choices[0]?.text
          let all = ""
          for await (const each of await gateway.client.completions.create({ ...request, stream })) {
            all += each.choices[0]?.text ?? ""
          }
          return all
        })
        assert.strictEqual(text, "You said: Hi")
        const record = yield* Effect.promise(() => gateway.record(0))
        assert.strictEqual(record.Outcome, "Completed")
      })
    )
  }

  it.scopedLive("satisfies the helper of the official client, with usage", () =>
    Effect.gen(function* () {
      const gateway = yield* started
      const answer = yield* Effect.promise(() =>
        gateway.client.chat.completions
          .stream({ ...TestGateway.chat(), stream_options: { include_usage: true } })
          .finalChatCompletion()
      )
      assert.strictEqual(answer.choices[0]?.message.content, "You said: Hi")
      assert.strictEqual(answer.choices[0]?.message.role, "assistant")
      assert.isAbove(answer.usage?.completion_tokens ?? 0, 0)
    })
  )

  it.scopedLive("streams in several pieces, any length of text in bounded time", () =>
    Effect.gen(function* () {
      const gateway = yield* started
      const said = Array.from({ length: 5_000 }, (_, n) => `w${n}`).join(" ")
      const pieces = yield* Effect.promise(async () => {
        const all: Array<string> = []
        const stream = await gateway.client.chat.completions.create({
          model: "demo",
          messages: [{ role: "user", content: said }],
          stream: true
        })
        for await (const each of stream) {
          const content = each.choices[0]?.delta.content ?? ""
          if (content !== "") all.push(content)
        }
        return all
      })
      assert.strictEqual(pieces.join(""), `You said: ${said}`)
      assert.isAbove(pieces.length, 5)
      const record = yield* Effect.promise(() => gateway.record(0))
      assert.isBelow(record.LatencyMs, 5_000)
    })
  )

  it.scopedLive("reads parts and lists", () =>
    Effect.gen(function* () {
      const gateway = yield* started
      const chat = yield* Effect.promise(() =>
        gateway.client.chat.completions.create({
          model: "demo",
          messages: [
            {
              role: "user",
              content: [
                { type: "text", text: "one" },
                { type: "text", text: "two" }
              ]
            }
          ]
        })
      )
      assert.strictEqual(chat.choices[0]?.message.content, "You said: one two")
      const legacy = yield* Effect.promise(() =>
        gateway.client.completions.create({ model: "demo", prompt: ["one", "two"] })
      )
      assert.strictEqual(legacy.choices[0]?.text, "You said: one two")
    })
  )

  it.scopedLive("lists its model, serves as a fallback, and stops when the caller leaves", () =>
    Effect.gen(function* () {
      const down = yield* ScriptedUpstream.make((call) => call.json(503, { error: { message: "down" } }))
      const gateway = yield* TestGateway.make({
        openai_clients: [
          TestGateway.backend("a", down.url, { fallback: "demo" }),
          TestGateway.backend("demo", "demo:", { ...{ model_match: { type: "keyword", value: ["demo"] } } })
        ]
      })
      const models = yield* Effect.promise(() => gateway.client.models.list())
      assert.sameMembers(
        models.data.map(({ id }) => id),
        ["test-model", "demo"]
      )
      const heard = yield* Effect.promise(() => Caller.ask(gateway.client, true))
      assert.strictEqual(heard.content, "You said: Hi")
      assert.strictEqual(heard.model, "demo")
      yield* Effect.promise(async () => {
        const stream = await gateway.client.chat.completions.create({
          model: "demo",
          messages: [{ role: "user", content: "a b c d e f g h i j k l m n o p q r s t u v w x y z" }],
          stream: true
        })
        await stream[Symbol.asyncIterator]().next()
        stream.controller.abort()
      })
      const record = yield* Effect.promise(() => gateway.record(1))
      assert.strictEqual(record.Outcome, "CallerLeft")
    })
  )
})
