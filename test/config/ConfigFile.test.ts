import { execFileSync } from "node:child_process"
import * as fs from "node:fs"
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import { assert, describe, it } from "@effect/vitest"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as ConfigFile from "../../src/config/ConfigFile.js"
import * as Credentials from "../../src/domain/backend/Credentials.js"
import * as JsonText from "../../src/domain/json/JsonText.js"
import { formatPath } from "../../src/domain/schema/ConfigIssue.js"
import * as Temp from "../support/Temp.js"

const load = (path: string) => Effect.provide(ConfigFile.load(path), NodeFileSystem.layer)

const parse = (text: string, env: Readonly<Record<string, string>> = {}) =>
  Effect.withConfigProvider(ConfigFile.parse("config.yaml", text), ConfigProvider.fromMap(new Map(Object.entries(env))))

// What is no failure must not be thrown as one: the report of it would take for ever.
const failureOf = <E>(effect: Effect.Effect<unknown, E>) =>
  Effect.map(Effect.either(effect), (result) => {
    if (Either.isRight(result)) throw new Error("it was taken as valid")
    return result.left
  })

/** The failure of a text, as the operator reads it. */
const message = (text: string, env: Readonly<Record<string, string>> = {}) =>
  Effect.map(failureOf(parse(text, env)), (failure) => failure.message)

/** The issues of an invalid text, each as `line:column path: message`. */
const issues = (text: string, env: Readonly<Record<string, string>> = {}) =>
  Effect.map(failureOf(parse(text, env)), (failure) => {
    assert.strictEqual(failure._tag, "ConfigInvalid", failure.message)
    return failure._tag === "ConfigInvalid"
      ? failure.issues.map((issue) => `${issue.line}:${issue.column} ${formatPath(issue.path)}: ${issue.message}`)
      : []
  })

/** One valid backend, with more lines of its own. */
const backend = (...lines: ReadonlyArray<string>) =>
  [
    "openai_clients:",
    "  - name: a",
    "    base_url: https://example.com/v1",
    "    model_match:",
    "      value: [m]",
    ...lines.map((line) => `    ${line}`)
  ].join("\n")

const firstOf = (text: string, env: Readonly<Record<string, string>> = {}) =>
  Effect.map(parse(text, env), ({ backends: [first] }) => {
    assert.isDefined(first)
    if (first === undefined) throw new Error("no backend")
    return first
  })

describe("ConfigFile", () => {
  describe("what is not YAML", () => {
    it.effect("is reported with its line and column", () =>
      Effect.gen(function* () {
        const failure = yield* failureOf(parse('openai_clients:\n  - name: "a\n    base_url: x\n'))
        assert.strictEqual(failure._tag, "ConfigMalformed")
        assert.match(failure.message, /^config\.yaml:4:1: \S/)
      })
    )

    it.effect("is reported at the key that stands twice", () =>
      Effect.gen(function* () {
        const failure = yield* failureOf(parse(`${backend("priority: 1", "priority: 2")}\n`))
        assert.strictEqual(failure._tag, "ConfigMalformed")
        assert.match(failure.message, /^config\.yaml:7:5: .*unique/)
      })
    )

    it.effect("is reported where the indentation is wrong", () =>
      Effect.gen(function* () {
        assert.match(yield* message("server:\n  drain: 1s\n max_body: 1\n"), /^config\.yaml:3:\d: /)
      })
    )

    it.effect("is reported where an anchor is missing", () =>
      Effect.gen(function* () {
        const failure = yield* failureOf(parse(backend("timeouts: *nowhere")))
        assert.match(failure.message, /^config\.yaml:6:15: .*nowhere/)
        assert.strictEqual(failure._tag, "ConfigMalformed")
      })
    )

    it.effect("is reported when there are several documents", () =>
      Effect.gen(function* () {
        assert.match(yield* message(`${backend()}\n---\nserver: {}\n`), /^config\.yaml:\d+:\d+: /)
      })
    )

    it.effect("is reported when aliases unfold without end", () =>
      Effect.gen(function* () {
        const levels = Array.from({ length: 12 }, (_, n) => {
          const own = n === 0 ? '"x"' : Array.from({ length: 9 }, () => `*l${n - 1}`).join(", ")
          return `l${n}: &l${n} [${own}]`
        })
        assert.match(yield* message(levels.join("\n")), /^config\.yaml:1:1: aliases repeat more than 10000 values/)
      })
    )
  })

  describe("what does not belong", () => {
    it.effect("is an unknown key, at its place, with a suggestion", () =>
      Effect.gen(function* () {
        assert.deepStrictEqual(yield* issues(backend("priorty: 3")), [
          '6:5 openai_clients[0].priorty: unknown key "priorty" (did you mean "priority"?)'
        ])
      })
    )

    it.effect("is an unknown key on the top, in the server and in the timeouts", () =>
      Effect.gen(function* () {
        const text = `${backend("timeouts: { conect: 1s }")}\nserver:\n  drian: 1s\nlogs: {}\n`
        assert.deepStrictEqual(yield* issues(text), [
          '6:17 openai_clients[0].timeouts.conect: unknown key "conect" (did you mean "connect"?)',
          '8:3 server.drian: unknown key "drian" (did you mean "drain"?)',
          '9:1 logs: unknown key "logs" (did you mean "log"?)'
        ])
      })
    )

    it.effect("is suggested nothing when nothing is near", () =>
      Effect.gen(function* () {
        assert.deepStrictEqual(yield* issues(backend("watermelon: 3")), [
          '6:5 openai_clients[0].watermelon: unknown key "watermelon"'
        ])
      })
    )

    it.effect("is a value of the wrong type", () =>
      Effect.gen(function* () {
        const found = yield* issues(backend("priority: high", "max_tokens: [1]", "timeouts:", "  connect: 10"))
        assert.deepStrictEqual(found, [
          '6:5 openai_clients[0].priority: expected a number ≥ 0, got "high"',
          "7:5 openai_clients[0].max_tokens: expected a whole number ≥ 1, got a list",
          "9:7 openai_clients[0].timeouts.connect: expected a duration such as 500ms, 10s or 2m, got 10"
        ])
      })
    )

    it.effect("is a value out of range, an unknown word and a URL that is none", () =>
      Effect.gen(function* () {
        const text = [
          "openai_clients:",
          "  - name: a",
          "    base_url: example.com",
          "    model_match: { type: regex, value: [m] }",
          "    priority: -1",
          "    max_tokens: 0"
        ].join("\n")
        const found = yield* issues(text)
        assert.lengthOf(found, 4)
        assert.match(found[0] ?? "", /^3:5 openai_clients\[0\]\.base_url: expected an http:\/\/ or https:\/\/ URL/)
        assert.match(found[1] ?? "", /^4:20 openai_clients\[0\]\.model_match\.type: expected "keyword" \| "exact"/)
        assert.match(found[2] ?? "", /^5:5 openai_clients\[0\]\.priority: expected a number ≥ 0, got -1/)
        assert.match(found[3] ?? "", /^6:5 openai_clients\[0\]\.max_tokens: expected a whole number ≥ 1, got 0/)
      })
    )

    it.effect("is a backend that is no mapping", () =>
      Effect.gen(function* () {
        const found = yield* issues("openai_clients:\n  - just text\n")
        assert.deepStrictEqual(found, ['2:5 openai_clients[0]: expected a mapping, got "just text"'])
      })
    )

    it.effect("is a second backend of the same name", () =>
      Effect.gen(function* () {
        const text = `${backend()}\n  - name: a\n    base_url: "demo:"\n    model_match: { value: [n] }\n`
        assert.deepStrictEqual(yield* issues(text), ['6:5 openai_clients[1].name: "a" is already openai_clients[0]'])
      })
    )

    it.effect("is a fallback that leads nowhere", () =>
      Effect.gen(function* () {
        const text = `${backend("fallback: lama")}\n  - name: llama\n    base_url: "demo:"\n    model_match: { value: [n] }\n`
        assert.deepStrictEqual(yield* issues(text.replace("[m]", "[x]")), [
          '6:5 openai_clients[0].fallback: no backend serves a model "lama" and none is named so (did you mean "llama"?)'
        ])
      })
    )
  })

  describe("what is missing", () => {
    it.effect("is reported at the mapping that lacks it", () =>
      Effect.gen(function* () {
        const text = "openai_clients:\n  - name: a\n    base_url: demo:\n  - base_url: demo:\n    model_match: {}\n"
        const found = yield* issues(text.replaceAll("demo:", '"demo:"'))
        assert.deepStrictEqual(found, [
          "2:5 openai_clients[0].model_match: is required",
          "4:5 openai_clients[1].name: is required",
          "5:5 openai_clients[1].model_match.value: is required"
        ])
      })
    )

    it.effect("is reported for an empty file", () =>
      Effect.gen(function* () {
        for (const text of ["", "# nothing\n", "{}"]) {
          const failure = yield* failureOf(parse(text))
          assert.strictEqual(failure._tag, "ConfigInvalid")
          assert.match(failure.message, /^config\.yaml:1:1: /)
        }
      })
    )

    it.effect("is reported for a list without backends", () =>
      Effect.gen(function* () {
        assert.deepStrictEqual(yield* issues("openai_clients: []\n"), [
          "1:1 openai_clients: expected a list of at least one backend, got an empty list"
        ])
      })
    )
  })

  it.effect("reports all that is wrong at once, from the top to the bottom", () =>
    Effect.gen(function* () {
      const text = [
        "server: { drain: soon }",
        "openai_clients:",
        "  - name: a",
        "    base_url: https://${HOST}/v1",
        "    modelmatch: { value: [m] }",
        "    priority: x"
      ].join("\n")
      assert.deepStrictEqual(yield* issues(text), [
        '1:11 server.drain: expected a duration such as 500ms, 10s or 2m, got "soon"',
        "3:5 openai_clients[0].model_match: is required",
        "4:5 openai_clients[0].base_url: the environment variable HOST is not set (write ${HOST:-} if it may be empty)",
        '5:5 openai_clients[0].modelmatch: unknown key "modelmatch" (did you mean "model_match"?)',
        '6:5 openai_clients[0].priority: expected a number ≥ 0, got "x"'
      ])
    })
  )

  it.effect("says every line of a message with the file's name", () =>
    Effect.gen(function* () {
      const text = yield* message(backend("priority: x", "wat: 1"))
      const lines = text.split("\n")
      assert.lengthOf(lines, 2)
      for (const line of lines) assert.match(line, /^config\.yaml:\d+:\d+: openai_clients\[0\]\.\w+: /)
    })
  )

  describe("the environment", () => {
    it.effect("replaces ${VAR} anywhere in a string, several times", () =>
      Effect.gen(function* () {
        const env = { HOST: "example.org", PORT: "8443", MODEL: "gpt" }
        const text = backend().replace("example.com", "${HOST}:${PORT}").replace("[m]", "['x-${MODEL}-y', '${MODEL}']")
        const { baseUrl, match } = yield* firstOf(text, env)
        assert.strictEqual(baseUrl, "https://example.org:8443/v1")
        assert.deepStrictEqual(match.value, ["x-gpt-y", "gpt"])
      })
    )

    it.effect("falls back to the default of ${VAR:-default} when the variable is unset or empty", () =>
      Effect.gen(function* () {
        const text = backend("special_prefix: '${A:-one}/${B:-two words}/${C:-}/${D:-d}'")
        const { specialPrefix } = yield* firstOf(text, { B: "", D: "set" })
        assert.strictEqual(specialPrefix, "one/two words//set")
      })
    )

    it.effect("leaves $${VAR} as ${VAR}, and whatever else has a dollar", () =>
      Effect.gen(function* () {
        const text = backend("special_prefix: '$${VAR} $${X:-y} $5 $VAR ${} ${1} $'")
        const { specialPrefix } = yield* firstOf(text, { VAR: "no" })
        assert.strictEqual(specialPrefix, "${VAR} ${X:-y} $5 $VAR ${} ${1} $")
      })
    )

    it.effect("does not replace within what it has put in", () =>
      Effect.gen(function* () {
        const { specialPrefix } = yield* firstOf(backend("special_prefix: '${A}'"), { A: "${B} $${B}", B: "no" })
        assert.strictEqual(specialPrefix, "${B} $${B}")
      })
    )

    it.effect("gives numbers, and a backend's key", () =>
      Effect.gen(function* () {
        const text = backend("max_tokens: ${MAX}", "priority: '${WEIGHT:-2.5}'", "api_key: ${KEY}")
        const first = yield* firstOf(text, { MAX: "512", KEY: "sk-12345" })
        assert.deepStrictEqual(first.maxTokens, Option.some(512))
        assert.strictEqual(first.weight, 2.5)
        assert.deepStrictEqual(Option.map(Credentials.ownKey(first), Redacted.value), Option.some("sk-12345"))
      })
    )

    it.effect("reaches the strings of headers, lists and extra_body", () =>
      Effect.gen(function* () {
        const text = backend(
          "headers: { x-team: '${TEAM}' }",
          "stop: ['${STOP}']",
          "extra_body: { a: [{ b: '${TEAM}' }] }"
        )
        const first = yield* firstOf(text, { TEAM: "blue", STOP: "END" })
        assert.deepStrictEqual(first.headers, { "x-team": "blue" })
        assert.deepStrictEqual(first.stop, ["END"])
        assert.deepStrictEqual(first.extraBody, { a: [{ b: "blue" }] })
      })
    )

    it.effect("must hold a variable without a default; each that is missing is reported at its place", () =>
      Effect.gen(function* () {
        const text = backend("api_key: ${KEY}", "special_prefix: '${ONE} and ${TWO}'")
        const unset = (name: string) =>
          `the environment variable ${name} is not set (write \${${name}:-} if it may be empty)`
        assert.deepStrictEqual(yield* issues(text), [
          `6:5 openai_clients[0].api_key: ${unset("KEY")}`,
          `7:5 openai_clients[0].special_prefix: ${unset("ONE")}`,
          `7:5 openai_clients[0].special_prefix: ${unset("TWO")}`
        ])
      })
    )

    it.effect("must not be empty either, unless that is said: a caller's own key would be sent instead", () =>
      Effect.gen(function* () {
        const text = backend("api_key: ${KEY}", "special_prefix: '${P:-}${BLANK}'", "headers: { x-a: '${P}' }")
        const empty = (name: string) =>
          `the environment variable ${name} is empty (write \${${name}:-} if it may be empty)`
        for (const KEY of ["", " ", "\n"]) {
          assert.deepStrictEqual(yield* issues(text, { KEY, P: "", BLANK: " " }), [
            `6:5 openai_clients[0].api_key: ${empty("KEY")}`,
            `8:16 openai_clients[0].headers.x-a: ${empty("P")}`
          ])
        }
        assert.isTrue(Option.isNone(Credentials.ownKey(yield* firstOf(backend("api_key: ${KEY:-}"), { KEY: "" }))))
      })
    )

    it.effect("may hold a key that no header can hold, which is said without it", () =>
      Effect.gen(function* () {
        for (const [KEY, what] of [
          ["sk-secret\nsecret", "a line break"],
          ["sk-secret\u0000", "U+0000"],
          ["\u201csk-secret\u201d", "U+201C"],
          ["sk-secret\u{1f511}", "U+1F511"]
        ] as const) {
          const text = `${backend("api_key: ${KEY}")}\nserver: { operator_key: "\${KEY}" }\n`
          assert.deepStrictEqual(yield* issues(text, { KEY }), [
            `6:5 openai_clients[0].api_key: holds ${what}, which cannot stand in a header`,
            `7:11 server.operator_key: holds ${what}, which cannot stand in a header`
          ])
        }
        assert.isTrue(
          Option.isSome(Credentials.ownKey(yield* firstOf(backend("api_key: ${KEY}"), { KEY: "sk-\u00e9\n" })))
        )
      })
    )

    it.effect("may hold YAML that is not read as YAML", () =>
      Effect.gen(function* () {
        const { specialPrefix } = yield* firstOf(backend("special_prefix: ${P}"), { P: "a: [b\n# c" })
        assert.strictEqual(specialPrefix, "a: [b\n# c")
      })
    )
  })

  describe("YAML", () => {
    it.effect("may repeat one anchor as often as it likes, and keep anchors under keys that begin with x-", () =>
      Effect.gen(function* () {
        const names = Array.from({ length: 400 }, (_, n) => `b${n}`)
        const text = [
          "x-match: &match { type: exact, value: [m, n] }",
          "x-base: &base",
          "  base_url: https://example.com/v1",
          "  api_key: ${KEY}",
          "x-unused: 5",
          "openai_clients:",
          ...names.map((name) => `  - { <<: *base, name: ${name}, model_match: *match }`)
        ].join("\n")
        const { backends } = yield* parse(text, { KEY: "sk-1" })
        assert.lengthOf(backends, 400)
        assert.deepStrictEqual(backends[399]?.match.value, ["m", "n"])
        assert.deepStrictEqual(
          Option.map(Option.fromNullable(backends[399]), ({ baseUrl }) => baseUrl),
          Option.some("https://example.com/v1")
        )
        assert.include(yield* message(text), "x-base.api_key: the environment variable KEY is not set")
        assert.include(yield* message(`${backend()}\nX-a: 1\n`), 'unknown key "X-a"')
      })
    )

    it.effect("may begin with a byte order mark", () =>
      Effect.gen(function* () {
        assert.strictEqual((yield* firstOf(`\uFEFF${backend()}`)).name, "a")
      })
    )

    it.effect("may use anchors, aliases and merges", () =>
      Effect.gen(function* () {
        const text = [
          "openai_clients:",
          "  - &base",
          "    name: a",
          "    base_url: https://example.com/v1",
          "    model_match: &match { type: exact, value: [m] }",
          "    timeouts: { total: 5s }",
          "  - <<: *base",
          "    name: b",
          "    priority: 2",
          "  - name: c",
          "    base_url: 'demo:'",
          "    model_match: *match"
        ].join("\n")
        const { backends } = yield* parse(text)
        assert.deepStrictEqual(
          backends.map(({ name, baseUrl, weight, match }) => [name, baseUrl, weight, match.type]),
          [
            ["a", "https://example.com/v1", 1, "exact"],
            ["b", "https://example.com/v1", 2, "exact"],
            ["c", "demo:", 1, "exact"]
          ]
        )
        assert.deepStrictEqual(
          backends.map(({ timeouts }) => Duration.toMillis(timeouts.total)),
          [5_000, 5_000, 1_800_000]
        )
      })
    )

    it.effect("shows where a mistake is in what an alias stands for", () =>
      Effect.gen(function* () {
        const text = [
          "openai_clients:",
          "  - name: a",
          "    base_url: 'demo:'",
          "    model_match: &match",
          "      vlaue: [m]",
          "  - name: b",
          "    base_url: 'demo:'",
          "    model_match: *match"
        ].join("\n")
        const found = yield* issues(text)
        const unknown = found.filter((issue) => issue.includes("unknown key"))
        assert.deepStrictEqual(unknown, [
          '5:7 openai_clients[0].model_match.vlaue: unknown key "vlaue" (did you mean "value"?)',
          '5:7 openai_clients[1].model_match.vlaue: unknown key "vlaue" (did you mean "value"?)'
        ])
      })
    )

    it.effect("shows which entry a merged mistake spoils", () =>
      Effect.gen(function* () {
        const text = [
          "openai_clients:",
          "  - &base",
          "    name: a",
          "    base_url: 'demo:'",
          "    model_match: { value: [m] }",
          "    priority: lots",
          "  - <<: *base",
          "    name: b"
        ].join("\n")
        const found = yield* issues(text)
        assert.deepStrictEqual(found, [
          '6:5 openai_clients[0].priority: expected a number ≥ 0, got "lots"',
          '7:5 openai_clients[1].priority: expected a number ≥ 0, got "lots"'
        ])
      })
    )

    it.effect("may begin with a byte order mark and have lines that end in CRLF", () =>
      Effect.gen(function* () {
        const text = `\uFEFF${backend("priority: 3").replaceAll("\n", "\r\n")}\r\n`
        assert.strictEqual((yield* firstOf(text)).weight, 3)
        assert.deepStrictEqual(yield* issues(backend("priority: x").replaceAll("\n", "\r\n")), [
          '6:5 openai_clients[0].priority: expected a number ≥ 0, got "x"'
        ])
      })
    )
  })

  it.effect("fills in every default", () =>
    Effect.gen(function* () {
      const { backends, log, server } = yield* parse(backend())
      const [first] = backends
      assert.strictEqual(first?.match.type, "keyword")
      assert.strictEqual(first?.weight, 1)
      assert.deepStrictEqual(first?.fallback, Option.none())
      assert.deepStrictEqual(first?.apiKey, Option.none())
      assert.deepStrictEqual(first?.stop, [])
      const { connect, firstToken, headers, idle, total } = first?.timeouts ?? {}
      assert.deepStrictEqual(
        [connect, headers, firstToken, idle, total].map((each) => Duration.toMillis(each ?? 0)),
        [10_000, 60_000, 120_000, 60_000, 1_800_000]
      )
      assert.strictEqual(Duration.toMillis(server.drain), 25_000)
      assert.strictEqual(server.maxBody, 32 * 1024 * 1024)
      assert.isTrue(log.archive)
    })
  )

  it.effect("loads what was written for the older service", () =>
    Effect.gen(function* () {
      const text = [
        "openai_clients:",
        "  - name: local",
        "    base_url: http://10.0.0.1:8000/v1",
        "    api_key: sk-abc",
        "    model_match:",
        "      type: keyword",
        "      value:",
        "        - llama",
        "    fallback: False",
        "    stop: <|im_end|>",
        "    max_tokens: 1024",
        "    special_prefix: '<think>'",
        "    extra_body: '{\"top_k\": 20}'",
        "  - name: other",
        "    base_url: http://10.0.0.2:8000/v1",
        "    api_key:",
        "    model_match:",
        "      value: qwen",
        "    fallback: llama",
        "    stop: ['a', 'b']"
      ].join("\n")
      const { backends } = yield* parse(text)
      const [local, other] = backends
      assert.deepStrictEqual(local?.fallback, Option.none())
      assert.deepStrictEqual(local?.stop, ["<|im_end|>"])
      assert.deepStrictEqual(local?.extraBody, { top_k: 20 })
      assert.strictEqual(local?.weight, 1)
      assert.deepStrictEqual(other?.fallback, Option.some("llama"))
      assert.deepStrictEqual(other?.match, { type: "keyword", value: ["qwen"] })
      assert.deepStrictEqual(other?.stop, ["a", "b"])
      assert.deepStrictEqual(other?.apiKey, Option.none())
    })
  )

  describe("secrets", () => {
    const number = "918273645"
    const secret = "sk-very-secret-4711"

    it.effect("are in no message, whatever is wrong with them", () =>
      Effect.gen(function* () {
        const wrong = [
          `api_key: [${secret}]`,
          `api_key: { key: ${secret} }`,
          `headers: { authorization: [${secret}] }`,
          `headers: ${secret}`,
          `headers: { "x y": ${secret} }`,
          `extra_body: ${secret}`,
          `extra_body: '{"key": "${secret}"'`,
          `base_url: https://user:${secret}@example.com/v1`,
          `timeouts: { api_key: ${secret} }`,
          `api-key: ${secret}`,
          `password: ${secret}`
        ]
        for (const line of wrong) {
          const own = line.startsWith("base_url") ? backend().replace(/base_url: .*/, line) : backend(line)
          const text = yield* message(own)
          assert.notInclude(text, secret, line)
        }
      })
    )

    it.effect("from the environment are in no message either", () =>
      Effect.gen(function* () {
        const wrong = ["headers: { authorization: ['${KEY}'] }", "extra_body: '${KEY}'", "api_key: ['${KEY}']"]
        for (const line of wrong) assert.notInclude(yield* message(backend(line), { KEY: secret }), secret, line)
        const url = backend().replace("example.com", "me:${KEY}@example.com")
        assert.notInclude(yield* message(url, { KEY: secret }), secret)
      })
    )

    it.effect("are in no message about YAML that cannot be read", () =>
      Effect.gen(function* () {
        for (const line of [`api_key: "${secret}`, `api_key: ${secret}: x`, `api_key: @${secret}`]) {
          const text = yield* message(backend(line, "priority: 1"))
          assert.notInclude(text, secret, line)
        }
      })
    )

    it.effect("are in no message about themselves, as numbers, by aliases and merges", () =>
      Effect.gen(function* () {
        const keys = [
          `server: { operator_key: ${number} }`,
          `server: { operator_key: [${number}] }`,
          `server: { operator_key: { a: ${number} } }`,
          `server: { operator_key: &k ${number}, drain: *k }`,
          `server: { operator_key: &k abc-${number}, drain: *k, max_body: *k, workers: *k }`,
          `server: { <<: { operator_key: ${number} } }`
        ]
        for (const each of keys) assert.notInclude(yield* message(`${backend()}\n${each}`), number, each)
        for (const line of [
          `api_key: ${number}`,
          `api_key: &k ${number}\n    priority: *k\n    special_prefix: *k`,
          `api_key: &k x${number}\n    priority: *k\n    max_tokens: *k\n    timeouts: { idle: *k }`,
          `api_key: *x${number}`,
          `api_key: |x${number}`,
          `headers: { x-a: ${number} }`
        ]) {
          assert.notInclude(yield* message(backend(line)), number, line)
        }
      })
    )

    it.effect("are not shown by the configuration itself", () =>
      Effect.gen(function* () {
        const config = yield* parse(backend(`api_key: ${secret}`))
        assert.notInclude(JSON.stringify(config), secret)
        assert.notInclude(String(config.backends[0]?.apiKey), secret)
      })
    )
  })

  describe("files", () => {
    it.scoped("that never end or are too large are read no further than may be, and pipes not at all", () =>
      Effect.gen(function* () {
        const folder = yield* Temp.directory
        const large = `${folder}/large.yaml`
        fs.writeFileSync(large, `# ${"x".repeat(1024 ** 2)}`)
        const pipe = `${folder}/pipe.yaml`
        execFileSync("mkfifo", [pipe])
        fs.symlinkSync("/dev/zero", `${folder}/zero.yaml`)
        for (const [path, why] of [
          ["/dev/zero", "it is no file but a device"],
          [`${folder}/zero.yaml`, "it is no file but a device"],
          [pipe, "it is no file but a pipe"],
          [large, "it is larger than 1048576 bytes"]
        ] as const) {
          const failure = yield* failureOf(load(path))
          assert.strictEqual(failure._tag, "ConfigUnreadable")
          assert.strictEqual(failure.message, `${path}: cannot be read: ${why}`)
        }
      })
    )

    it.scoped("that are missing or folders are unreadable, and named", () =>
      Effect.gen(function* () {
        const folder = yield* Temp.directory
        for (const path of [`${folder}/config.yaml`, folder]) {
          const failure = yield* failureOf(load(path))
          assert.strictEqual(failure._tag, "ConfigUnreadable")
          assert.isTrue(failure.message.startsWith(`${path}: cannot be read: `), failure.message)
        }
      })
    )

    it.scoped("are named in the message of what is wrong with them", () =>
      Effect.gen(function* () {
        const path = `${yield* Temp.directory}/gateway.yaml`
        fs.writeFileSync(path, backend("wat: 1"))
        const failure = yield* failureOf(load(path))
        assert.strictEqual(failure.message, `${path}:6:5: openai_clients[0].wat: unknown key "wat"`)
      })
    )

    it.effect("that we ship load as they are", () =>
      Effect.gen(function* () {
        const { backends } = yield* Effect.withConfigProvider(
          load(new URL("../../config.yaml", import.meta.url).pathname),
          ConfigProvider.fromMap(new Map())
        )
        assert.deepStrictEqual(
          backends.map(({ name, baseUrl }) => [name, baseUrl]),
          [["demo", "demo:"]]
        )
      })
    )
  })

  describe("numbers that would be written otherwise than they stand there", () => {
    const exact = (body: unknown) => JsonText.write(body)

    it.effect("stay as they are written within extra_body, as far as JSON has such numbers", () =>
      Effect.gen(function* () {
        const written = "{a: 9223372036854775807, b: [1.0, {c: -0.0}], d: 0.10, e: 1e400, f: 0x10, g: 1_000, h: 7}"
        const { extraBody } = yield* firstOf(backend(`extra_body: ${written}`))
        assert.strictEqual(
          exact(extraBody),
          '{"a":9223372036854775807,"b":[1.0,{"c":-0.0}],"d":0.10,"e":1e400,"f":16,"g":"1_000","h":7}'
        )
      })
    )

    it.effect("are numbers everywhere else, also where an alias repeats them", () =>
      Effect.gen(function* () {
        const { extraBody, maxTokens, weight } = yield* firstOf(
          backend("priority: &one 1.0", "max_tokens: 5.0", "extra_body: &body {a: *one, b: &two 2.0}")
        )
        assert.strictEqual(exact(extraBody), '{"a":1.0,"b":2.0}')
        assert.strictEqual(weight, 1)
        assert.deepStrictEqual(maxTokens, Option.some(5))
      })
    )

    it.effect("stay as they are in what is merged into a backend", () =>
      Effect.gen(function* () {
        const text = [
          "openai_clients:",
          "  - &a { name: a, base_url: 'https://example.com/v1', model_match: { value: m }, extra_body: &body { t: 1.0 } }",
          "  - { <<: *a, name: b, priority: 2.0 }",
          "  - { <<: *a, name: c, extra_body: { <<: *body, u: 2.50 } }"
        ].join("\n")
        const { backends } = yield* parse(text)
        assert.deepStrictEqual(
          backends.map(({ extraBody }) => exact(extraBody)),
          ['{"t":1.0}', '{"t":1.0}', '{"t":1.0,"u":2.50}']
        )
        assert.strictEqual(backends[1]?.weight, 2)
      })
    )
  })
})
