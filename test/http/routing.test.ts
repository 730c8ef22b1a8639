import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import OpenAI from "openai"
import * as Caller from "../support/Caller.js"
import * as ScriptedUpstream from "../support/ScriptedUpstream.js"
import * as TestGateway from "../support/TestGateway.js"

const match = (type: "exact" | "keyword", ...value: ReadonlyArray<string>) => ({ model_match: { type, value } })

/** Two upstreams that say their names. */
const two = Effect.all([
  ScriptedUpstream.make(ScriptedUpstream.answerWell("from a")),
  ScriptedUpstream.make(ScriptedUpstream.answerWell("from b"))
])

const failing = (status: number) => ScriptedUpstream.make((call) => call.json(status, { error: { message: "down" } }))

describe("routing", () => {
  it.scopedLive("chooses by the whole name or by a part of it, case-sensitive", () =>
    Effect.gen(function* () {
      const [a, b] = yield* two
      const gateway = yield* TestGateway.make({
        openai_clients: [
          TestGateway.backend("a", a.url, match("exact", "gpt-4", "o/slash:free")),
          TestGateway.backend("b", b.url, match("keyword", "claude", "mini"))
        ]
      })
      const ask = (model: string, stream = false) => Effect.promise(() => Caller.ask(gateway.client, stream, model))
      assert.strictEqual((yield* ask("gpt-4")).content, "from a")
      assert.strictEqual((yield* ask("o/slash:free", true)).content, "from a")
      assert.strictEqual((yield* ask("claude-3-opus")).content, "from b")
      assert.strictEqual((yield* ask("gpt-4o-mini", true)).content, "from b")
      for (const model of ["gpt-4o", "GPT-4", "gpt-", "Claude", "constructor", "__proto__"]) {
        const error = yield* Effect.promise(() => Caller.rejection(Caller.ask(gateway.client, false, model)))
        assert.instanceOf(error, OpenAI.NotFoundError, model)
      }
      assert.strictEqual(a.received.length, 2)
      assert.deepStrictEqual(
        b.received.map(({ body }) => body["model"]),
        ["claude-3-opus", "gpt-4o-mini"]
      )
    })
  )

  it.scopedLive("shares a model between backends that name it differently, and goes from one to the other", () =>
    Effect.gen(function* () {
      const a = yield* failing(503)
      const b = yield* ScriptedUpstream.make(ScriptedUpstream.answerWell("from b"))
      const long = yield* ScriptedUpstream.make((call) =>
        call.json(400, { error: { message: "too long", code: "context_length_exceeded" } })
      )
      const gateway = yield* TestGateway.make({
        openai_clients: [
          TestGateway.backend("a", a.url, { model_match: null, models: { llama: "llama-versatile" }, priority: 9e9 }),
          TestGateway.backend("b", b.url, match("exact", "llama")),
          TestGateway.backend("c", long.url, {
            model_match: null,
            models: { big: "c-big" },
            priority: 9e9,
            fallback: "llama"
          }),
          TestGateway.backend("d", long.url, { model_match: null, models: { big: "d-big" } })
        ]
      })
      assert.strictEqual((yield* Effect.promise(() => Caller.ask(gateway.client, false, "llama"))).content, "from b")
      assert.deepStrictEqual(
        [a, b].map(({ received }) => received[0]?.body["model"]),
        ["llama-versatile", "llama"]
      )
      // What is too long for a model is so for its siblings, whatever they call it.
      assert.strictEqual((yield* Effect.promise(() => Caller.ask(gateway.client, false, "big"))).content, "from b")
      assert.deepStrictEqual(
        long.received.map(({ body }) => body["model"]),
        ["c-big"]
      )
    })
  )

  it.scopedLive("splits between exact and keyword backends as 1:3 by their priority", () =>
    Effect.gen(function* () {
      const [a, b] = yield* two
      const gateway = yield* TestGateway.make({
        openai_clients: [
          TestGateway.backend("a", a.url, { ...match("exact", "test-model"), priority: 1 }),
          TestGateway.backend("b", b.url, { ...match("keyword", "test"), priority: 3 })
        ]
      })
      yield* Effect.forEach(
        Array.from({ length: 100 }),
        () => Effect.promise(async () => (await gateway.post("/v1/chat/completions", TestGateway.chat())).text()),
        { concurrency: 10, discard: true }
      )
      assert.strictEqual(a.received.length + b.received.length, 100)
      assert.isAbove(a.received.length, 10)
      assert.isBelow(a.received.length, 40)
    }).pipe(Effect.withRandom(Random.make("causeway")))
  )

  it.scopedLive("splits between the backends of a fallback, too, when there are only two", () =>
    Effect.gen(function* () {
      const well = ScriptedUpstream.answerWell("from the fallback")
      const a = yield* ScriptedUpstream.make((call) =>
        call.received.body["model"] === "test-model" ? call.json(500, { error: { message: "no" } }) : well(call)
      )
      const b = yield* ScriptedUpstream.make(well)
      const gateway = yield* TestGateway.make({
        openai_clients: [
          TestGateway.backend("a", a.url, {
            ...match("exact", "test-model", "other"),
            fallback: "other",
            retries: 0,
            breaker: { enabled: false }
          }),
          TestGateway.backend("b", b.url, match("exact", "other"))
        ]
      })
      for (let n = 0; n < 40; n++) yield* Effect.promise(() => Caller.ask(gateway.client, false))
      assert.isAbove(b.received.length, 8)
      assert.isBelow(b.received.length, 32)
    }).pipe(Effect.withRandom(Random.make("causeway")))
  )

  it.scopedLive("takes a missing priority for 1", () =>
    Effect.gen(function* () {
      const [a, b] = yield* two
      const gateway = yield* TestGateway.make({
        openai_clients: [TestGateway.backend("a", a.url), TestGateway.backend("b", b.url, { priority: 1 })]
      })
      for (let n = 0; n < 40; n++) yield* Effect.promise(() => Caller.ask(gateway.client, false))
      assert.isAbove(a.received.length, 8)
      assert.isAbove(b.received.length, 8)
    }).pipe(Effect.withRandom(Random.make("causeway")))
  )

  it.scopedLive("asks priority 0 only when the others have failed", () =>
    Effect.gen(function* () {
      const spare = yield* ScriptedUpstream.make(ScriptedUpstream.answerWell("from the spare"))
      const well = yield* ScriptedUpstream.make(ScriptedUpstream.answerWell("from the good one"))
      const broken = yield* failing(503)
      const gateway = yield* TestGateway.make({
        openai_clients: [
          TestGateway.backend("spare", spare.url, { priority: 0, ...match("keyword", "model") }),
          TestGateway.backend("good", well.url),
          TestGateway.backend("broken-1", broken.url, { priority: 5, ...match("exact", "other-model") }),
          TestGateway.backend("broken-2", broken.url, { priority: 0.001, ...match("exact", "other-model") })
        ]
      })
      for (let n = 0; n < 30; n++) {
        const { content } = yield* Effect.promise(() => Caller.ask(gateway.client, n % 2 === 0))
        assert.strictEqual(content, "from the good one")
      }
      assert.strictEqual(spare.received.length, 0)
      const { content } = yield* Effect.promise(() => Caller.ask(gateway.client, false, "other-model"))
      assert.strictEqual(content, "from the spare")
      assert.strictEqual(broken.received.length, 2)
      const record = yield* Effect.promise(() => gateway.record(30))
      assert.strictEqual(record.Backend, "spare")
      assert.strictEqual(Caller.attempts(record).at(-1), "spare ok 200")
    })
  )

  it.scopedLive("answers 404 in OpenAI's shape for a model that nobody serves, without asking anyone", () =>
    Effect.gen(function* () {
      const [a] = yield* two
      const gateway = yield* TestGateway.make({ openai_clients: [TestGateway.backend("a", a.url)] })
      for (const stream of [false, true]) {
        const response = yield* Effect.promise(() =>
          gateway.post("/v1/chat/completions", { ...TestGateway.chat(), model: "no-such", stream })
        )
        assert.strictEqual(response.status, 404)
        assert.match(response.headers.get("content-type") ?? "", /^application\/json/)
        assert.deepStrictEqual(yield* Effect.promise(() => Caller.json(response)), {
          error: {
            message: "The model 'no-such' does not exist or you do not have access to it.",
            type: "invalid_request_error",
            param: "model",
            code: "model_not_found"
          }
        })
      }
      const record = yield* Effect.promise(() => gateway.record(1))
      assert.strictEqual(record.Outcome, "ModelNotFound")
      assert.strictEqual(record.Status, 404)
      assert.strictEqual(record.RequestedModel, "no-such")
      assert.strictEqual(record.Backend, null)
      assert.strictEqual(record.Attempts, "[]")
      assert.strictEqual(a.received.length, 0)
    })
  )
})
