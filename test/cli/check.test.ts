import * as fs from "node:fs"
import * as net from "node:net"
import { assert, describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Check from "../../src/cli/Check.js"
import * as Certificates from "../support/Certificates.js"
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

describe("what a configuration says of the way to a backend", () => {
  it.scoped("is judged with its place: proxies, files of certificates, sockets", () =>
    Effect.gen(function* () {
      const folder = yield* Temp.directory
      const files = Certificates.make(folder)
      const entry = (name: string, more: string) =>
        `  - { name: ${name}, model_match: { value: ${name} }, base_url: ${more} }\n`
      const path = yield* fileWith(
        [
          "openai_clients:\n",
          entry("a", "https://a.test/v1, proxy: socks5://me:a-secret@p.test"),
          entry("b", `https://b.test/v1, tls: { ca: ${folder}/none.pem }`),
          entry("c", `https://c.test/v1, tls: { cert: ${files.client.cert} }`),
          entry("d", `https://d.test/v1, tls: { cert: ${files.client.cert}, key: ${files.server.key} }`),
          entry("e", `https://e.test/v1, tls: { ca: ${files.client.key} }`),
          entry("f", `http://f.test/v1, tls: { ca: ${files.ca} }`),
          entry("g", "http+unix:///run/g.sock:/v1, proxy: http://p.test"),
          entry("h", "http+unix://host/run/h.sock"),
          entry("i", `https://i.test/v1, tls: { ca: /dev/zero }`)
        ].join("")
      )
      const { out: stdout } = yield* check(["--offline", path])
      const told = stdout.split("\n").map((line) => line.replace(path, "").replaceAll(folder, ""))
      assert.deepEqual(
        told.filter((line) => line.includes("error: ")).map((line) => line.replace(/^:(\d+):\d+: error: /, "$1 ")),
        [
          "2 openai_clients[0].proxy: expected an http:// or https:// URL of a proxy, or none, got a string",
          '9 openai_clients[7].base_url: expected an http:// or https:// URL without credentials, http+unix:///path/of.sock:/v1, or "demo:", got a string'
        ]
      )
      assert.notInclude(stdout, "a-secret")
      fs.writeFileSync(
        path,
        fs
          .readFileSync(path, "utf8")
          .split("\n")
          .filter((_, at) => ![1, 8].includes(at))
          .join("\n")
      )
      const rest = (yield* check(["--offline", path])).out.replaceAll(folder, "")
      assert.include(rest, "openai_clients[1].tls.cert: cert and key are only of use together")
      assert.include(rest, "openai_clients[4].tls: is of no use without a base_url of https://")
      assert.include(rest, "openai_clients[5].proxy: cannot lead to a Unix socket")
      fs.writeFileSync(
        path,
        fs
          .readFileSync(path, "utf8")
          .replaceAll("http://f", "https://f")
          .replace(", proxy: http://p.test", "")
          .replace(/.*https:..c\.test.*\n/, "")
      )
      const last = (yield* check(["--offline", path], { ALL_PROXY: "socks5://me:a-secret@p.test" })).out
      assert.notInclude(last, "a-secret")
      assert.include(
        last,
        "openai_clients[0].base_url: would be asked through the proxy of the environment variable ALL_PROXY, which is no URL such as"
      )
      assert.notInclude(last, "openai_clients[4].base_url")
      assert.match(last, /:2:\d+: error: openai_clients\[0\]\.tls\.ca: \S+none\.pem: ENOENT/)
      assert.match(last, /:3:\d+: error: openai_clients\[1\]\.tls\.key: is none for this certificate: \S+/)
      assert.match(last, /:4:\d+: error: openai_clients\[2\]\.tls\.ca: holds no certificate in PEM/)
      assert.match(last, /:7:\d+: error: openai_clients\[5\]\.tls\.ca: \/dev\/zero: it is no file/)
    })
  )

  it.scoped("is tried: a socket that is not there, and a proxy that is not", () =>
    Effect.gen(function* () {
      const path = yield* fileWith(
        [
          "openai_clients:\n",
          "  - { name: a, model_match: { value: a }, base_url: http+unix:///nowhere/a.sock:/v1 }\n",
          "  - { name: b, model_match: { value: b }, base_url: https://b.test/v1, proxy: http://127.0.0.1:1 }\n"
        ].join("")
      )
      const { out: stdout } = yield* check([path])
      assert.match(stdout, /openai_clients\[0\]\.base_url: cannot be reached: connect ENOENT \/nowhere\/a\.sock/)
      assert.match(stdout, /openai_clients\[1\]\.base_url: cannot be reached: its proxy cannot: connect ECONNREFUSED/)
    })
  )
})
