import * as fs from "node:fs"
import { assert, describe, it } from "@effect/vitest"
import { Ajv } from "ajv"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Schema from "effect/Schema"
import * as Yaml from "yaml"
import * as ConfigFile from "../../src/config/ConfigFile.js"
import * as GatewayConfig from "../../src/domain/config/GatewayConfig.js"
import { entry } from "../domain/generators.js"
import * as Environment from "../support/Environment.js"

const root = new URL("../../", import.meta.url)
const read = (path: string) => fs.readFileSync(new URL(path, root), "utf8")
const AnyObject = Schema.parseJson(Schema.Object)
const bySchema = new Ajv({ strict: true, allowUnionTypes: true }).compile(
  Schema.decodeSync(AnyObject)(read("config.schema.json"))
)

const shipped = [
  "config.yaml",
  ...fs.readdirSync(new URL("examples/configs", root)).map((name) => `examples/configs/${name}`)
]

describe("the shipped configurations", () => {
  it("are several", () => assert.isAtLeast(shipped.length, 4))

  for (const path of shipped) {
    it.effect(`${path} is valid, also to an editor, and names its JSON Schema`, () =>
      Effect.gen(function* () {
        const text = read(path)
        const env = ConfigProvider.fromJson(Environment.forText(text))
        yield* Effect.withConfigProvider(ConfigFile.parse(path, text), env)
        assert.isTrue(bySchema(Yaml.parse(text, { merge: true })), JSON.stringify(bySchema.errors))
        const [, schema = ""] = /^# yaml-language-server: \$schema=(\S+)\n/.exec(text) ?? []
        assert.isTrue(fs.existsSync(new URL(schema, new URL(path, root))), `${path} names ${schema}`)
      })
    )
  }
})

const backend = (over: object) => ({ openai_clients: [{ ...entry(), ...over }] })
const beside = (more: object) => ({ openai_clients: [entry()], ...more })

const right: ReadonlyArray<unknown> = [
  backend({}),
  ...["demo:", "http://10.0.0.5:8000/v1", "HTTPS://h", "https://h/v1?api-version=1"].map((base_url) =>
    backend({ base_url })
  ),
  ...["http+unix:///run/a.sock:/v1", "http+unix:///run/a.sock", "http+unix:///run/a.sock:"].map((base_url) =>
    backend({ base_url })
  ),
  ...["none", "", "http://p:3128", "https://me:secret@p/"].map((proxy) => backend({ proxy })),
  ...[{ ca: "a.pem" }, { cert: "a.pem", key: "a.key" }, {}].map((tls) => backend({ base_url: "https://h", tls })),
  backend({
    api_key: null,
    priority: null,
    fallback: null,
    max_tokens: null,
    stop: null,
    headers: null,
    timeouts: null
  }),
  ...[false, "m"].map((fallback) => backend({ fallback })),
  ...[0, 1, 2.5, "2.5", " 3 "].map((priority) => backend({ priority })),
  ...[1, 4_096, "4096"].map((max_tokens) => backend({ max_tokens })),
  ...["END", [], ["a", "b"]].map((stop) => backend({ stop })),
  ...[{}, { "X-A": "b" }].map((headers) => backend({ headers })),
  ...["{}", { a: { model: 1 } }].map((extra_body) => backend({ extra_body })),
  ...[[], ["think"]].map((strip_tags) => backend({ strip_tags })),
  ...["none", false, {}, null, { user_turns: "keep", trim: false, strip_tags: [] }].flatMap((clean) => [
    backend({ clean }),
    beside({ clean })
  ]),
  ...["tools[].function.strict", ["store", "messages[].content[].cache_control"]].map((drop_params) =>
    backend({ drop_params })
  ),
  backend({ system_role: "system", text_parts: "join", rename_params: { max_tokens: "max_completion_tokens" } }),
  ...["500ms", "10s", "1.5 m", "1h", "0.5ms"].map((connect) => backend({ timeouts: { connect } })),
  ...["exact", "keyword", null].map((type) => backend({ model_match: { type, value: "m" } })),
  ...[{ type: "any" }, { type: "any", value: null }, { type: "exact", value: "gpt-*" }].map((model_match) =>
    backend({ model_match })
  ),
  ...[{ m: "their-m" }].flatMap((models) => [backend({ models }), backend({ models, model_match: null })]),
  ...[1, "512KiB", "1.5 mb", "10B"].map((max_body) => beside({ server: { max_body } })),
  beside({ "x-anchors": [1, { any: "thing" }] }),
  backend({ api_key_file: "/run/secrets/key" }),
  beside({ server: null, log: null }),
  beside({ server: { drain: "1s", keepalive: "5s", cors_origins: "*" }, log: { archive: false } })
]

const wrong: ReadonlyArray<unknown> = [
  null,
  [],
  "x",
  {},
  { openai_clients: [] },
  { openai_clients: {} },
  { openai_clients: [{}] },
  { openai_clients: [null] },
  beside({ sever: {} }),
  beside({ "y-anchors": {} }),
  ...["", 5].map((api_key_file) => backend({ api_key_file })),
  beside({ server: { maxbody: 1 } }),
  beside({ server: [] }),
  backend({ nmae: "x" }),
  ...["", null, 5].map((name) => backend({ name })),
  ...["", "api.example.com", "ftp://h", "http://", "demo", "demo:x", "https://user@host/v1", 5, null].map((base_url) =>
    backend({ base_url })
  ),
  ...[5, []].map((api_key) => backend({ api_key })),
  ...[
    null,
    {},
    "m",
    { value: "" },
    { value: [] },
    { value: [""] },
    { value: ["m"], type: "regex" },
    { type: "exact" },
    { type: "any", value: "m" }
  ].map((model_match) => backend({ model_match })),
  ...[{ "a*": "b" }, { "": "b" }, { a: "" }, { a: 1 }, [], "m"].map((models) => backend({ models })),
  backend({ models: {}, model_match: null }),
  ...[-1, "heavy", "", "-1", true].map((priority) => backend({ priority })),
  ...[true, "", 5].map((fallback) => backend({ fallback })),
  ...[0, 1.5, "many", ""].map((max_tokens) => backend({ max_tokens })),
  ...[5, [""], ["a", 1], {}].map((stop) => backend({ stop })),
  ...[{ "a b": "x" }, { "": "x" }, { connection: "close" }, { a: "x\ny" }, { a: 5 }, [], "x"].map((headers) =>
    backend({ headers })
  ),
  ...[{ model: "x" }, { stream: true }, [], 5].map((extra_body) => backend({ extra_body })),
  ...[["<think>"], [""], "think", [5]].map((strip_tags) => backend({ strip_tags })),
  ...[
    "off",
    true,
    [],
    { user_turns: "first" },
    { trim: "yes" },
    { strip_tags: ["a b"] },
    { user_turn: "last" }
  ].flatMap((clean) => [backend({ clean }), beside({ clean })]),
  ...[{ "tools[].x": "y" }, { x: "a.b" }, { model: "x" }].map((rename_params) => backend({ rename_params })),
  backend({ system_role: "user" }),
  backend({ text_parts: "drop" }),
  ...["10", "soon", "", "-5s", "10S", "1d", 10].map((idle) => backend({ timeouts: { idle } })),
  ...["0s", "0.0m", " 0 ms"].flatMap((none) => [
    backend({ timeouts: { total: none } }),
    backend({ breaker: { open: none } }),
    beside({ server: { keepalive: none } })
  ]),
  ...["10s", [], { first: "1s" }].map((timeouts) => backend({ timeouts })),
  ...["32", "big", 0, -1, true].map((max_body) => beside({ server: { max_body } })),
  ...["yes", 1].map((archive) => beside({ log: { archive } }))
]

/** What needs more than a schema of its shape: the sense of names, of a text inside the text, of a URL. */
const beyond: ReadonlyArray<unknown> = [
  { openai_clients: [entry(), entry()] },
  backend({ fallback: "nobody" }),
  backend({ base_url: "http://host:port/v1" }),
  backend({ extra_body: "no JSON" }),
  ...["tools.function.strict", "messages[]", "a..b"].map((drop_params) => backend({ drop_params })),
  backend({ clean: { strip_tags: [] }, strip_tags: [] }),
  backend({ headers: { Connection: "close" } })
]

describe("config.schema.json", () => {
  const judged = (config: unknown) => [Either.isRight(GatewayConfig.decode(config)), bySchema(config)]

  it("takes what the gateway takes", () => {
    for (const config of right) assert.deepStrictEqual(judged(config), [true, true], JSON.stringify(config))
  })

  it("refuses what the gateway refuses", () => {
    for (const config of wrong) assert.deepStrictEqual(judged(config), [false, false], JSON.stringify(config))
  })

  it("leaves to the gateway what a JSON Schema cannot say", () => {
    for (const config of beyond) assert.deepStrictEqual(judged(config), [false, true], JSON.stringify(config))
  })

  it("takes a variable wherever the gateway judges what it becomes", () => {
    const config = {
      openai_clients: [
        {
          name: "${N}",
          base_url: "${URL}/v1",
          api_key: "${KEY}",
          model_match: { value: "${M}" },
          priority: "${P:-1}",
          max_tokens: "${T}",
          timeouts: { idle: "${I:-10s}" }
        }
      ],
      server: { max_body: "${B}" }
    }
    assert.isTrue(bySchema(config), JSON.stringify(bySchema.errors))
  })
})
