import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import OpenAI from "openai"
import * as Caller from "../support/Caller.js"
import * as JsonObject from "../../src/domain/json/JsonObject.js"
import * as ScriptedUpstream from "../support/ScriptedUpstream.js"
import * as TestGateway from "../support/TestGateway.js"
import * as Until from "../support/Until.js"

const listing = (...ids: ReadonlyArray<string>) => ({
  object: "list",
  data: ids.map((id) => ({ id, object: "model", created: 1_700_000_000, owned_by: "someone" }))
})

const keyword = (...value: ReadonlyArray<string>) => ({ model_match: { type: "keyword" as const, value } })
const exact = (...value: ReadonlyArray<string>) => ({ model_match: { type: "exact" as const, value } })

const ids = (gateway: TestGateway.TestGateway) =>
  Effect.promise(async () => (await gateway.client.models.list()).data.map(({ id }) => id).sort())

describe.concurrent("the list of models", () => {
  it.scopedLive("is what the backends list and serve, once each, in OpenAI's shape", () =>
    Effect.gen(function* () {
      const a = yield* ScriptedUpstream.make((call) => call.json(200, listing("gpt-4", "gpt-4o", "whisper", "GPT-5")))
      const b = yield* ScriptedUpstream.make((call) => call.json(200, listing("gpt-4o", "claude", "other")))
      const gateway = yield* TestGateway.make({
        openai_clients: [
          TestGateway.backend("a", a.url, keyword("gpt")),
          TestGateway.backend("b", b.url, exact("gpt-4o", "claude"))
        ]
      })
      assert.deepStrictEqual(yield* ids(gateway), ["claude", "gpt-4", "gpt-4o"])
      assert.strictEqual(a.received[0]?.method, "GET")
      assert.strictEqual(a.received[0]?.path, "/v1/models")
      const response = yield* Effect.promise(() => fetch(`${gateway.url}/v1/models`))
      assert.strictEqual(response.status, 200)
      assert.match(response.headers.get("content-type") ?? "", /^application\/json/)
      const body = yield* Effect.promise(() => Caller.json(response))
      assert.strictEqual(body["object"], "list")
      for (const model of JsonObject.listOf(body["data"])) {
        assert.isObject(model)
        assert.containsAllKeys(model, ["id", "object", "created", "owned_by"])
        assert.propertyVal(model, "object", "model")
      }
      assert.strictEqual(gateway.records.length, 0)
    })
  )

  it.scopedLive("has a backend's models by the names that callers have for them, listed or not", () =>
    Effect.gen(function* () {
      const script = (call: ScriptedUpstream.Call) =>
        call.received.method === "GET"
          ? call.json(200, listing("their-m", "other", "open"))
          : ScriptedUpstream.answerWell("Hello")(call)
      const a = yield* ScriptedUpstream.make(script)
      const named = { model_match: null, models: { m: "their-m", n: "unlisted" } }
      const gateway = yield* TestGateway.make({
        openai_clients: [
          TestGateway.backend("a", a.url, named),
          TestGateway.backend("b", a.url, { model_match: { type: "exact", value: "op*n" } })
        ]
      })
      assert.deepStrictEqual(yield* ids(gateway), ["m", "n", "open"])
      const one = yield* Effect.promise(() => gateway.client.models.retrieve("m"))
      assert.deepInclude(one, { id: "m", owned_by: "causeway" })
      const gone = yield* Effect.promise(() => fetch(`${gateway.url}/v1/models/their-m`))
      assert.strictEqual(gone.status, 404)
      yield* Effect.promise(() => Caller.ask(gateway.client, true, "m"))
      assert.strictEqual(a.received.find(({ method }) => method === "POST")?.body["model"], "their-m")
      const record = yield* Effect.promise(() => gateway.record(0))
      assert.deepStrictEqual([record.RequestedModel, record.Model], ["m", "their-m"])
    })
  )

  it.scopedLive("asks all backends at the same time", () =>
    Effect.gen(function* () {
      const all = Caller.latch()
      let asked = 0
      const script = async (call: ScriptedUpstream.Call) => {
        if (++asked === 3) all.open()
        await all.promise
        call.json(200, listing("model-of-all"))
      }
      const upstreams = yield* Effect.all([1, 2, 3].map(() => ScriptedUpstream.make(script)))
      const gateway = yield* TestGateway.make({
        openai_clients: upstreams.map(({ url }, n) => TestGateway.backend(`b-${n}`, url, keyword("model")))
      })
      // One after the other they would wait for each other without end.
      const started = performance.now()
      assert.deepStrictEqual(yield* ids(gateway), ["model-of-all"])
      assert.isBelow(performance.now() - started, 2_000)
    })
  )

  it.scopedLive(
    "leaves out backends that are dead, refuse or talk nonsense, but not the names they serve exactly",
    () =>
      Effect.gen(function* () {
        const well = yield* ScriptedUpstream.make((call) => call.json(200, listing("good-1")))
        const refusing = yield* ScriptedUpstream.make((call) => call.json(401, { error: { message: "no" } }))
        const page = yield* ScriptedUpstream.make((call) => call.json(200, "<html>"))
        const odd = yield* ScriptedUpstream.make((call) =>
          call.json(200, { data: [null, "odd-text", { object: "model" }, { id: "odd-fine" }, { id: 5 }] })
        )
        const broken = yield* ScriptedUpstream.make((call) => call.destroy())
        const gateway = yield* TestGateway.make({
          openai_clients: [
            TestGateway.backend("well", well.url, keyword("good")),
            TestGateway.backend("refusing", refusing.url, exact("refused-model", "good-1")),
            TestGateway.backend("page", page.url, exact("page-model")),
            TestGateway.backend("odd", odd.url, keyword("odd", "undefined", "5")),
            TestGateway.backend("broken", broken.url, keyword("o")),
            TestGateway.backend("dead", yield* Caller.closedUrl, exact("dead-model"))
          ]
        })
        assert.deepStrictEqual(yield* ids(gateway), ["dead-model", "good-1", "odd-fine", "page-model", "refused-model"])
      })
  )

  it.scopedLive("waits once, and no longer than 5 s, for a backend that hangs, before its head or in its body", () =>
    Effect.gen(function* () {
      const hanging: Array<Promise<void>> = []
      const silent = yield* ScriptedUpstream.make((call) => void hanging.push(call.closed))
      const stuck = yield* ScriptedUpstream.make((call) => {
        hanging.push(call.closed)
        call.response.writeHead(200, { "content-type": "application/json" })
        call.write('{"data":[')
      })
      // It answers once, and hangs from then on.
      const asked: Array<ScriptedUpstream.Call> = []
      const well = yield* ScriptedUpstream.make((call) => {
        if (asked.push(call) === 1) call.json(200, listing("good-1"))
      })
      const gateway = yield* TestGateway.make({
        openai_clients: [
          TestGateway.backend("silent", silent.url, keyword("silent")),
          TestGateway.backend("named", silent.url, exact("silent-model")),
          TestGateway.backend("stuck", stuck.url, keyword("stuck")),
          TestGateway.backend("well", well.url, keyword("good"))
        ]
      })
      const started = performance.now()
      const all = yield* Effect.all([ids(gateway), ids(gateway)], { concurrency: "unbounded" })
      assert.deepStrictEqual(all, [
        ["good-1", "silent-model"],
        ["good-1", "silent-model"]
      ])
      assert.isBelow(performance.now() - started, 6_500)
      // Both listings share a flight.
      assert.strictEqual(hanging.length, 2)
      assert.isTrue(yield* Effect.promise(() => Caller.within(1_000, Promise.all(hanging))))
      // What the one has listed is no news any more; that the others list nothing is.
      assert.deepStrictEqual(yield* ids(gateway), ["good-1", "silent-model"])
      assert.strictEqual(asked.length, 2)
      assert.strictEqual(hanging.length, 2)
      assert.strictEqual(asked[1]?.response.writableEnded, false)
    })
  )

  it.scopedLive("asks nobody for exact names, and each URL with the same key once", () =>
    Effect.gen(function* () {
      const upstream = yield* ScriptedUpstream.make((call) => call.json(200, listing("small-1", "large-1", "both-1")))
      const gateway = yield* TestGateway.make({
        openai_clients: [
          TestGateway.backend("exact", upstream.url, { api_key: "sk-exact", ...exact("named-1", "large-1") }),
          TestGateway.backend("small", upstream.url, { api_key: "sk-1", ...keyword("small", "both") }),
          TestGateway.backend("large", upstream.url, { api_key: "sk-1", ...keyword("large", "both") }),
          TestGateway.backend("other", upstream.url, { api_key: "sk-2", ...keyword("both") })
        ]
      })
      const response = yield* Effect.promise(() => fetch(`${gateway.url}/v1/models`).then(Caller.json))
      const owners = JsonObject.listOf(response["data"])
        .map(JsonObject.orEmpty)
        .map((model) => [model["id"], model["owned_by"]])
      // What is listed of a name says more than the name.
      assert.deepStrictEqual(owners, [
        ["named-1", "causeway"],
        ["large-1", "someone"],
        ["small-1", "someone"],
        ["both-1", "someone"]
      ])
      const named = yield* Effect.promise(() => fetch(`${gateway.url}/v1/models/named-1`).then(Caller.json))
      assert.strictEqual(named["owned_by"], "causeway")
      const keys = upstream.received.map(({ headers }) => headers.authorization)
      assert.sameMembers(keys, ["Bearer sk-1", "Bearer sk-2"])
    })
  )

  it.scopedLive("does not ask a backend that is set aside, but knows what it listed", () =>
    Effect.gen(function* () {
      const breaker = { breaker: { failures: 1, open: "1h", open_max: "1h" }, retries: 0 }
      const down = (list: boolean) =>
        ScriptedUpstream.make((call) =>
          list && call.received.method === "GET"
            ? call.json(200, listing("known-1", "never-1"))
            : call.json(503, { error: { message: "down" } })
        )
      const known = yield* down(true)
      const never = yield* down(false)
      const gateway = yield* TestGateway.make({
        openai_clients: [
          TestGateway.backend("known", known.url, { ...keyword("known"), ...breaker }),
          TestGateway.backend("never", never.url, { ...keyword("never"), ...breaker })
        ]
      })
      const get = (id: string) => Effect.promise(async () => (await fetch(`${gateway.url}/v1/models/${id}`)).text())
      yield* get("known-1")
      for (const model of ["known-1", "never-1"]) {
        const response = yield* Effect.promise(() =>
          gateway.post("/v1/chat/completions", { ...TestGateway.chat(), model })
        )
        assert.strictEqual(response.status, 503)
        yield* Effect.promise(() => response.text())
      }
      const listed = yield* Effect.promise(() => fetch(`${gateway.url}/v1/models`).then(Caller.json))
      assert.deepStrictEqual(
        JsonObject.listOf(listed["data"]).map((model) => JsonObject.orEmpty(model)["id"]),
        ["known-1"]
      )
      assert.deepStrictEqual(
        [known, never].map(({ received }) => received.map(({ method }) => method)),
        [["GET", "POST"], ["POST"]]
      )
    })
  )

  it.scopedLive("lets its backends go when the caller leaves", () =>
    Effect.gen(function* () {
      const arrived = Caller.latch<ScriptedUpstream.Call>()
      const silent = yield* ScriptedUpstream.make((call) => arrived.open(call))
      const gateway = yield* TestGateway.make({
        openai_clients: [TestGateway.backend("silent", silent.url, keyword("silent"))]
      })
      const { request } = Caller.raw(`${gateway.url}/v1/models`)
      const call = yield* Effect.promise(() => arrived.promise)
      request.destroy()
      assert.isTrue(yield* Effect.promise(() => Caller.within(1_000, call.closed)))
    })
  )

  it.scopedLive("asks with the key and the headers that a request would have", () =>
    Effect.gen(function* () {
      const upstream = yield* ScriptedUpstream.make((call) => call.json(200, listing("test-model")))
      const gateway = yield* TestGateway.make({
        openai_clients: [
          TestGateway.backend("own", upstream.url, {
            ...keyword("test"),
            api_key: "sk-configured",
            headers: { "x-team": "blue" }
          }),
          TestGateway.backend("callers", upstream.url, { ...keyword("test"), api_key: "caller" }),
          TestGateway.backend("keyless", upstream.url, { ...keyword("test"), headers: { "x-team": "red" } })
        ]
      })
      const keys = () =>
        upstream.received
          .splice(0)
          .filter(({ headers }) => headers["x-team"] !== "red" || headers.authorization !== undefined)
          .map(({ headers }) => headers.authorization ?? "none")
      yield* ids(gateway)
      assert.strictEqual(upstream.received.find((each) => each.headers["x-team"] === "blue")?.headers.cookie, undefined)
      assert.sameMembers(keys(), ["Bearer sk-configured", "Bearer sk-caller-key"])
      const isCallers = (key: string) => key !== "Bearer sk-configured"
      const get = (headers: Record<string, string>) =>
        Effect.promise(async () => (await fetch(`${gateway.url}/v1/models`, { headers })).text())
      yield* get({ "x-api-key": "sk-x", cookie: "a=b" })
      // What the backend with its own key has listed for the one it may list for the other.
      assert.deepStrictEqual(keys().filter(isCallers), ["Bearer sk-x"])
      yield* get({ authorization: "Basic dXNlcjpwYXNz" })
      assert.deepStrictEqual(keys().filter(isCallers), ["none"])
    })
  )

  it.scopedLive("is asked for once by those who ask at once or soon after, and never of one caller for another", () =>
    Effect.gen(function* () {
      const go = Caller.latch()
      const upstream = yield* ScriptedUpstream.make(async (call) => {
        await go.promise
        call.json(200, listing(`test-model-${call.received.headers.authorization?.at(-1)}`))
      })
      const gateway = yield* TestGateway.make({
        openai_clients: [TestGateway.backend("a", upstream.url, keyword("test-model"))]
      })
      const list = (key: string, signal?: AbortSignal) =>
        fetch(`${gateway.url}/v1/models`, { headers: { authorization: `Bearer ${key}` }, signal: signal ?? null })
          .then(Caller.json)
          .then((body) => JsonObject.listOf(body["data"]).map((model) => JsonObject.orEmpty(model)["id"]))
      const leaving = new AbortController()
      const left = Caller.rejection(list("key-a", leaving.signal))
      const first = [list("key-a"), list("key-a"), list("key-b"), list("key-a")]
      yield* Effect.promise(() => Until.until(() => upstream.received.length === 2))
      // Whoever was the first to ask is not needed by the others.
      leaving.abort()
      yield* Effect.promise(() => left)
      go.open()
      const expected = ["a", "a", "b", "a"].map((key) => [`test-model-${key}`])
      assert.deepStrictEqual(yield* Effect.promise(() => Promise.all(first)), expected)
      assert.deepStrictEqual(yield* Effect.promise(() => list("key-a")), ["test-model-a"])
      assert.strictEqual(upstream.received.length, 2)
    })
  )
})

describe.concurrent("one model", () => {
  const served = Effect.gen(function* () {
    const a = yield* ScriptedUpstream.make((call) => call.json(200, listing("org/model-a", "gpt-4", "100%")))
    const b = yield* ScriptedUpstream.make((call) => call.json(401, { error: { message: "no" } }))
    const gateway = yield* TestGateway.make({
      openai_clients: [
        TestGateway.backend("a", a.url, keyword("model", "gpt", "%")),
        TestGateway.backend("b", b.url, exact("claude"))
      ]
    })
    return { a, b, gateway }
  })

  it.scopedLive("is what the list says of it, with slashes encoded or not, with and without /v1", () =>
    Effect.gen(function* () {
      const { gateway } = yield* served
      const model = yield* Effect.promise(() => gateway.client.models.retrieve("org/model-a"))
      assert.strictEqual(model.id, "org/model-a")
      assert.strictEqual(model.owned_by, "someone")
      for (const [path, id] of [
        ["/v1/models/org/model-a", "org/model-a"],
        ["/models/org%2Fmodel-a", "org/model-a"],
        ["/models/gpt-4?x=/models/", "gpt-4"],
        ["/v1/models/100%25", "100%"],
        ["/v1/models/claude", "claude"]
      ] as const) {
        const response = yield* Effect.promise(() => fetch(`${gateway.url}${path}`))
        assert.strictEqual(response.status, 200, path)
        assert.isString(response.headers.get("x-request-id"))
        const body = yield* Effect.promise(() => Caller.json(response))
        assert.deepInclude(body, { id, object: "model" })
      }
      assert.strictEqual(gateway.records.length, 0)
    })
  )

  it.scopedLive("that nobody lists is a 404 as OpenAI says it", () =>
    Effect.gen(function* () {
      const { gateway } = yield* served
      const error = yield* Effect.promise(() => Caller.rejection(gateway.client.models.retrieve("gpt-none")))
      assert.instanceOf(error, OpenAI.NotFoundError)
      assert.deepInclude(error, { code: "model_not_found", param: "model", type: "invalid_request_error" })
      assert.include(error.message, "'gpt-none'")
      for (const path of ["/v1/models/whisper", "/models/gpt-4/x"]) {
        const response = yield* Effect.promise(() => fetch(`${gateway.url}${path}`))
        assert.strictEqual(response.status, 404, path)
        assert.propertyVal(yield* Effect.promise(() => Caller.errorOf(response)), "code", "model_not_found")
      }
      const posted = yield* Effect.promise(() => gateway.post("/v1/models/gpt-4", {}))
      assert.strictEqual(posted.status, 405)
      yield* Effect.promise(() => posted.text())
    })
  )

  it.scopedLive("is asked of nobody who does not serve it, nor where each model has a URL of its own", () =>
    Effect.gen(function* () {
      const { a, b, gateway } = yield* served
      yield* Effect.promise(() => gateway.client.models.retrieve("gpt-4"))
      assert.strictEqual(a.received.length, 1)
      assert.strictEqual(b.received.length, 0)
      const azure = yield* TestGateway.make({
        openai_clients: [TestGateway.backend("azure", `${a.url}/deployments/{model}`, keyword("gpt"))]
      })
      assert.deepStrictEqual(yield* ids(azure), [])
      assert.strictEqual(a.received.length, 1)
    })
  )
})
