import * as fs from "node:fs"
import * as net from "node:net"
import { assert, describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Check from "../../src/cli/Check.js"
import * as CommandLine from "../support/CommandLine.js"
import * as Environment from "../support/Environment.js"
import * as ScriptedUpstream from "../support/ScriptedUpstream.js"
import * as Temp from "../support/Temp.js"

const golden = new URL("golden/", import.meta.url).pathname
const root = new URL("../../", import.meta.url).pathname

const check = (args: ReadonlyArray<string>, env: Readonly<Record<string, string>> = {}) =>
  CommandLine.run(Check.command, args, env)

/** A file with this text. */
const fileWith = (text: string) =>
  Effect.map(Temp.directory, (folder) => {
    fs.writeFileSync(`${folder}/config.yaml`, text)
    return `${folder}/config.yaml`
  })

const Issue = Schema.Struct({
  line: Schema.NullOr(Schema.Number),
  column: Schema.NullOr(Schema.Number),
  path: Schema.String,
  message: Schema.String
})
const Printed = Schema.parseJson(
  Schema.Struct({
    config: Schema.String,
    valid: Schema.Boolean,
    errors: Schema.Array(Issue),
    warnings: Schema.Array(Issue)
  })
)

describe("causeway check", () => {
  for (const [name, ok] of [
    ["errors", false],
    ["warnings", true]
  ] as const) {
    it.effect(`tells all ${name} at once, each with its place, and no key`, () =>
      Effect.gen(function* () {
        const { err, out, ...ran } = yield* check([`${golden}${name}.yaml`, "--offline"], { TOKEN: "token-secret-1" })
        assert.strictEqual(ran.ok, ok)
        assert.strictEqual(err, "")
        assert.notMatch(out, /-secret-/)
        yield* Effect.promise(() => expect(out.replaceAll(golden, "")).toMatchFileSnapshot(`golden/check ${name}.txt`))
      })
    )
  }

  it.effect("exits with 1 for warnings if it is strict", () =>
    Effect.gen(function* () {
      const { ok, out } = yield* check(["--strict", "--offline", `${golden}warnings.yaml`], { TOKEN: "t" })
      assert.isFalse(ok)
      assert.include(out, "warning: ")
    })
  )

  it.effect("prints JSON for scripts", () =>
    Effect.gen(function* () {
      const path = yield* fileWith(
        "openai_clients:\n  - name: a\n    base_url: 'demo:'\n    model_match: { value: [m, m] }\n"
      )
      const { ok, out } = yield* check([path, "--json"])
      assert.isTrue(ok)
      assert.deepStrictEqual(yield* Schema.decodeUnknown(Printed)(out), {
        config: path,
        valid: true,
        errors: [],
        warnings: [
          {
            line: 4,
            column: 31,
            path: "openai_clients[0].model_match.value[1]",
            message: '"m" already stands in this list'
          }
        ]
      })
    }).pipe(Effect.scoped)
  )

  it.effect("prints what is no YAML, and what is not there, as JSON too", () =>
    Effect.gen(function* () {
      const path = yield* fileWith("openai_clients: [")
      const malformed = yield* check([path, "--json"])
      assert.isFalse(malformed.ok)
      const { errors, valid } = yield* Schema.decodeUnknown(Printed)(malformed.out)
      assert.isFalse(valid)
      assert.deepStrictEqual(
        errors.map(({ line, path }) => [line, path]),
        [[1, ""]]
      )
      const missing = yield* check(["/nowhere.yaml", "--json"])
      assert.isFalse(missing.ok)
      const [error] = (yield* Schema.decodeUnknown(Printed)(missing.out)).errors
      assert.match(error?.message ?? "", /^cannot be read: .*no such file/)
    }).pipe(Effect.scoped)
  )

  it.effect("takes its file as an argument, by --config or from the environment", () =>
    Effect.gen(function* () {
      const path = `${root}config.yaml`
      for (const ran of [check([path]), check(["--config", path]), check([], { CAUSEWAY_CONFIG: path })]) {
        assert.deepStrictEqual(yield* ran, { out: `${path}: 1 backend, all well\n`, err: "", ok: true })
      }
    })
  )

  it.effect("does not take an unknown flag for a file", () =>
    Effect.gen(function* () {
      const { err, ok, out } = yield* check(["--ofline"])
      assert.isFalse(ok)
      assert.include(out + err, "--ofline")
      assert.notInclude(out + err, "cannot be read")
    })
  )

  for (const name of fs.readdirSync(`${root}examples/configs`)) {
    it.effect(`finds nothing in examples/configs/${name} but defaults that are taken`, () =>
      Effect.gen(function* () {
        const path = `${root}examples/configs/${name}`
        const { ok, out } = yield* check([path, "--offline"], Environment.forText(fs.readFileSync(path, "utf8")))
        assert.isTrue(ok, out)
        const lines = out.trimEnd().split("\n").slice(0, -1)
        assert.deepStrictEqual(
          lines.filter((line) => !line.endsWith("so its default is taken")),
          []
        )
      })
    )
  }

  it.scopedLive("connects to every backend at once, and sends nothing", () =>
    Effect.gen(function* () {
      const upstream = yield* ScriptedUpstream.make((call) => call.json(500, {}))
      const closed = yield* Effect.promise(closedPort)
      const path = yield* fileWith(
        [
          "openai_clients:",
          `  - { name: up, base_url: "${upstream.url}", model_match: { value: a } }`,
          `  - { name: down, base_url: "http://127.0.0.1:${closed}/v1", model_match: { value: b } }`,
          `  - { name: no-tls, base_url: "${upstream.url.replace("http:", "https:")}", model_match: { value: c } }`,
          `  - { name: demo, base_url: "demo:", model_match: { value: d } }`
        ].join("\n")
      )
      const online = yield* check([path])
      assert.isTrue(online.ok)
      const [down = "", noTls = "", ...rest] = online.out.replaceAll(path, "").trimEnd().split("\n")
      assert.match(down, /^:3:\d+: warning: openai_clients\[1\]\.base_url: cannot be reached: .*ECONNREFUSED/)
      assert.match(noTls, /^:4:\d+: warning: openai_clients\[2\]\.base_url: cannot be reached: \S/)
      assert.deepStrictEqual(rest, [": 4 backends, 2 warnings"])
      assert.deepStrictEqual(upstream.received, [])
      const offline = yield* check([path, "--offline"])
      assert.strictEqual(offline.out, `${path}: 4 backends, all well\n`)
    })
  )
})

/** A port that nobody listens on. */
const closedPort = (): Promise<number> =>
  new Promise((resolve) => {
    const server = net.createServer().listen(0, "127.0.0.1", () => {
      const address = server.address()
      server.close(() => resolve(typeof address === "object" && address !== null ? address.port : 0))
    })
  })
