import * as fs from "node:fs"
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as SqliteStore from "../src/records/store/SqliteStore.js"
import * as ChildGateway from "./support/ChildGateway.js"
import * as Database from "./support/Database.js"
import { freePort } from "./support/FreePort.js"
import * as Records from "./support/Records.js"
import * as ScriptedUpstream from "./support/ScriptedUpstream.js"
import * as Temp from "./support/Temp.js"
import { until } from "./support/Until.js"

const demo = `openai_clients:\n  - name: demo\n    base_url: "demo:"\n    model_match: { type: exact, value: [demo] }\n`

/** A directory with a `config.yaml`. */
const folderWith = (config: string, name = "config.yaml") =>
  Effect.map(Temp.directory, (folder) => {
    fs.writeFileSync(`${folder}/${name}`, config)
    return folder
  })

const started = (options: ChildGateway.Options) =>
  Effect.gen(function* () {
    const child = yield* ChildGateway.make(options)
    return { child, url: yield* Effect.promise(() => child.url) }
  })

const ask = (url: string, content: string, more: object = {}, headers: Readonly<Record<string, string>> = {}) =>
  fetch(`${url}/v1/chat/completions`, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: JSON.stringify({ model: "demo", messages: [{ role: "user", content }], ...more })
  })

const answerTo = (url: string, content: string) => Effect.promise(async () => (await ask(url, content)).text())

/** Asks for a stream and comes back with its first piece in hand. */
const openStream = async (url: string, content: string) => {
  const response = await ask(url, content, { stream: true })
  if (response.body === null) throw new Error("no body")
  const reader: ReadableStreamDefaultReader<Uint8Array> = response.body.getReader()
  const decoder = new TextDecoder()
  let text = decoder.decode((await reader.read()).value, { stream: true })
  return async () => {
    const read = async () => {
      for (let next = await reader.read(); !next.done; next = await reader.read())
        text += decoder.decode(next.value, { stream: true })
      return true
    }
    // Only what is whole ends well.
    const isWhole = await read().catch(() => false)
    assert.strictEqual(isWhole, text.endsWith("data: [DONE]\n\n"))
    return text
  }
}

const stopped = (child: ChildGateway.ChildGateway, signal: NodeJS.Signals = "SIGTERM") =>
  Effect.promise(() => {
    child.kill(signal)
    return child.exit
  })

const answers = (url: string) =>
  fetch(`${url}/health`, { headers: { connection: "close" } }).then(
    () => true,
    () => false
  )

/** Resolves when it takes no more connections. */
const refusing = async (url: string) => {
  while (await answers(url));
}

/** Resolves when it takes connections, for whoever cannot read that it does. */
const answering = async (url: string) => {
  while (!(await answers(url))) await new Promise((resolve) => setTimeout(resolve, 10))
}

/** A port that nobody listened on a moment ago. */
const LogLine = Schema.parseJson(
  Schema.Struct({
    message: Schema.Unknown,
    logLevel: Schema.String,
    timestamp: Schema.String,
    annotations: Schema.Record({ key: Schema.String, value: Schema.Unknown })
  })
)

const logLines = (text: string) =>
  text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => Schema.decodeUnknownSync(LogLine)(line))

const accessLines = (text: string) => logLines(text).filter(({ message }) => message === "exchange")

// Each waits for a process of its own most of the time.
describe.concurrent("the process", () => {
  it.scopedLive(
    "says where it listens, serves, reads its configuration again, and stops with 0 on SIGTERM; records go to ./record.db",
    () =>
      Effect.gen(function* () {
        const folder = yield* folderWith(demo)
        const { child, url } = yield* started({ folder, flags: ["--port", "0"] })
        assert.match(child.stdout(), /^Causeway is listening on http:\/\/127\.0\.0\.1:\d+\n$/)
        Temp.replace(`${folder}/config.yaml`, `${demo}    wat: 1\n`)
        yield* Effect.promise(() => until(() => child.stderr().includes("config.yaml:5:5: ")))
        assert.include(yield* answerTo(url, "Hi"), "You said: Hi")
        Temp.replace(`${folder}/config.yaml`, demo.replace("[demo]", "[renamed]"))
        yield* Effect.promise(() => until(() => child.stderr().includes("Configuration reloaded")))
        assert.include(yield* answerTo(url, "Hi"), "model_not_found")
        assert.strictEqual(yield* stopped(child), 0)
        assert.deepStrictEqual(Temp.names(folder), ["config.yaml", "record.db", "record.lock"])
        const rows = Database.records(`${folder}/record.db`)
        assert.deepStrictEqual(
          rows.map(({ Backend, Outcome }) => [Backend, Outcome]),
          [
            ["demo", "Completed"],
            [null, "ModelNotFound"]
          ]
        )
      })
  )

  it.scopedLive("takes flags before the environment", () =>
    Effect.gen(function* () {
      const folder = yield* folderWith(demo, "flag.yaml")
      fs.mkdirSync(`${folder}/data`)
      const { child, url } = yield* started({
        folder,
        flags: ["serve", "--config", "flag.yaml", "--host", "0.0.0.0", "--port=0"],
        env: {
          CAUSEWAY_CONFIG: "env.yaml",
          SERVER_HOST: "192.0.2.1",
          SERVER_PORT: "1",
          RECD_PATH: "sqlite:data/rows.db",
          LOG_LEVEL: "error"
        }
      })
      assert.match(url, /^http:\/\/0\.0\.0\.0:[1-9]\d*$/)
      assert.include(yield* answerTo(url.replace("0.0.0.0", "127.0.0.1"), "Hi"), "You said: Hi")
      assert.strictEqual(yield* stopped(child), 0)
      assert.lengthOf(Database.records(`${folder}/data/rows.db`), 1)
      assert.strictEqual(child.stderr(), "")
      assert.isFalse(fs.existsSync(`${folder}/record.db`))
    })
  )

  it.scopedLive(
    "takes everything from the environment; logs JSON lines on stderr and in LOG_FILE, one for each exchange, and no key anywhere",
    () =>
      Effect.gen(function* () {
        const keys = {
          config: "sk-config-key-0000001",
          header: "header-secret-0000002",
          caller: "sk-caller-key-0000003",
          anthropic: "sk-x-api-key-0000004",
          cookie: "cookie-secret-0000005"
        }
        const upstream = yield* ScriptedUpstream.make((call) => {
          if (call.number > 0) return ScriptedUpstream.answerWell("Hello")(call)
          const given = call.received.headers.authorization
          call.json(401, { error: { message: `Incorrect API key provided: ${given}.`, type: "invalid_request_error" } })
        })
        const folder = yield* folderWith(
          [
            "openai_clients:",
            "  - name: a",
            `    base_url: ${upstream.url}`,
            "    api_key: ${UPSTREAM_KEY}",
            "    headers: { x-upstream-secret: '${UPSTREAM_HEADER}' }",
            "    model_match: { type: exact, value: [demo] }"
          ].join("\n"),
          "env.yaml"
        )
        const { child, url } = yield* started({
          folder,
          env: {
            CAUSEWAY_CONFIG: `${folder}/env.yaml`,
            SERVER_HOST: "localhost",
            SERVER_PORT: "0",
            RECD_PATH: `${folder}/own.db`,
            LOG_FORMAT: "json",
            LOG_LEVEL: "all",
            LOG_FILE: "causeway.log",
            UPSTREAM_KEY: keys.config,
            UPSTREAM_HEADER: keys.header
          }
        })
        const headers = {
          authorization: `Bearer ${keys.caller}`,
          "x-api-key": keys.anthropic,
          cookie: `session=${keys.cookie}`
        }
        const bodies = yield* Effect.promise(async () => {
          const bodies: Array<string> = []
          for (const more of [{}, {}, { stream: true }, { model: "nowhere" }]) {
            bodies.push(await (await ask(url, "Hi", more, headers)).text())
          }
          return bodies
        })
        assert.strictEqual(upstream.received[1]?.headers.authorization, `Bearer ${keys.config}`)
        assert.strictEqual(yield* stopped(child, "SIGINT"), 0)

        const access = accessLines(child.stderr())
        assert.deepStrictEqual(
          access.map(({ annotations }) => annotations["outcome"]),
          ["NoBackendAvailable", "Completed", "Completed", "ModelNotFound"]
        )
        assert.deepInclude(access[1]?.annotations, { model: "demo", backend: "a", status: 200, tokens: 5 })
        assert.deepStrictEqual(
          accessLines(fs.readFileSync(`${folder}/causeway.log`, "utf8")).map(({ annotations }) => annotations["id"]),
          Database.records(`${folder}/own.db`).map(({ id }) => id)
        )
        assert.strictEqual(fs.statSync(`${folder}/causeway.log`).mode & 0o777, 0o600)

        const written = Temp.names(folder).map((name) => fs.readFileSync(`${folder}/${name}`, "latin1"))
        for (const text of [...written, ...bodies, child.stdout(), child.stderr()]) {
          for (const key of Object.values(keys)) assert.notInclude(text, key)
        }
      })
  )

  it.scopedLive("refuses a bad configuration with every mistake and its place", () =>
    Effect.gen(function* () {
      const folder = yield* folderWith(`${demo}    priorty: 1\nserver: { drain: soon }\n`)
      const child = yield* ChildGateway.make({ folder, flags: ["--port", "0"] })
      assert.strictEqual(yield* Effect.promise(() => child.exit), 1)
      assert.strictEqual(
        child.stderr(),
        [
          'config.yaml:5:5: openai_clients[0].priorty: unknown key "priorty" (did you mean "priority"?)',
          'config.yaml:6:11: server.drain: expected a duration such as 500ms, 10s or 2m, got "soon"',
          ""
        ].join("\n")
      )
      assert.strictEqual(child.stdout(), "")
    })
  )

  it.scopedLive("refuses an unknown flag and names it", () =>
    Effect.gen(function* () {
      const child = yield* ChildGateway.make({ folder: yield* folderWith(demo), flags: ["--nope"] })
      assert.strictEqual(yield* Effect.promise(() => child.exit), 1)
      assert.include(child.stdout() + child.stderr(), "--nope")
    })
  )

  it.scopedLive("lets a stream end after SIGTERM, and its row is in the file", () =>
    Effect.gen(function* () {
      const folder = yield* folderWith(demo)
      const { child, url } = yield* started({ folder, flags: ["--port", "0"] })
      const words = Array.from({ length: 30 }, (_, n) => `word${n}`).join(" ")
      const rest = yield* Effect.promise(() => openStream(url, words))
      child.kill("SIGTERM")
      const text = yield* Effect.promise(rest)
      assert.include(text, "word29")
      assert.isTrue(text.endsWith("data: [DONE]\n\n"))
      assert.strictEqual(yield* Effect.promise(() => child.exit), 0)
      const [row] = Database.records(`${folder}/record.db`)
      assert.strictEqual(row?.Outcome, "Completed")
      assert.include(row?.Response ?? "", "word29")
    })
  )

  it.scopedLive("cuts a stream without an end at the deadline after SIGINT", () =>
    Effect.gen(function* () {
      const upstream = yield* ScriptedUpstream.make((call) => call.events(ScriptedUpstream.chunk({ content: "on" })))
      const folder = yield* folderWith(`${demo.replace("demo:", upstream.url)}server: { drain: 500ms }\n`)
      const { child, url } = yield* started({ folder, flags: ["--port", "0"], env: { LOG_FORMAT: "json" } })
      const rest = yield* Effect.promise(() => openStream(url, "Hi"))
      const before = performance.now()
      child.kill("SIGINT")
      const text = yield* Effect.promise(rest)
      assert.include(text, '"code":"shutting_down"')
      assert.notInclude(text, "[DONE]")
      assert.strictEqual(yield* Effect.promise(() => child.exit), 0)
      const took = performance.now() - before
      assert.isAtLeast(took, 490)
      assert.isBelow(took, 5_000)
      const rows = Database.records(`${folder}/record.db`)
      assert.deepStrictEqual(
        rows.map(({ Outcome }) => Outcome),
        ["CutByDrain"]
      )
      assert.lengthOf(accessLines(child.stderr()), 1)
    })
  )

  it.scopedLive("goes on serving when its log file cannot be written", () =>
    Effect.gen(function* () {
      const folder = yield* folderWith(demo)
      fs.writeFileSync(`${folder}/file`, "")
      const { child, url } = yield* started({
        folder,
        flags: ["--port", "0"],
        env: { LOG_FILE: "file/causeway.log" }
      })
      assert.include(yield* answerTo(url, "Hi"), "You said: Hi")
      assert.strictEqual(yield* stopped(child), 0)
      assert.include(child.stderr(), "The log file cannot be written")
      assert.lengthOf(Database.records(`${folder}/record.db`), 1)
    })
  )

  it.scopedLive.each<[string, ChildGateway.Options["without"], string, string]>([
    ["nobody reads its output", "stdout", "json", ""],
    ["its output is closed", undefined, "json", ">&-"],
    ["its output is full", undefined, "json", ">/dev/full"],
    ["nobody reads its log", "stderr", "json", ""],
    ["nobody reads its log for people", "stderr", "pretty", ""],
    ["its log is closed", undefined, "pretty", "2>&-"],
    ["its log is full", undefined, "pretty", "2>/dev/full"]
  ])("serves all the same when %s", ([, without, format, redirected]) =>
    Effect.gen(function* () {
      const folder = yield* folderWith(`${demo}server: { workers: 1 }\n`)
      const port = yield* freePort
      const child = yield* ChildGateway.make({
        folder,
        flags: ["--port", String(port)],
        env: { LOG_FORMAT: format, LOG_LEVEL: "all" },
        without,
        redirected
      })
      const url = `http://127.0.0.1:${port}`
      yield* Effect.promise(() => answering(url))
      for (let times = 0; times < 3; times++) assert.include(yield* answerTo(url, "Hi"), "You said: Hi")
      // What cannot be written is noticed a moment later.
      Temp.replace(`${folder}/config.yaml`, demo.replace("[demo]", "[demo, renamed]"))
      yield* Effect.promise(async () => {
        while (!(await (await fetch(`${url}/v1/models`)).text()).includes("renamed"));
      })
      assert.strictEqual(yield* stopped(child), 0)
      assert.lengthOf(Database.records(`${folder}/record.db`), 3)
    })
  )

  it.scopedLive("ends a reading command whose reader is gone, and says nothing of it", () =>
    Effect.gen(function* () {
      const folder = yield* folderWith(demo)
      const records = Array.from({ length: 2_000 }, (_, n) =>
        Records.record(`req_${n}`, { Request: "x".repeat(1_000) })
      )
      yield* SqliteStore.open(`${folder}/record.db`).pipe(
        Effect.flatMap((store) => store.insert(records)),
        Effect.scoped,
        Effect.provide(NodeFileSystem.layer)
      )
      for (const flags of [
        ["log", "export"],
        ["log", "--limit", "2000"],
        ["log", "--limit", "2000", "--json"]
      ]) {
        const child = yield* ChildGateway.make({ folder, flags, without: "stdout" })
        assert.strictEqual(yield* Effect.promise(() => child.exit), 0, flags.join(" "))
        assert.strictEqual(child.stderr(), "")
      }
    })
  )

  it.scopedLive("ends at once on a second signal", () =>
    Effect.gen(function* () {
      const upstream = yield* ScriptedUpstream.make((call) => call.events(ScriptedUpstream.chunk({ content: "on" })))
      const folder = yield* folderWith(demo.replace("demo:", upstream.url))
      const { child, url } = yield* started({ folder, flags: ["--port", "0"] })
      const rest = yield* Effect.promise(() => openStream(url, "Hi"))
      child.kill("SIGTERM")
      // It has heard the first when it takes no more connections.
      yield* Effect.promise(() => refusing(url))
      child.kill("SIGTERM")
      assert.strictEqual(yield* Effect.promise(() => child.exit), "SIGTERM")
      yield* Effect.promise(() => rest().catch(() => ""))
    })
  )

  it.scopedLive("says what it can do, and its version", () =>
    Effect.gen(function* () {
      const folder = yield* Temp.directory
      const help = yield* ChildGateway.make({ folder, flags: ["--help"] })
      const version = yield* ChildGateway.make({ folder, flags: ["--version"] })
      assert.strictEqual(yield* Effect.promise(() => help.exit), 0)
      assert.strictEqual(yield* Effect.promise(() => version.exit), 0)
      for (const command of ["serve", "check", "explain", "ping", "health", "init"]) {
        assert.match(help.stdout(), new RegExp(`^  - ${command} `, "m"))
      }
      for (const flag of ["--config", "--host", "--port"]) assert.include(help.stdout(), flag)
      assert.match(version.stdout(), /^\d+\.\d+\.\d+\s*$/)
    })
  )

  it.scopedLive("goes from nothing to a checked and pinged configuration", () =>
    Effect.gen(function* () {
      const folder = yield* Temp.directory
      const run = (...flags: ReadonlyArray<string>) =>
        Effect.gen(function* () {
          const child = yield* ChildGateway.make({ folder, flags })
          const code = yield* Effect.promise(() => child.exit)
          return { code, out: child.stdout(), err: child.stderr() }
        })
      assert.deepStrictEqual(yield* run("init"), {
        code: 0,
        out: "Wrote config.yaml and config.schema.json.\nNext: causeway serve\n",
        err: ""
      })
      assert.deepStrictEqual(yield* run("check", "--strict"), {
        code: 0,
        out: "config.yaml: 1 backend, all well\n",
        err: ""
      })
      const pinged = yield* run("ping")
      assert.strictEqual(pinged.code, 0)
      assert.match(pinged.out, /^demo +demo +yes +none needed +1 +yes +yes +\d+ ms +\d+ ms$/m)
      assert.deepStrictEqual(Temp.names(folder), ["config.schema.json", "config.yaml"])

      fs.writeFileSync(`${folder}/config.yaml`, `${demo}    priorty: 1\n`)
      assert.deepStrictEqual(yield* run("check"), {
        code: 1,
        out: [
          'config.yaml:5:5: error: openai_clients[0].priorty: unknown key "priorty" (did you mean "priority"?)',
          "config.yaml: 1 error",
          ""
        ].join("\n"),
        err: ""
      })
    })
  )

  it.scopedLive("knows its commands, for a shell too", () =>
    Effect.gen(function* () {
      const folder = yield* Temp.directory
      const unknown = yield* ChildGateway.make({ folder, flags: ["chek"] })
      const completions = yield* ChildGateway.make({ folder, flags: ["--completions", "bash"] })
      assert.strictEqual(yield* Effect.promise(() => unknown.exit), 1)
      assert.match(unknown.stderr(), /use one of 'serve', 'log', 'check', 'explain', 'ping', 'health', 'init'/)
      assert.strictEqual(yield* Effect.promise(() => completions.exit), 0)
      for (const command of ["serve", "log", "check", "explain", "ping", "health", "init"]) {
        assert.include(completions.stdout(), `causeway,${command})`)
      }
    })
  )
})
