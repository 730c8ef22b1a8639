import { assert, describe, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Credentials from "../../../src/domain/backend/Credentials.js"
import { formatPath } from "../../../src/domain/schema/ConfigIssue.js"
import * as GatewayConfig from "../../../src/domain/config/GatewayConfig.js"
import type { Entry } from "../generators.js"
import { backend, backends, entry } from "../generators.js"

/** What is wrong with an entry: the path within it and the message. */
const wrong = (over: object): ReadonlyArray<string> =>
  Either.match(GatewayConfig.decode({ openai_clients: [{ ...entry(), ...over }] }), {
    onRight: () => [],
    onLeft: (issues) =>
      issues.map(({ path, message }) => `${formatPath(path).replace("openai_clients[0].", "")}: ${message}`)
  })

describe("Backend", () => {
  it("has a default for all that may be missing", () => {
    const { apiKey, clean, fallback, headers, maxTokens, specialPrefix, stop, timeouts, weight, extraBody } = backend()
    assert.deepStrictEqual(
      { apiKey, clean, fallback, headers, maxTokens, specialPrefix, stop, weight, extraBody },
      {
        apiKey: Option.some("caller"),
        fallback: Option.none(),
        headers: {},
        maxTokens: Option.none(),
        specialPrefix: "",
        stop: [],
        clean: { userTurns: "auto", trim: true, stripTags: ["think", "tool_call"] },
        weight: 1,
        extraBody: {}
      }
    )
    const seconds = Object.entries(timeouts).map(([name, duration]) => [name, Duration.toSeconds(duration)])
    assert.deepStrictEqual(Object.fromEntries(seconds), {
      connect: 10,
      headers: 60,
      firstToken: 120,
      firstTokenMax: 600,
      idle: 60,
      total: 1_800
    })
  })

  it("takes a key that holds nothing for one that is missing", () => {
    const nulls = {
      api_key: null,
      priority: null,
      fallback: null,
      max_tokens: null,
      stop: null,
      special_prefix: null,
      headers: null,
      extra_body: null,
      clean: null,
      strip_tags: null,
      system_role: null,
      text_parts: null,
      timeouts: null
    }
    assert.deepStrictEqual(backend(nulls), backend())
    assert.deepStrictEqual(backend({ clean: { user_turns: null, trim: null, strip_tags: null } }), backend())
    assert.deepStrictEqual(backend({ timeouts: { connect: null, idle: "5s" } }).timeouts, {
      ...backend().timeouts,
      idle: Duration.seconds(5)
    })
  })

  it("reads what was written for the older service", () => {
    const older = backend({ fallback: false, stop: "END", model_match: { value: "gpt" } })
    assert.deepStrictEqual(older.fallback, Option.none())
    assert.deepStrictEqual(older.stop, ["END"])
    assert.deepStrictEqual(older.match, { type: "keyword", value: ["gpt"] })
    assert.strictEqual(older.weight, 1)
  })

  it("reads every key", () => {
    const full = backend({
      base_url: "http://10.0.0.5:8000/v1",
      api_key: " k ",
      priority: "2.5",
      fallback: "a",
      max_tokens: "4096",
      stop: ["x"],
      special_prefix: "<think>\n",
      headers: { "X-A": "b" },
      strip_tags: [],
      timeouts: { first_token: "5s" }
    })
    assert.strictEqual(Option.getOrThrow(Option.map(Credentials.ownKey(full), Redacted.value)), "k")
    assert.strictEqual(full.weight, 2.5)
    assert.deepStrictEqual(full.fallback, Option.some("a"))
    assert.deepStrictEqual(full.maxTokens, Option.some(4_096))
    assert.strictEqual(full.specialPrefix, "<think>\n")
    assert.deepStrictEqual(full.headers, { "X-A": "b" })
    assert.deepStrictEqual(full.clean.stripTags, [])
    assert.deepStrictEqual(full.timeouts.firstToken, Duration.seconds(5))
  })

  it("needs a name, an address and models", () => {
    const missing = Either.getOrThrow(Either.flip(GatewayConfig.decode({ openai_clients: [{}] })))
    assert.deepStrictEqual(missing.map(({ path, message }) => `${String(path.at(-1))} ${message}`).sort(), [
      "base_url is required",
      "model_match is required",
      "name is required"
    ])
    assert.deepStrictEqual(wrong({ model_match: {} }), ["model_match.value: is required"])
    assert.deepStrictEqual(wrong({ model_match: { value: [] } }), [
      "model_match.value: expected a model name or a list of them, got an empty list"
    ])
    for (const over of [
      { name: "" },
      { name: null },
      { base_url: null },
      { model_match: null },
      { model_match: { value: "" } }
    ]) {
      assert.lengthOf(wrong(over), 1, JSON.stringify(over))
    }
  })

  it("wants an http address, or the demo", () => {
    assert.strictEqual(backend({ base_url: "demo:" }).baseUrl, "demo:")
    for (const base_url of ["api.example.com", "ftp://x", "", "http://", "https://user@host/v1", "demo"]) {
      const [issue = ""] = wrong({ base_url })
      assert.match(
        issue,
        /^base_url: expected an http:\/\/ or https:\/\/ URL without credentials, \S+, or "demo:", got/
      )
    }
  })

  it("says what it expected and what it got", () => {
    assert.deepStrictEqual(wrong({ name: 5 }), ["name: expected a string, got 5"])
    assert.deepStrictEqual(wrong({ priority: "heavy" }), ['priority: expected a number ≥ 0, got "heavy"'])
    assert.deepStrictEqual(wrong({ priority: -1 }), ["priority: expected a number ≥ 0, got -1"])
    assert.deepStrictEqual(wrong({ max_tokens: 0 }), ["max_tokens: expected a whole number ≥ 1, got 0"])
    assert.deepStrictEqual(wrong({ stop: 5 }), ["stop: expected a string or a list of strings, got 5"])
    assert.deepStrictEqual(wrong({ fallback: true }), [
      "fallback: expected the name of a model or a backend, or false, got true"
    ])
    assert.deepStrictEqual(wrong({ timeouts: { idle: "10" } }), [
      'timeouts.idle: expected a duration such as 500ms, 10s or 2m, got "10"'
    ])
    assert.deepStrictEqual(wrong({ timeouts: { idle: 10 } }), [
      "timeouts.idle: expected a duration such as 500ms, 10s or 2m, got 10"
    ])
    assert.deepStrictEqual(wrong({ timeouts: "10s" }), ['timeouts: expected a mapping, got "10s"'])
    assert.deepStrictEqual(wrong({ strip_tags: ["<think>"] }), [
      'strip_tags[0]: expected the name of a tag, without < and >, got "<think>"'
    ])
    assert.deepStrictEqual(wrong({ model_match: { type: "regex", value: "m" } }), [
      'model_match.type: expected "keyword" | "exact" | "any", got "regex"'
    ])
  })

  it("knows its keys, at every level", () => {
    assert.deepStrictEqual(wrong({ base_ulr: "x" }), ['base_ulr: unknown key "base_ulr" (did you mean "base_url"?)'])
    assert.deepStrictEqual(wrong({ apikey: "x" }), ['apikey: unknown key "apikey" (did you mean "api_key"?)'])
    assert.deepStrictEqual(wrong({ colour: "x" }), ['colour: unknown key "colour"'])
    assert.deepStrictEqual(wrong({ model_match: { value: "m", typ: "exact" } }), [
      'model_match.typ: unknown key "typ" (did you mean "type"?)'
    ])
    assert.deepStrictEqual(wrong({ timeouts: { first_tokens: "1s" } }), [
      'timeouts.first_tokens: unknown key "first_tokens" (did you mean "first_token"?)'
    ])
  })

  it("tells of everything that is wrong at once", () => {
    const over = { base_ulr: "x", priority: -1, timeouts: { idle: 5, conect: "1s" }, max_tokens: "x" }
    assert.sameMembers(
      wrong(over).map((issue) => issue.split(":")[0]),
      ["base_ulr", "priority", "timeouts.idle", "timeouts.conect", "max_tokens"]
    )
  })

  it("takes names of headers and one line as their values, but not those of the framing", () => {
    assert.deepStrictEqual(wrong({ headers: { "X-A": "a\nb" } }), [
      "headers.X-A: expected a string on one line, got a string"
    ])
    assert.deepStrictEqual(wrong({ headers: { "X A": "b" } }), ["headers.X A: is not the name of a header"])
    for (const name of ["Content-Length", "transfer-encoding", "Connection"]) {
      assert.deepStrictEqual(wrong({ headers: { [name]: "b" } }), [`headers.${name}: is set by the gateway itself`])
    }
  })

  it("takes extra_body as a mapping or as the text of one", () => {
    const body = { top_k: 40, nested: { a: [1] } }
    assert.deepStrictEqual(backend({ extra_body: body }).extraBody, body)
    assert.deepStrictEqual(backend({ extra_body: JSON.stringify(body) }).extraBody, body)
    for (const extra_body of ["{", "[]", "text", ""]) {
      assert.deepStrictEqual(wrong({ extra_body }), ["extra_body: expected a JSON object"])
    }
    for (const extra_body of [[1], 5]) assert.lengthOf(wrong({ extra_body }), 1)
  })

  it("leaves the caller's own keys out of extra_body", () => {
    for (const key of ["model", "messages", "prompt", "stream"]) {
      for (const extra_body of [{ [key]: "x" }, JSON.stringify({ [key]: "x" })]) {
        assert.deepStrictEqual(wrong({ extra_body }), [`extra_body: may not set "${key}": it belongs to the caller`])
      }
    }
  })

  it("reads how messages are cleaned for it, also by the older name", () => {
    const of = (over: Partial<Entry>) => backend(over).clean
    const { clean: usual } = backend()
    assert.deepStrictEqual(of({ clean: { user_turns: "join", trim: false, strip_tags: ["a"] } }), {
      userTurns: "join",
      trim: false,
      stripTags: ["a"]
    })
    assert.deepStrictEqual(of({ clean: { trim: false } }), { ...usual, trim: false })
    assert.deepStrictEqual(of({ strip_tags: ["a"], clean: { user_turns: "keep" } }), {
      ...usual,
      userTurns: "keep",
      stripTags: ["a"]
    })
    for (const clean of ["none", false] as const) {
      assert.deepStrictEqual(of({ clean }), { userTurns: "keep", trim: false, stripTags: [] })
    }
  })

  it("says what is wrong with how messages are to be cleaned", () => {
    assert.deepStrictEqual(wrong({ clean: { user_turn: "last" } }), [
      'clean.user_turn: unknown key "user_turn" (did you mean "user_turns"?)'
    ])
    assert.deepStrictEqual(wrong({ clean: { user_turns: "first" } }), [
      'clean.user_turns: expected "auto" | "last" | "join" | "keep", got "first"'
    ])
    assert.deepStrictEqual(wrong({ clean: { strip_tags: ["<think>"] } }), [
      'clean.strip_tags[0]: expected the name of a tag, without < and >, got "<think>"'
    ])
    for (const clean of ["off", true, 5]) {
      assert.deepStrictEqual(wrong({ clean }), [
        `clean: expected "none", or a mapping of user_turns, trim and strip_tags, got ${JSON.stringify(clean)}`
      ])
    }
    const twice = "strip_tags: is the older name of clean.strip_tags, which is said here, too; keep only one of them"
    assert.deepStrictEqual(wrong({ clean: { strip_tags: ["a"] }, strip_tags: ["a"] }), [twice])
    assert.deepStrictEqual(wrong({ clean: "none", strip_tags: [] }), [twice])
  })

  it("reads where a backend differs", () => {
    const { askUsage, cumulativeContent, dropParams, forwardHeaders, keyHeader, renameParams, toolCallIds } = backend()
    const { systemRole, textParts } = backend()
    assert.deepStrictEqual({ systemRole, textParts }, { systemRole: "keep", textParts: "keep" })
    assert.deepStrictEqual(
      { askUsage, cumulativeContent, dropParams, forwardHeaders, keyHeader, renameParams, toolCallIds },
      {
        askUsage: true,
        cumulativeContent: false,
        dropParams: [],
        forwardHeaders: [],
        keyHeader: "authorization",
        renameParams: {},
        toolCallIds: "keep"
      }
    )
    const other = backend({
      ask_usage: false,
      cumulative_content: true,
      drop_params: "store",
      forward_headers: ["X-Session"],
      key_header: "Api-Key",
      rename_params: { max_tokens: "max_completion_tokens" },
      system_role: "system",
      text_parts: "join",
      tool_call_ids: "alnum9"
    })
    assert.strictEqual(other.systemRole, "system")
    assert.strictEqual(other.textParts, "join")
    assert.isFalse(other.askUsage)
    assert.isTrue(other.cumulativeContent)
    assert.deepStrictEqual(other.dropParams, ["store"])
    assert.deepStrictEqual(other.forwardHeaders, ["x-session"])
    assert.strictEqual(other.keyHeader, "api-key")
    assert.deepStrictEqual(other.renameParams, { max_tokens: "max_completion_tokens" })
    assert.strictEqual(other.toolCallIds, "alnum9")
  })

  it("lets no dialect touch what the gateway decides", () => {
    for (const key of ["model", "messages", "prompt", "stream"]) {
      assert.deepStrictEqual(wrong({ rename_params: { [key]: "x" } }), [
        `rename_params.${key}: may not rename "${key}"`
      ])
      assert.deepStrictEqual(wrong({ rename_params: { x: key } }), [`rename_params.x: may not rename "${key}"`])
      assert.deepStrictEqual(wrong({ drop_params: ["store", key] }), [`drop_params[1]: may not drop "${key}"`])
    }
    for (const key of [
      "messages[].role",
      "messages[].content",
      "messages[].content[].type",
      "messages[].content[].text",
      "stream.x",
      "__proto__",
      "a.__proto__.b"
    ]) {
      const named = key.includes("__proto__") ? "__proto__" : key
      assert.deepStrictEqual(wrong({ drop_params: [key] }), [`drop_params[0]: may not drop "${named}"`])
    }
    const title = "the name of a header that the gateway does not set itself"
    for (const name of ["Host", "content-length", "x y", ""]) {
      assert.deepStrictEqual(wrong({ key_header: name }), [
        `key_header: expected ${title}, got ${JSON.stringify(name)}`
      ])
      assert.lengthOf(wrong({ forward_headers: [name] }), 1)
    }
    assert.deepStrictEqual(wrong({ tool_call_ids: "short" }), [
      'tool_call_ids: expected "keep" | "alnum9" | "safe", got "short"'
    ])
  })

  it("drops fields within others, and refuses paths that lead nowhere", () => {
    const good = [
      "tools[].function.strict",
      "messages[].content[].cache_control",
      "messages[].tool_calls[].extra_content.google",
      "response_format.json_schema.strict",
      "stream_options.x",
      "a.b[][].c",
      "ключ.a b"
    ]
    assert.deepStrictEqual(backend({ drop_params: good }).dropParams, good)
    for (const path of [
      "",
      "a..b",
      ".a",
      "a.",
      "[]",
      "[].a",
      "a[0]",
      "a[*].b",
      "a[.b]",
      "a].b",
      "messages[].",
      "a. b"
    ]) {
      const [issue] = wrong({ drop_params: ["store", path] })
      const expected = path === "" ? "drop_params[1]: expected NonEmptyString" : `drop_params[1]: "${path}" is no path`
      assert.isTrue(issue?.startsWith(expected), issue)
    }
    for (const [path, list, right] of [
      ["tools.function.strict", "tools", "tools[].function.strict"],
      ["tools[][].function", "tools", "tools[].function"],
      ["messages.name", "messages", "messages[].name"],
      ["messages[].content.cache_control", "messages[].content", "messages[].content[].cache_control"],
      ["messages[].tool_calls.id", "messages[].tool_calls", "messages[].tool_calls[].id"]
    ]) {
      assert.deepStrictEqual(wrong({ drop_params: path }), [
        `drop_params[0]: "${path}" leads nowhere: "${list}" is a list, so write "${right}"`
      ])
    }
    assert.deepStrictEqual(wrong({ drop_params: "response_format[].strict" }), [
      'drop_params[0]: "response_format[].strict" leads nowhere: "response_format" is no list, so write "response_format.strict"'
    ])
    for (const path of ["temperature.x", "seed[]"]) {
      const [issue] = wrong({ drop_params: path })
      assert.isTrue(issue?.endsWith("has no fields"), issue)
    }
    for (const path of ["messages[]", "messages[].content[]", "prompt[]"]) {
      assert.lengthOf(wrong({ drop_params: path }), 1, path)
    }
    assert.deepStrictEqual(wrong({ drop_params: "tools[]" }), [
      'drop_params[0]: may not drop "tools[]", only all of a list or a field of its items'
    ])
    for (const [from, to] of [
      ["tools[].function.strict", "x"],
      ["a.b", "x"],
      ["x", "a.b"],
      ["a[]", "x"],
      ["x", "__proto__"]
    ] as const) {
      const [issue] = wrong({ rename_params: { [from]: to } })
      assert.isTrue(issue?.startsWith(`rename_params.${from}: may not rename`), issue)
    }
  })

  it("takes the model in the path or the query of its address, not in its host", () => {
    assert.strictEqual(
      backend({ base_url: "https://x.example/d/{model}?v=1" }).baseUrl,
      "https://x.example/d/{model}?v=1"
    )
    assert.lengthOf(wrong({ base_url: "https://{model}.example.com/v1" }), 1)
  })

  it("never repeats a secret", () => {
    const secret = "hunter2"
    const wrongs = [
      { api_key: [secret] },
      { api_key: { secret } },
      { api_keys: secret },
      { headers: { authorization: `${secret}\n` } },
      { headers: { "bad name": secret } },
      { headers: secret },
      { extra_body: secret },
      { extra_body: [secret] },
      { extra_body: { model: secret } },
      { base_url: `https://user:${secret}@api.example.com/v1` },
      { base_url: `https://${secret}@api.example.com/v1` }
    ]
    for (const over of wrongs) {
      const issues = wrong(over)
      assert.isNotEmpty(issues, Object.keys(over)[0])
      assert.notInclude(issues.join("\n"), secret)
    }
    assert.notInclude(JSON.stringify(backend({ api_key: secret })), secret)
    assert.notInclude(String(backends(entry({ api_key: secret }))[0]?.apiKey), secret)
  })
})
