import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Caller from "../support/Caller.js"
import * as ScriptedUpstream from "../support/ScriptedUpstream.js"
import * as TestGateway from "../support/TestGateway.js"

const vector = [0.5, -1.25, 3]

const embedded = {
  object: "list",
  data: [{ object: "embedding", index: 0, embedding: vector }],
  model: "test-model",
  usage: { prompt_tokens: 4, total_tokens: 4 }
}

const answers: Readonly<Record<string, object>> = {
  "/v1/embeddings": embedded,
  "/v1/rerank": {
    results: [
      { index: 0, relevance_score: 0.1 },
      { index: 1, relevance_score: 0.9 }
    ],
    usage: { total_tokens: 7 }
  },
  "/v1/score": { object: "list", data: [{ index: 0, object: "score", score: 0.5 }], usage: {} },
  "/classify": { object: "list", data: [{ index: 0, label: "good", probs: [1], num_classes: 1 }] },
  "/v1/moderations": { id: "modr-1", model: "m", results: [{ flagged: false }] }
}

const requests: Readonly<Record<string, object>> = {
  "/embeddings": { input: "Hi" },
  "/rerank": { query: "q", documents: ["a", "b"] },
  "/score": { text_1: "a", text_2: "b" },
  "/classify": { input: "a" },
  "/moderations": { input: "a" }
}

const well = (call: ScriptedUpstream.Call) => call.json(200, answers[call.received.path] ?? {})

const one = (script: (call: ScriptedUpstream.Call) => void, more: object = {}) =>
  Effect.gen(function* () {
    const upstream = yield* ScriptedUpstream.make(script)
    const gateway = yield* TestGateway.make({ openai_clients: [TestGateway.backend("a", upstream.url, more)] })
    return { upstream, gateway }
  })

describe("what is asked in one JSON object and answered in one", () => {
  for (const [path, request] of Object.entries(requests)) {
    it.scopedLive(`${path} reaches the backend of its model, and is recorded`, () =>
      Effect.gen(function* () {
        const { gateway, upstream } = yield* one(well, { max_tokens: 5, stop: "END", extra_body: { temperature: 1 } })
        const body = { model: "test-model", ...request }
        for (const [n, at] of [`/v1${path}`, path, `/openai/deployments/test-model${path}`].entries()) {
          const response = yield* Effect.promise(() => gateway.post(at, body))
          assert.strictEqual(response.status, 200, at)
          assert.deepStrictEqual(upstream.received[n]?.body, body, "nothing is added")
          // vLLM has this one at the root.
          assert.strictEqual(upstream.received[n]?.path, path === "/classify" ? path : `/v1${path}`)
          const record = yield* Effect.promise(() => gateway.record(n))
          assert.deepInclude(record, { Outcome: "Completed", Backend: "a", Stream: 0 })
          assert.strictEqual(record.Type, path.slice(1))
          assert.deepStrictEqual(JSON.parse(record.Request ?? ""), body)
        }
      })
    )
  }

  it.scopedLive("is read as it is by the official client, which asks for base64", () =>
    Effect.gen(function* () {
      const { gateway, upstream } = yield* one(well)
      const ask = (format?: "float" | "base64") =>
        Effect.promise(() =>
          gateway.client.embeddings.create({
            model: "test-model",
            input: "Hi",
            ...(format === undefined ? {} : { encoding_format: format })
          })
        )
      assert.deepStrictEqual((yield* ask()).data[0]?.embedding, vector)
      assert.propertyVal(upstream.received[0]?.body, "encoding_format", "base64")
      assert.deepStrictEqual((yield* ask("float")).data[0]?.embedding, vector)
      assert.isString((yield* ask("base64")).data[0]?.embedding)
      const record = yield* Effect.promise(() => gateway.record(0))
      assert.deepInclude(record, { PromptTokens: 4, TotalTokens: 4, CompletionTokens: 0 })
      assert.include(record.Response ?? "", '"embedding":"[3 numbers]"')
    })
  )

  it.scopedLive("is sorted and cut as was asked, at Cohere's path, too", () =>
    Effect.gen(function* () {
      const { gateway } = yield* one(well)
      const request = { model: "test-model", query: "q", documents: ["a", "b"], top_n: 1 }
      const response = yield* Effect.promise(() => gateway.post("/v2/rerank", request))
      const { results } = yield* Effect.promise(() => Caller.json(response))
      assert.deepStrictEqual(results, [{ index: 1, relevance_score: 0.9 }])
    })
  )

  it.scopedLive("has a model of its own where callers of OpenAI name none", () =>
    Effect.gen(function* () {
      const upstream = yield* ScriptedUpstream.make(well)
      const gateway = yield* TestGateway.make({
        openai_clients: [
          { ...TestGateway.backend("a", upstream.url), model_match: { type: "keyword", value: "moderation" } }
        ]
      })
      const response = yield* Effect.promise(() => gateway.post("/v1/moderations", { input: "a" }))
      assert.strictEqual(response.status, 200)
      assert.propertyVal(upstream.received[0]?.body, "model", "omni-moderation-latest")
    })
  )

  it.scopedLive("says what is wrong with it", () =>
    Effect.gen(function* () {
      const { gateway, upstream } = yield* one(well)
      for (const [path, body, param] of [
        ["/v1/embeddings", { input: "a" }, "model"],
        ["/v1/embeddings", { model: "test-model", input: "" }, "input"],
        ["/v1/embeddings", { model: "test-model", input: [] }, "input"],
        ["/v1/rerank", { model: "test-model", documents: ["a"] }, "query"],
        ["/v1/rerank", { model: "test-model", query: "q", documents: [] }, "documents"],
        ["/v1/moderations", { model: "test-model" }, "input"]
      ] as const) {
        const response = yield* Effect.promise(() => gateway.post(path, body))
        assert.strictEqual(response.status, 400)
        assert.propertyVal(yield* Effect.promise(() => Caller.errorOf(response)), "param", param)
      }
      assert.strictEqual(upstream.received.length, 0)
      const got = yield* Effect.promise(() => fetch(new URL("/v1/embeddings", gateway.url)))
      assert.strictEqual(got.status, 405)
    })
  )

  const twice = (first: (call: ScriptedUpstream.Call) => void, more: object = {}) =>
    Effect.gen(function* () {
      const a = yield* ScriptedUpstream.make(first)
      const b = yield* ScriptedUpstream.make(well)
      const gateway = yield* TestGateway.make({
        openai_clients: [
          TestGateway.backend("a", a.url, { priority: 1, ...more }),
          TestGateway.backend("b", b.url, { priority: 0 })
        ]
      })
      return gateway
    })

  for (const [name, script, attempt] of [
    [
      "an outage",
      (call: ScriptedUpstream.Call) => call.json(503, { error: { message: "no" } }),
      "UpstreamRejected 503"
    ],
    ["no JSON", (call: ScriptedUpstream.Call) => void call.response.end("<html>"), "ProtocolBroken null"],
    [
      "an answer of something else",
      (call: ScriptedUpstream.Call) => call.json(200, { id: "x" }),
      "ProtocolBroken null"
    ],
    [
      "an error in a 200",
      (call: ScriptedUpstream.Call) => call.json(200, { error: { message: "no", code: 503 } }),
      "UpstreamRejected 503"
    ],
    [
      "a body that breaks off",
      (call: ScriptedUpstream.Call) => {
        call.response.writeHead(200, { "content-type": "application/json", "content-length": "100" })
        call.response.write('{"data"', () => call.destroy())
      },
      "ConnectionLost null"
    ]
  ] as const) {
    it.scopedLive(`goes to the next backend after ${name}`, () =>
      Effect.gen(function* () {
        const gateway = yield* twice(script, { retries: 0 })
        const heard = yield* Effect.promise(() =>
          gateway.client.embeddings.create({ model: "test-model", input: "Hi" })
        )
        assert.deepStrictEqual(heard.data[0]?.embedding, vector)
        const record = yield* Effect.promise(() => gateway.record(0))
        assert.deepStrictEqual(Caller.attempts(record), [`a ${attempt}`, "b ok 200"])
      })
    )
  }

  it.scopedLive("never goes to another model where that is a vector, as a ranking does", () =>
    Effect.gen(function* () {
      const down = yield* ScriptedUpstream.make((call) => call.json(503, { error: { message: "down" } }))
      const other = yield* ScriptedUpstream.make(well)
      const gateway = yield* TestGateway.make({
        openai_clients: [
          TestGateway.backend("a", down.url, { fallback: "other-model", retries: 0 }),
          { ...TestGateway.backend("b", other.url), model_match: { type: "exact", value: ["other-model"] } }
        ]
      })
      const ask = (path: string, request: object) =>
        Effect.promise(() => gateway.post(path, { model: "test-model", ...request }))
      assert.strictEqual((yield* ask("/v1/embeddings", { input: "Hi" })).status, 503)
      assert.strictEqual(other.received.length, 0)
      assert.strictEqual((yield* ask("/v1/rerank", { query: "q", documents: ["a", "b"] })).status, 200)
    })
  )

  it.scopedLive("is an error in OpenAI's shape where nobody answers, with what the backend said", () =>
    Effect.gen(function* () {
      const { gateway } = yield* one((call) => call.json(400, { error: { message: "too many inputs", type: "t" } }))
      const response = yield* Effect.promise(() => gateway.post("/v1/embeddings", { model: "test-model", input: "Hi" }))
      assert.strictEqual(response.status, 400)
      assert.propertyVal(yield* Effect.promise(() => Caller.errorOf(response)), "message", "too many inputs")
      const record = yield* Effect.promise(() => gateway.record(0))
      assert.strictEqual(record.Outcome, "Rejected")
    })
  )

  it.scopedLive("is answered by the demo, too, so that a first search works without a key", () =>
    Effect.gen(function* () {
      const gateway = yield* TestGateway.make({
        openai_clients: [{ name: "demo", base_url: "demo:", model_match: { value: "demo" } }]
      })
      const { data } = yield* Effect.promise(() =>
        gateway.client.embeddings.create({ model: "demo", input: ["red apples", "apples, red", "a blue sky"] })
      )
      const [red = [], same = [], sky = []] = data.map(({ embedding }) => embedding)
      const product = (a: ReadonlyArray<number>, b: ReadonlyArray<number>) =>
        a.reduce((sum, each, n) => sum + each * (b[n] ?? 0), 0)
      assert.closeTo(product(red, same), 1, 1e-6)
      assert.isBelow(product(red, sky), 0.9)
      const reranked = yield* Effect.promise(() =>
        gateway.post("/v1/rerank", { model: "demo", query: "red apples", documents: ["a blue sky", "two red apples"] })
      )
      const { results } = yield* Effect.promise(() => Caller.json(reranked))
      assert.include(JSON.stringify(results), '[{"index":1,"relevance_score":1')
    })
  )
})
