import * as fs from "node:fs"
import { assert, describe, expect, it } from "@effect/vitest"
import * as Either from "effect/Either"
import * as Effect from "effect/Effect"
import * as fc from "effect/FastCheck"
import * as Schema from "effect/Schema"
import * as Explain from "../../src/cli/Explain.js"
import * as Explanation from "../../src/cli/Explanation.js"
import * as OpenAiChatClient from "../../src/domain/protocol/openai-chat/OpenAiChatClient.js"
import * as RoutePlan from "../../src/domain/routing/RoutePlan.js"
import * as RouteTable from "../../src/domain/routing/RouteTable.js"
import type { Entry } from "../domain/generators.js"
import { anyBackends, backends, entry, holds, random } from "../domain/generators.js"
import * as CommandLine from "../support/CommandLine.js"
import * as ScriptedUpstream from "../support/ScriptedUpstream.js"
import * as Temp from "../support/Temp.js"
import * as TestGateway from "../support/TestGateway.js"

const golden = new URL("golden/", import.meta.url).pathname
const config = `${golden}route.yaml`
const env = { OPENAI_API_KEY: "openai-secret-1", AZURE_KEY: "azure-secret-1", RESCUE_KEY: "rescue-secret-1" }

const explain = (...args: ReadonlyArray<string>) => CommandLine.run(Explain.command, ["--config", config, ...args], env)

const request = (model: string) =>
  Either.getOrThrow(
    OpenAiChatClient.protocol.decode(JSON.stringify({ model, messages: [{ role: "user", content: "Hi" }] }))
  )

const Printed = Schema.parseJson(
  Schema.Struct({
    stages: Schema.Array(
      Schema.Struct({
        fallback: Schema.NullOr(Schema.Struct({ to: Schema.String, of: Schema.Array(Schema.String) })),
        candidates: Schema.Array(
          Schema.Struct({
            backend: Schema.String,
            model: Schema.String,
            because: Schema.Struct({ type: Schema.String, value: Schema.String }),
            first: Schema.Number
          })
        )
      })
    )
  })
)

describe("causeway explain", () => {
  for (const [endpoint, url, type, sent] of [
    ["/v1/embeddings", "/v1/embeddings", "application/json", '"input": "Hello"'],
    ["/v2/rerank", "/v1/rerank", "application/json", '"documents"'],
    ["/classify", "/classify", "application/json", '"input": "Hello"'],
    ["/v1/audio/speech", "/v1/audio/speech", "application/json", '"voice": "alloy"'],
    ["/v1/audio/transcriptions", "/v1/audio/transcriptions", "multipart/form-data", '"file": "[hello.mp3]"'],
    ["/v1/completions", "/v1/completions", "application/json", '"prompt": "Hello"']
  ] as const) {
    it.effect(`explains what is posted at ${endpoint}`, () =>
      Effect.gen(function* () {
        const { err, ok, out } = yield* explain("--model", "llama", "--endpoint", endpoint)
        assert.isTrue(ok, err)
        assert.include(out, `POST http://10.0.0.5:8000${url}\n`)
        assert.include(out, `content-type: ${type}\n`)
        assert.include(out, sent)
      })
    )
  }

  it.effect("knows the endpoints, and that vectors are made by one model alone", () =>
    Effect.gen(function* () {
      const { err, ok } = yield* explain("--model", "llama", "--endpoint", "/v1/embedding")
      assert.isFalse(ok)
      assert.include(err, 'did you mean "/v1/embeddings"?')
      const { out } = yield* explain("--model", "gpt-4o", "--endpoint", "/v1/embeddings")
      assert.notInclude(out, "falls back")
      const { err: moderated } = yield* explain("--endpoint", "/v1/moderations")
      assert.include(moderated, "omni-moderation-latest")
    })
  )

  for (const [name, args] of [
    ["a model", ["--model", "gpt-4o"]],
    ["a body", ["--model", "gpt-4o", "--stream", "--body", `${golden}route.json`]]
  ] as const) {
    it.effect(`explains the route of ${name}, without a key`, () =>
      Effect.gen(function* () {
        const { err, ok, out } = yield* explain(...args)
        assert.isTrue(ok, err)
        assert.notMatch(out, /-secret-/)
        yield* Effect.promise(() => expect(out).toMatchFileSnapshot(`golden/explain ${name}.txt`))
      })
    )
  }

  it.scoped("says what cleaning takes away", () =>
    Effect.gen(function* () {
      const path = `${yield* Temp.directory}/body.json`
      const messages = ["The context.", "The question?"].map((content) => ({ role: "user", content }))
      fs.writeFileSync(path, JSON.stringify({ model: "gpt-4o", messages }))
      const text = yield* explain("--body", path)
      assert.include(text.out, "(cleaning takes away: user_turns=1)")
      const json = yield* explain("--body", path, "--json")
      assert.include(json.out, '"cleaned": "user_turns=1"')
      const plain = yield* explain("--model", "gpt-4o")
      assert.notInclude(plain.out, "cleaning")
    })
  )

  it.scoped("says why a pattern, any and the names of models take one", () =>
    Effect.gen(function* () {
      const path = `${yield* Temp.directory}/config.yaml`
      const [a, b, c] = ["type: exact, value: gpt-*", "type: any", "value: x"]
      const entry = (name: string, match: string, more = "") =>
        `  - { name: ${name}, base_url: "demo:", model_match: { ${match} }${more} }`
      const lines = [entry("a", a), entry("b", b), entry("c", c, ", models: { gpt-4o: openai/gpt-4o }")]
      fs.writeFileSync(path, ["openai_clients:", ...lines].join("\n"))
      const { out } = yield* CommandLine.run(Explain.command, ["--config", path, "--model", "gpt-4o"])
      assert.match(out, /^a +gpt-4o +fits "gpt-\*" /m)
      assert.match(out, /^b +gpt-4o +serves any /m)
      assert.match(out, /^c +openai\/gpt-4o +its name for "gpt-4o" /m)
      assert.include(out, '"model": "openai/gpt-4o"')
    })
  )

  it.effect("prints JSON for scripts, without a key", () =>
    Effect.gen(function* () {
      const { ok, out } = yield* explain("--model", "gpt-4o", "--json", "--body", `${golden}route.json`)
      assert.isTrue(ok)
      assert.notMatch(out, /-secret-/)
      const { stages } = yield* Schema.decodeUnknown(Printed)(out)
      assert.deepStrictEqual(stages, [
        {
          fallback: null,
          candidates: [
            { backend: "openai", model: "gpt-4o", because: { type: "keyword", value: "gpt-" }, first: 0.75 },
            { backend: "azure", model: "gpt-4o", because: { type: "exact", value: "gpt-4o" }, first: 0.25 },
            { backend: "spare", model: "gpt-4o", because: { type: "exact", value: "gpt-4o" }, first: 0 }
          ]
        },
        {
          fallback: { to: "llama", of: ["openai"] },
          candidates: [{ backend: "vllm", model: "llama", because: { type: "exact", value: "llama" }, first: 1 }]
        },
        {
          fallback: { to: "rescue", of: ["spare"] },
          candidates: [{ backend: "rescue", model: "mistral", because: { type: "name", value: "rescue" }, first: 1 }]
        }
      ])
    })
  )

  it.effect("takes the model of the body, and the legacy kind of request", () =>
    Effect.gen(function* () {
      const folder = yield* Temp.directory
      fs.writeFileSync(`${folder}/body.json`, JSON.stringify({ model: "llama", prompt: "Once" }))
      const { ok, out } = yield* explain("--body", `${folder}/body.json`)
      assert.isTrue(ok)
      assert.include(out, "POST http://10.0.0.5:8000/v1/completions")
    }).pipe(Effect.scoped)
  )

  it.effect("says that a request would be refused before anything is sent", () =>
    Effect.gen(function* () {
      const folder = yield* Temp.directory
      fs.writeFileSync(`${folder}/body.json`, JSON.stringify({ messages: [{ role: "user", content: " " }] }))
      const { ok, out } = yield* explain("--model", "llama", "--body", `${folder}/body.json`)
      assert.isTrue(ok)
      assert.include(out, "nothing is sent: All messages are empty.")
    }).pipe(Effect.scoped)
  )

  for (const [name, args, text] of [
    ["a model that nobody serves", ["--model", "lama"], 'No backend serves the model "lama" (did you mean "llama"?).'],
    ["no model at all", [], "Which model? Give --model, or a --body with one."],
    ["a body that is not there", ["--body", "/nowhere.json"], "/nowhere.json: cannot be read: "],
    ["a body that is no JSON", ["--body", config], `${config}: is no JSON object`],
    [
      "a configuration that is not there",
      ["--config", "/nowhere.yaml", "--model", "m"],
      "/nowhere.yaml: cannot be read"
    ]
  ] as const) {
    it.effect(`refuses ${name} in one line`, () =>
      Effect.gen(function* () {
        const given: ReadonlyArray<string> = args
        const { err, ok, out } = yield* given.includes("--config")
          ? CommandLine.run(Explain.command, given, env)
          : explain(...given)
        assert.isFalse(ok)
        assert.isTrue(err.startsWith(text), err)
        assert.lengthOf(err.trimEnd().split("\n"), 1)
        assert.strictEqual(out, "")
      })
    )
  }
})

describe("an explanation", () => {
  const serving = (name: string, priority: number, over: Partial<Entry> = {}) => entry({ name, priority, ...over })

  /** How probable each backend is the first, as explained and as so many routings say. */
  const compared = (entries: ReadonlyArray<Entry>, routings: number) => {
    const routes = RouteTable.make(backends(...entries))
    const candidates = Explanation.make(routes, request("m")).stages[0]?.candidates ?? []
    const draw = random(42)
    const firsts = new Map<string, number>()
    for (let n = 0; n < routings; n++) {
      const draws = new Map(routes.backends.map((backend) => [backend, draw()]))
      const name = RoutePlan.make(routes, "chat", "m", (backend) => draws.get(backend) ?? 0)[0]?.backend.name ?? ""
      firsts.set(name, (firsts.get(name) ?? 0) + 1)
    }
    return candidates.map(({ backend, first }) => ({ backend, first, counted: (firsts.get(backend) ?? 0) / routings }))
  }

  for (const [name, priorities, routings] of [
    ["different priorities", [1, 2, 7], 100_000],
    ["a priority of 0 beside others", [3, 0, 1], 100_000],
    ["equal priorities", [1, 1, 1], 10_000],
    ["priorities of 0 alone", [0, 0], 1_000],
    ["a single backend", [0.5], 1_000],
    ["tiny priorities", [1e-300, 3e-300, 0], 10_000],
    ["priorities whose sum is no number", [1.5e308, 0.5e308], 10_000]
  ] as const) {
    it(`gives the probabilities that routing has, with ${name}`, () => {
      const shares = compared(
        priorities.map((priority, index) => serving(`b${index}`, priority)),
        routings
      )
      assert.lengthOf(shares, priorities.length)
      assert.closeTo(
        shares.reduce((sum, { first }) => sum + first, 0),
        1,
        1e-12
      )
      for (const { backend, counted, first } of shares) {
        // Five standard deviations; what is certain is counted exactly.
        const spread = 5 * Math.sqrt((first * (1 - first)) / routings)
        assert.closeTo(counted, first, spread + 1e-12, backend)
      }
    })
  }

  it.scopedLive("shows what a running gateway knows of the backends, if it is asked to", () =>
    Effect.gen(function* () {
      const busy = yield* ScriptedUpstream.make((call) =>
        call.json(429, { error: { message: "slow down" } }, { "retry-after": "60" })
      )
      const both = {
        openai_clients: [TestGateway.backend("a", busy.url, { api_key: "sk-own", max_in_flight: 7 })],
        server: { operator_endpoints: true, operator_key: "let-me-in" }
      }
      const gateway = yield* TestGateway.make(both)
      yield* Effect.promise(() => gateway.post("/v1/chat/completions", TestGateway.chat()))
      const path = `${yield* Temp.directory}/config.yaml`
      fs.writeFileSync(path, JSON.stringify(both))
      const [{ model_match: match } = { model_match: undefined }] = both.openai_clients
      const model = String([match?.value].flat()[0])
      const asked = (...args: ReadonlyArray<string>) =>
        CommandLine.run(Explain.command, ["--config", path, "--model", model, ...args], {})
      const { err, ok, out } = yield* asked("--gateway", gateway.url)
      assert.isTrue(ok, err)
      assert.match(out, /\na +closed +0 +7 +\S+: 1 at once held until \d{4}-\d\d-\d\dT/)
      assert.notInclude(out, "let-me-in")
      const { out: json } = yield* asked("--gateway", gateway.url, "--json")
      assert.match(json, /"learned": \[\s+\{\s+"model": "[^"]+",\s+"in_flight": 1,/)
      assert.isTrue((yield* asked("--gateway", `${gateway.url}/v1/`)).ok)
      const mounted = yield* asked("--gateway", `${gateway.url}/llm`)
      assert.include(mounted.err, "/llm does not say how its backends are: server.operator_endpoints is off")
      const silent = yield* asked("--gateway", busy.url)
      assert.isFalse(silent.ok)
      assert.include(silent.err, "does not say how its backends are: it answers 429")
    })
  )

  it("for any backends: names the candidates of the plan, in its likeliest order, and chances that add up", () =>
    holds(fc.tuple(anyBackends, fc.constantFrom("m0", "m1", "xm2x")), ([list, model]) => {
      const routes = RouteTable.make(list)
      const { stages } = Explanation.make(routes, request(model))
      const plan = RoutePlan.make(routes, "chat", model, () => 0.5).map(
        (target) => `${target.backend.name}:${target.model}`
      )
      const explained = stages.flatMap(({ candidates }) => candidates)
      assert.deepStrictEqual(
        explained.map((candidate) => `${candidate.backend}:${candidate.model}`),
        plan
      )
      const [first] = stages
      if (first === undefined) return
      assert.closeTo(
        first.candidates.reduce((sum, candidate) => sum + candidate.first, 0),
        1,
        1e-9
      )
    }))
})
