import { assert, describe, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Either from "effect/Either"
import * as fc from "effect/FastCheck"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import { formatPath } from "../../../src/domain/schema/ConfigIssue.js"
import * as GatewayConfig from "../../../src/domain/config/GatewayConfig.js"
import { entry, holds } from "../generators.js"

const decoded = (plain: unknown) => Either.getOrThrow(GatewayConfig.decode(plain))

const wrong = (plain: unknown): ReadonlyArray<string> =>
  Either.match(GatewayConfig.decode(plain), {
    onRight: () => [],
    onLeft: (issues) => issues.map(({ path, message }) => `${formatPath(path)}: ${message}`)
  })

const defaults: Pick<GatewayConfig.GatewayConfig, "server" | "log"> = {
  server: {
    drain: Duration.seconds(25),
    keepalive: Option.none(),
    idleTimeout: Duration.seconds(75),
    maxBody: 32 * 1024 * 1024,
    maxUpload: 100 * 1024 * 1024,
    bodyTimeout: Duration.seconds(30),
    maxBytesInFlight: Option.none(),
    maxValues: 500_000,
    corsOrigins: ["http://localhost:*", "http://127.0.0.1:*"],
    hosts: [],
    maxInFlight: 5_000,
    queue: { size: 1_000, timeout: Duration.seconds(10) },
    readyDelay: Duration.zero,
    operatorEndpoints: false,
    operatorKey: Option.none(),
    explainHeaders: false,
    trustedProxies: [],
    workers: 1,
    upstream: "http1"
  },
  log: {
    durability: "wal",
    bodies: "redacted",
    archive: true,
    maxBody: 1024 * 1024,
    retention: Option.none()
  }
}

describe("GatewayConfig", () => {
  it("has a default for all but the backends", () => {
    for (const over of [{}, { server: null, log: null }, { server: {}, log: {} }, { server: { drain: null } }]) {
      const { server, log } = decoded({ openai_clients: [entry()], ...over })
      assert.deepStrictEqual({ server, log }, defaults)
    }
  })

  it("cleans messages for all as the top says, and for one as it says itself, key by key", () => {
    const cleanings = (clean: unknown, ...own: ReadonlyArray<object>) =>
      decoded({
        clean,
        openai_clients: own.map((over, index) => ({ ...entry(), name: String(index), ...over }))
      }).backends.map((backend) => backend.clean)
    const usual = { userTurns: "auto", trim: true, stripTags: ["think", "tool_call"] } as const
    const nothing = { userTurns: "keep", trim: false, stripTags: [] } as const
    assert.deepStrictEqual(cleanings(null, {}), [usual])
    assert.deepStrictEqual(
      cleanings(
        { user_turns: "keep", strip_tags: ["a"] },
        {},
        { clean: {} },
        { clean: { user_turns: "join" } },
        { clean: { trim: false } },
        { strip_tags: ["b"] },
        { clean: "none" }
      ),
      [
        { ...usual, userTurns: "keep", stripTags: ["a"] },
        { ...usual, userTurns: "keep", stripTags: ["a"] },
        { ...usual, userTurns: "join", stripTags: ["a"] },
        { userTurns: "keep", trim: false, stripTags: ["a"] },
        { ...usual, userTurns: "keep", stripTags: ["b"] },
        nothing
      ]
    )
    assert.deepStrictEqual(cleanings("none", {}, { clean: { trim: true } }), [nothing, { ...nothing, trim: true }])
    assert.deepStrictEqual(cleanings(false, {}), [nothing])
  })

  it("finds keys that are said twice also where others are wrong", () => {
    const config = { openai_clients: [{ ...entry(), clean: { strip_tags: ["a"] }, strip_tags: ["a"] }], sever: {} }
    assert.lengthOf(wrong(config), 2)
    assert.deepStrictEqual(wrong({ ...config, sever: undefined, clean: { user_turn: "keep" } }).toSorted(), [
      'clean.user_turn: unknown key "user_turn" (did you mean "user_turns"?)',
      "openai_clients[0].strip_tags: is the older name of clean.strip_tags, which is said here, too; keep only one of them",
      'sever: unknown key "sever" (did you mean "server"?)'
    ])
  })

  it("reads the server's and the log's keys", () => {
    const { server, log } = decoded({
      openai_clients: [entry()],
      server: {
        drain: "5s",
        keepalive: "15s",
        idle_timeout: "620s",
        max_body: "1MiB",
        max_upload: "2GiB",
        body_timeout: "3s",
        max_bytes_in_flight: "100MiB",
        max_values: 1_000,
        cors_origins: "https://a.example",
        hosts: "gateway.example",
        max_in_flight: 7,
        queue: { size: 5 },
        ready_delay: "2s",
        operator_endpoints: true,
        operator_key: " secret ",
        explain_headers: true,
        trusted_proxies: ["10.0.0.0/8"],
        workers: "auto",
        upstream: "undici"
      },
      log: { durability: "sync", bodies: "none", archive: false, max_body: "1KiB", retention: "12 months" }
    })
    assert.deepStrictEqual(server, {
      drain: Duration.seconds(5),
      keepalive: Option.some(Duration.seconds(15)),
      idleTimeout: Duration.seconds(620),
      maxBody: 1_048_576,
      maxUpload: 2 * 1024 ** 3,
      bodyTimeout: Duration.seconds(3),
      maxBytesInFlight: Option.some(104_857_600),
      maxValues: 1_000,
      corsOrigins: ["https://a.example"],
      hosts: ["gateway.example"],
      maxInFlight: 7,
      queue: { size: 5, timeout: Duration.seconds(10) },
      readyDelay: Duration.seconds(2),
      operatorEndpoints: true,
      operatorKey: Option.some(Redacted.make("secret")),
      explainHeaders: true,
      trustedProxies: [{ version: 4, address: 167_772_160n, bits: 8 }],
      workers: "auto",
      upstream: "undici"
    })
    assert.deepStrictEqual(log, {
      durability: "sync",
      bodies: "none",
      archive: false,
      maxBody: 1_024,
      retention: Option.some({ _tag: "Months" as const, months: 12 })
    })
  })

  it("keeps the backends in their order", () => {
    const { backends } = decoded({ openai_clients: [entry({ name: "b" }), entry({ name: "a" })] })
    assert.deepStrictEqual(
      backends.map(({ name }) => name),
      ["b", "a"]
    )
  })

  it("needs a list of at least one backend", () => {
    assert.deepStrictEqual(wrong({}), ["openai_clients: is required"])
    assert.deepStrictEqual(wrong({ openai_clients: [] }), [
      "openai_clients: expected a list of at least one backend, got an empty list"
    ])
    for (const openai_clients of [null, {}, "x"]) assert.lengthOf(wrong({ openai_clients }), 1)
    for (const plain of [null, undefined, [], "x", 5]) {
      assert.match(wrong(plain).join(), /^: expected a mapping, got (nothing|an empty list|"x"|5)$/)
    }
  })

  it("knows its keys, at every level", () => {
    const openai_clients = [entry()]
    assert.deepStrictEqual(wrong({ openai_clients, sever: {} }), [
      'sever: unknown key "sever" (did you mean "server"?)'
    ])
    assert.deepStrictEqual(wrong({ openai_clients, server: { maxbody: 1 } }), [
      'server.maxbody: unknown key "maxbody" (did you mean "max_body"?)'
    ])
    assert.deepStrictEqual(wrong({ openai_clients, log: { archived: true } }), [
      'log.archived: unknown key "archived" (did you mean "archive"?)'
    ])
    assert.deepStrictEqual(wrong({ openai_client: openai_clients }).toSorted(), [
      'openai_client: unknown key "openai_client" (did you mean "openai_clients"?)',
      "openai_clients: is required"
    ])
  })

  it("says what it expected of the server and the log", () => {
    const openai_clients = [entry()]
    assert.deepStrictEqual(
      wrong({ openai_clients, server: { drain: "soon", max_body: "big" }, log: { archive: "yes" } }),
      [
        'server.drain: expected a duration such as 500ms, 10s or 2m, got "soon"',
        'server.max_body: expected a size such as 512KiB, 32MiB or a number of bytes, got "big"',
        'log.archive: expected boolean, got "yes"'
      ]
    )
    assert.deepStrictEqual(wrong({ openai_clients, server: [] }), ["server: expected a mapping, got an empty list"])
  })

  it("takes no more workers than every limit can be shared by", () => {
    const issuesOf = (workers: unknown) =>
      wrong({ openai_clients: [entry({ max_in_flight: 2 })], server: { workers, max_in_flight: 3 } })
    for (const workers of [1, 2, "2", "auto", " auto ", null]) assert.deepStrictEqual(issuesOf(workers), [])
    assert.deepStrictEqual(issuesOf(4), [
      "server.max_in_flight: 3 cannot be shared by 4 workers (server.workers)",
      "openai_clients[0].max_in_flight: 2 cannot be shared by 4 workers (server.workers)"
    ])
    for (const workers of [0, 65, 1.5, "many", true]) {
      assert.include(issuesOf(workers)[0], "server.workers: expected a whole number from 1 to 64, or auto, got")
    }
  })

  it("wants every name once", () => {
    assert.deepStrictEqual(wrong({ openai_clients: [entry(), entry({ name: "b" }), entry(), entry()] }), [
      'openai_clients[2].name: "a" is already openai_clients[0]',
      'openai_clients[3].name: "a" is already openai_clients[0]'
    ])
  })

  it("finds what is wrong among the backends beside what else is wrong", () => {
    assert.deepStrictEqual(
      wrong({ openai_clients: [{ ...entry(), priorty: 1 }, entry({ fallback: "x" })], server: [] }),
      [
        'openai_clients[0].priorty: unknown key "priorty" (did you mean "priority"?)',
        "server: expected a mapping, got an empty list",
        'openai_clients[1].name: "a" is already openai_clients[0]',
        'openai_clients[1].fallback: no backend serves a model "x" and none is named so (did you mean "a"?)'
      ]
    )
  })

  describe("a fallback", () => {
    const withFallback = (fallback: string | false | null) => ({
      openai_clients: [
        entry({ name: "main", model_match: { type: "exact", value: ["gpt-4"] }, fallback }),
        entry({ name: "spare", model_match: { type: "keyword", value: ["claude"] } })
      ]
    })

    it("may name a model that is served, or a backend, itself too", () => {
      for (const fallback of ["gpt-4", "claude-3", "spare", "main", false, null] as const) {
        assert.deepStrictEqual(wrong(withFallback(fallback)), [])
      }
    })

    it("that names neither is wrong", () => {
      assert.deepStrictEqual(wrong(withFallback("sparee")), [
        'openai_clients[0].fallback: no backend serves a model "sparee" and none is named so (did you mean "spare"?)'
      ])
      assert.deepStrictEqual(wrong(withFallback("something-else")), [
        'openai_clients[0].fallback: no backend serves a model "something-else" and none is named so'
      ])
    })
  })

  it("is total: any JSON is a configuration or has its faults named", () =>
    holds(fc.jsonValue(), (value) => {
      for (const plain of [
        value,
        { openai_clients: value },
        { openai_clients: [value] },
        { openai_clients: [entry()], server: value }
      ]) {
        const result = GatewayConfig.decode(plain)
        if (Either.isRight(result)) continue
        assert.isNotEmpty(result.left)
        for (const { message } of result.left) assert.match(message, /\S/)
      }
    }))
})
