import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Caller from "../support/Caller.js"
import * as ScriptedUpstream from "../support/ScriptedUpstream.js"
import * as TestGateway from "../support/TestGateway.js"

const exact = (...value: ReadonlyArray<string>) => ({ model_match: { type: "exact" as const, value } })

const down = ScriptedUpstream.make((call) => call.json(503, { error: { message: "down" } }))

/** An upstream that answers without saying which model it is. */
const nameless = (content: string) =>
  ScriptedUpstream.make((call) => {
    if (call.received.body["stream"] !== true) {
      return call.json(200, ScriptedUpstream.completion(content, { model: undefined }))
    }
    call.events(ScriptedUpstream.chunk({ content }, null, { model: undefined }))
    call.events(ScriptedUpstream.chunk({}, "stop", { model: undefined }), "[DONE]")
    call.end()
  })

for (const stream of [false, true]) {
  describe(`fallback, ${stream ? "streamed" : "not streamed"}`, () => {
    it.scopedLive("to a model, prepared as its own backend says", () =>
      Effect.gen(function* () {
        const a = yield* down
        const b = yield* nameless("Hello")
        const gateway = yield* TestGateway.make({
          openai_clients: [
            TestGateway.backend("a", a.url, {
              fallback: "other-model",
              api_key: "sk-of-a",
              stop: ["A"],
              max_tokens: 50,
              special_prefix: "<a>",
              headers: { "x-of": "a" },
              extra_body: { top_k: 1, of_a: true }
            }),
            TestGateway.backend("b", b.url, {
              ...exact("other-model"),
              api_key: "sk-of-b",
              stop: ["B"],
              max_tokens: 7,
              special_prefix: "<b>",
              headers: { "x-of": "b" },
              extra_body: { top_k: 2 }
            })
          ]
        })
        const body = { ...TestGateway.chat(), stream, stop: "mine", max_tokens: 1_000 }
        const response = yield* Effect.promise(() => gateway.post("/v1/chat/completions", body))
        const text = yield* Effect.promise(() => response.text())
        const answers = stream ? Caller.chunks(text) : [Caller.parse(text)]
        const record = yield* Effect.promise(() => gateway.record(0))

        const [sentToA, sentToB] = [a.received[0], b.received[0]]
        assert.strictEqual(sentToA?.body["model"], "test-model")
        assert.deepStrictEqual(sentToA?.body["stop"], ["A", "mine"])
        assert.strictEqual(sentToA?.headers.authorization, "Bearer sk-of-a")
        assert.strictEqual(sentToB?.body["model"], "other-model")
        assert.deepStrictEqual(sentToB?.body["stop"], ["B", "mine"])
        assert.strictEqual(sentToB?.body["max_tokens"], 7)
        assert.strictEqual(sentToB?.body["top_k"], 2)
        assert.notProperty(sentToB?.body, "of_a")
        assert.strictEqual(sentToB?.headers.authorization, "Bearer sk-of-b")
        assert.strictEqual(sentToB?.headers["x-of"], "b")

        assert.isTrue(answers.every((answer) => answer["model"] === "other-model"))
        assert.deepStrictEqual(Caller.contents(Caller.recorded(record)), ["<b>\nHello"])
        assert.notInclude(text, "<a>")
        assert.strictEqual(record.Model, "other-model")
        assert.strictEqual(record.RequestedModel, "test-model")
        assert.strictEqual(record.Backend, "b")
        assert.deepStrictEqual(Caller.attempts(record), ["a UpstreamRejected 503", "b ok 200"])
        assert.deepStrictEqual(Caller.parse(record.Request ?? ""), sentToB?.body)
      })
    )

    it.scopedLive("to a backend by its name, which is asked for a model that it serves", () =>
      Effect.gen(function* () {
        const a = yield* down
        const b = yield* nameless("from b")
        const gateway = yield* TestGateway.make({
          openai_clients: [
            TestGateway.backend("a", a.url, { fallback: "spare-1" }),
            TestGateway.backend("spare-1", b.url, exact("b-model", "b-model-2")),
            TestGateway.backend("c", a.url, { ...exact("c-model"), fallback: "spare-2" }),
            TestGateway.backend("spare-2", b.url, { model_match: { type: "keyword", value: ["zzz"] } })
          ]
        })
        const first = yield* Effect.promise(() => Caller.ask(gateway.client, stream))
        assert.strictEqual(first.content, "from b")
        assert.strictEqual(first.model, "b-model")
        const second = yield* Effect.promise(() => Caller.ask(gateway.client, stream, "c-model"))
        assert.strictEqual(second.content, "from b")
        assert.strictEqual(second.model, "c-model")
        assert.deepStrictEqual(
          b.received.map(({ body }) => body["model"]),
          ["b-model", "c-model"]
        )
      })
    )

    it.scopedLive("ends when the fallbacks form a circle", () =>
      Effect.gen(function* () {
        const upstream = yield* down
        const gateway = yield* TestGateway.make({
          openai_clients: [
            TestGateway.backend("a", upstream.url, { fallback: "model-b" }),
            TestGateway.backend("b", upstream.url, { ...exact("model-b"), fallback: "model-c" }),
            TestGateway.backend("c", upstream.url, { ...exact("model-c"), fallback: "test-model" })
          ]
        })
        const response = yield* Effect.promise(() =>
          gateway.post("/v1/chat/completions", { ...TestGateway.chat(), stream })
        )
        assert.strictEqual(response.status, 503)
        yield* Effect.promise(() => response.text())
        assert.deepStrictEqual(
          upstream.received.map(({ body }) => body["model"]),
          // Nobody is left after the last, so it is asked once more.
          ["test-model", "model-b", "model-c", "model-c"]
        )
        const record = yield* Effect.promise(() => gateway.record(0))
        assert.strictEqual(record.Outcome, "NoBackendAvailable")
      })
    )

    it.scopedLive("comes after all siblings, and after the fallbacks of the siblings", () =>
      Effect.gen(function* () {
        const upstream = yield* down
        const last = yield* nameless("at last")
        const gateway = yield* TestGateway.make({
          openai_clients: [
            TestGateway.backend("z", last.url, exact("model-z")),
            TestGateway.backend("y", upstream.url, { ...exact("model-y"), fallback: "z" }),
            TestGateway.backend("a-2", upstream.url, { priority: 0 }),
            TestGateway.backend("a-1", upstream.url, { fallback: "model-y" })
          ]
        })
        const { content } = yield* Effect.promise(() => Caller.ask(gateway.client, stream))
        assert.strictEqual(content, "at last")
        const record = yield* Effect.promise(() => gateway.record(0))
        assert.deepStrictEqual(Caller.attempts(record), [
          "a-1 UpstreamRejected 503",
          "a-2 UpstreamRejected 503",
          "y UpstreamRejected 503",
          "z ok 200"
        ])
      })
    )

    it.scopedLive("is not taken when the backend answers, nor when it is switched off", () =>
      Effect.gen(function* () {
        const [a, spare] = [yield* down, yield* nameless("from the spare")]
        const well = yield* nameless("from a")
        const gateway = yield* TestGateway.make({
          openai_clients: [
            TestGateway.backend("a", a.url, { fallback: false }),
            TestGateway.backend("b", well.url, { ...exact("model-b"), fallback: "spare" }),
            TestGateway.backend("spare", spare.url, exact("model-c"))
          ]
        })
        const { content } = yield* Effect.promise(() => Caller.ask(gateway.client, stream, "model-b"))
        assert.strictEqual(content, "from a")
        yield* Effect.promise(() => Caller.rejection(Caller.ask(gateway.client, stream)))
        assert.strictEqual(spare.received.length, 0)
      })
    )
  })
}
