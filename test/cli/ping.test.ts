import * as fs from "node:fs"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Ping from "../../src/cli/Ping.js"
import * as CommandLine from "../support/CommandLine.js"
import * as ScriptedUpstream from "../support/ScriptedUpstream.js"
import * as Temp from "../support/Temp.js"

const keys = { own: "sk-own-secret-0001", header: "header-secret-0002", caller: "sk-caller-secret-0003" }

/** Pings backends at these addresses; `more` are further keys of each. */
const ping = (
  backends: Readonly<Record<string, { readonly url: string; readonly more?: string }>>,
  args: ReadonlyArray<string> = [],
  env: Readonly<Record<string, string>> = {}
) =>
  Effect.gen(function* () {
    const folder = yield* Temp.directory
    const entries = Object.entries(backends).map(
      ([name, { more = "model_match: { type: exact, value: test-model }", url }]) =>
        `  - { name: ${name}, base_url: "${url}", ${more} }\n`
    )
    fs.writeFileSync(`${folder}/config.yaml`, `openai_clients:\n${entries.join("")}`)
    const ran = yield* CommandLine.run(Ping.command, ["--config", `${folder}/config.yaml`, ...args], {
      OWN_KEY: keys.own,
      HEADER_KEY: keys.header,
      ...env
    })
    for (const key of Object.values(keys)) assert.notInclude(ran.out + ran.err, key)
    return ran
  })

const Finding = Schema.Struct({
  backend: Schema.String,
  model: Schema.String,
  url: Schema.String,
  reachable: Schema.Boolean,
  key: Schema.String,
  models: Schema.NullOr(Schema.Number),
  answers: Schema.Boolean,
  streams: Schema.NullOr(Schema.Boolean),
  firstTokenMs: Schema.NullOr(Schema.Number),
  latencyMs: Schema.NullOr(Schema.Number),
  problems: Schema.Array(Schema.String)
})

const findingsOf = (text: string) => Schema.decodeUnknown(Schema.parseJson(Schema.Array(Finding)))(text)

/** The finding of a single backend. */
const found = (script: (call: ScriptedUpstream.Call) => void, more?: string, args: ReadonlyArray<string> = []) =>
  Effect.gen(function* () {
    const upstream = yield* ScriptedUpstream.make(script)
    const backend = more === undefined ? { url: upstream.url } : { url: upstream.url, more }
    const { ok, out } = yield* ping({ one: backend }, ["--json", ...args])
    const [finding] = yield* findingsOf(out)
    if (finding === undefined) throw new Error(`nothing found: ${out}`)
    return { ok, finding, received: upstream.received }
  })

const models = (...ids: ReadonlyArray<string>) => ({ object: "list", data: ids.map((id) => ({ id, object: "model" })) })

const isList = (call: ScriptedUpstream.Call) => call.received.path === "/v1/models"

/** A backend that does everything right. */
const wellWith =
  (...ids: ReadonlyArray<string>) =>
  (call: ScriptedUpstream.Call) =>
    isList(call) ? call.json(200, models(...ids)) : ScriptedUpstream.answerWell("pong")(call)

const keyword = (value: string) => `model_match: { value: ${value} }`

describe("causeway ping", () => {
  it.scopedLive("asks a model that does not chat for a vector", () =>
    Effect.gen(function* () {
      const { finding, ok, received } = yield* found((call) => {
        if (isList(call)) return call.json(200, models("test-model"))
        if (call.received.path !== "/v1/embeddings") return call.json(404, { error: { message: "no chat model" } })
        call.json(200, { data: [{ index: 0, embedding: [1] }] })
      })
      assert.isTrue(ok)
      const { latencyMs, ...rest } = finding
      assert.isNumber(latencyMs)
      assert.deepInclude(rest, { answers: true, streams: null, firstTokenMs: null, problems: [], reachable: true })
      assert.deepStrictEqual(received.at(-1)?.body, { model: "test-model", input: "ping" })
    })
  )

  it.scopedLive("asks each backend once for its models, an answer and a stream of one token, with its key", () =>
    Effect.gen(function* () {
      const more = `api_key: "\${OWN_KEY}", max_tokens: 50, ${keyword("test-model")}`
      const { finding, ok, received } = yield* found(wellWith("test-model", "other"), more)
      assert.isTrue(ok)
      const { firstTokenMs, latencyMs, url, ...rest } = finding
      assert.match(url, /^http:\/\/127\.0\.0\.1:\d+\/v1\/chat\/completions$/)
      assert.deepStrictEqual(rest, {
        backend: "one",
        model: "test-model",
        reachable: true,
        key: "valid",
        models: 2,
        answers: true,
        streams: true,
        problems: []
      })
      assert.isNumber(firstTokenMs)
      assert.isNumber(latencyMs)
      assert.deepStrictEqual(
        received.map(({ body, headers, method, path }) => [
          method,
          path,
          body["max_tokens"],
          body["stream"],
          headers.authorization
        ]),
        [
          ["GET", "/v1/models", undefined, undefined, `Bearer ${keys.own}`],
          ["POST", "/v1/chat/completions", 1, undefined, `Bearer ${keys.own}`],
          ["POST", "/v1/chat/completions", 1, true, `Bearer ${keys.own}`]
        ]
      )
    })
  )

  it.scopedLive("prints a table, and what is wrong below it", () =>
    Effect.gen(function* () {
      const refusing = yield* ScriptedUpstream.make((call) =>
        call.json(401, { error: { message: `Incorrect API key: ${call.received.headers.authorization}`, type: "x" } })
      )
      const { ok, out } = yield* ping({
        demo: { url: "demo:" },
        closed: { url: "http://127.0.0.1:9/v1" },
        refusing: { url: refusing.url, more: `api_key: "\${OWN_KEY}", ${keyword("m")}` }
      })
      assert.isFalse(ok)
      assert.deepStrictEqual(
        out
          .replaceAll(/\d+ ms/g, "N ms")
          .replaceAll(/ +/g, " ")
          .trimEnd()
          .split("\n"),
        [
          "backend model reachable key models answers streams first token latency",
          "demo test-model yes none needed 1 yes yes N ms N ms",
          "closed test-model no - - no no - -",
          "refusing m yes refused (401) - no no - -",
          "demo: POST demo:/chat/completions",
          "closed: POST http://127.0.0.1:9/v1/chat/completions",
          `refusing: POST ${refusing.url}/chat/completions`,
          "closed: connection not made: connect ECONNREFUSED 127.0.0.1:9",
          "refusing: rejected with 401: Incorrect API key: Bearer [redacted]"
        ]
      )
    })
  )

  it.scopedLive("is well with the demo", () =>
    Effect.gen(function* () {
      const { ok } = yield* ping({ demo: { url: "demo:" } })
      assert.isTrue(ok)
    })
  )

  it.scopedLive("tells a forbidden key from a refused one, and asks no more with it", () =>
    Effect.gen(function* () {
      const { finding, ok, received } = yield* found((call) => call.json(403, { error: { message: "No.", type: "x" } }))
      assert.isFalse(ok)
      assert.strictEqual(finding.key, "forbidden")
      assert.isTrue(finding.reachable)
      assert.deepStrictEqual(finding.problems, ["rejected with 403: No."])
      assert.lengthOf(received, 2)
    })
  )

  it.scopedLive("is well with a backend that lists no models", () =>
    Effect.gen(function* () {
      const { finding, ok } = yield* found((call) =>
        isList(call) ? call.json(404, {}) : ScriptedUpstream.answerWell("pong")(call)
      )
      assert.isTrue(ok)
      assert.isNull(finding.models)
    })
  )

  it.scopedLive("finds that a backend does not stream, though callers would get a stream", () =>
    Effect.gen(function* () {
      const { finding, ok } = yield* found((call) => call.json(200, ScriptedUpstream.completion("pong")))
      assert.isFalse(ok)
      assert.isTrue(finding.answers)
      assert.isFalse(finding.streams)
      assert.deepStrictEqual(finding.problems, ["asked for a stream, it does not send one"])
    })
  )

  it.scopedLive("finds that a stream breaks off behind its first content", () =>
    Effect.gen(function* () {
      const { finding, ok } = yield* found((call) => {
        if (call.received.body["stream"] !== true) return wellWith()(call)
        call.events(ScriptedUpstream.chunk({ content: "po" }))
        setImmediate(call.destroy)
      })
      assert.isFalse(ok)
      assert.isTrue(finding.answers)
      assert.isFalse(finding.streams)
      assert.lengthOf(finding.problems, 1)
    })
  )

  it.scopedLive("gives up on what is silent", () =>
    Effect.gen(function* () {
      const { finding, ok } = yield* found((call) => (isList(call) ? call.json(200, models()) : undefined), undefined, [
        "--timeout",
        "200ms"
      ])
      assert.isFalse(ok)
      assert.isTrue(finding.reachable)
      assert.isFalse(finding.answers)
      for (const problem of finding.problems) assert.match(problem, /within 200ms$/)
    })
  )

  it.scopedLive("asks for what a keyword backend lists and serves, rather for a model that chats", () =>
    Effect.gen(function* () {
      const listed = ["other", "gpt-image-1", "gpt-4o-audio", "gpt-4o"]
      assert.strictEqual((yield* found(wellWith(...listed), keyword("gpt-"))).finding.model, "gpt-4o")
      assert.strictEqual((yield* found(wellWith("other"), keyword("gpt-"))).finding.model, "gpt-")
      const chosen = yield* found(wellWith(...listed), keyword("gpt-"), ["--model", "gpt-5"])
      assert.strictEqual(chosen.received[1]?.body["model"], "gpt-5")
    })
  )

  it.scopedLive("knows that reasoning models call the limit otherwise", () =>
    Effect.gen(function* () {
      const { finding, ok, received } = yield* found((call) => {
        if (call.received.body["max_tokens"] === undefined) return wellWith()(call)
        call.json(400, {
          error: {
            message: "Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead.",
            type: "invalid_request_error"
          }
        })
      })
      assert.isTrue(ok, finding.problems.join())
      assert.strictEqual(received.at(-1)?.body["max_completion_tokens"], 1)
    })
  )

  it.scopedLive("brings a caller's key to a backend that asks for it", () =>
    Effect.gen(function* () {
      const upstream = yield* ScriptedUpstream.make(wellWith())
      const header = `headers: { api-key: "\${HEADER_KEY}" }, ${keyword("m")}`
      const args = ["--json"]
      const bare = { url: upstream.url, more: `api_key: caller, ${keyword("m")}` }
      const { out } = yield* ping({ bare, header: { url: upstream.url, more: header } }, args, {
        CAUSEWAY_PING_KEY: keys.caller
      })
      assert.deepStrictEqual(
        (yield* findingsOf(out)).map(({ key }) => key),
        ["valid", "valid"]
      )
      for (const { headers } of upstream.received) {
        const expected = headers["api-key"] === undefined ? `Bearer ${keys.caller}` : undefined
        assert.strictEqual(headers.authorization, expected)
      }
      assert.isTrue(upstream.received.some(({ headers }) => headers["api-key"] === keys.header))
    })
  )

  it.scopedLive("asks one backend alone, if told to", () =>
    Effect.gen(function* () {
      const upstream = yield* ScriptedUpstream.make(wellWith())
      const backends = { demo: { url: "demo:" }, other: { url: upstream.url } }
      const { ok, out } = yield* ping(backends, ["--backend", "demo", "--json"])
      assert.isTrue(ok)
      assert.lengthOf(yield* findingsOf(out), 1)
      assert.deepStrictEqual(upstream.received, [])
      const unknown = yield* ping(backends, ["--backend", "dmeo"])
      assert.deepStrictEqual(unknown, {
        ok: false,
        out: "",
        err: 'No backend is named "dmeo" (did you mean "demo"?).\n'
      })
    })
  )

  it.scopedLive("asks all at once", () =>
    Effect.gen(function* () {
      // Each list is only sent when both were asked for.
      const waiting: Array<() => void> = []
      const upstream = yield* ScriptedUpstream.make((call) => {
        if (!isList(call)) return wellWith()(call)
        waiting.push(() => call.json(200, models()))
        if (waiting.length === 2) for (const send of waiting) send()
      })
      const { ok } = yield* ping({ a: { url: upstream.url }, b: { url: upstream.url } })
      assert.isTrue(ok)
    })
  )

  it.scopedLive("wants a duration for its patience", () =>
    Effect.gen(function* () {
      const { err, ok, out } = yield* ping({ demo: { url: "demo:" } }, ["--timeout", "soon"])
      assert.isFalse(ok)
      assert.include(out + err, "expected a duration such as 500ms, 10s or 2m")
    })
  )
})
