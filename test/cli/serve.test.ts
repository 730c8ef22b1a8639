import * as fs from "node:fs"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Serve from "../../src/cli/Serve.js"
import * as CommandLine from "../support/CommandLine.js"
import * as ScriptedUpstream from "../support/ScriptedUpstream.js"
import * as Temp from "../support/Temp.js"

const demo = `openai_clients:\n  - name: demo\n    base_url: "demo:"\n    model_match: { type: exact, value: [demo] }\n`

/** Runs `causeway serve` over a configuration that it is not to get to serve. */
const serve = (config: string, args: ReadonlyArray<string>, env: Readonly<Record<string, string>> = {}) =>
  Effect.gen(function* () {
    const folder = yield* Temp.directory
    fs.writeFileSync(`${folder}/config.yaml`, config)
    const flags = args.includes("--config") ? args : ["--config", `${folder}/config.yaml`, ...args]
    const ran = yield* CommandLine.run(Serve.command, flags, { RECD_PATH: `${folder}/record.db`, ...env })
    assert.isFalse(ran.ok)
    return { ...ran, err: ran.err.replaceAll(`${folder}/`, "") }
  })

describe("causeway serve", () => {
  for (const [name, config, text] of [
    ["what is no YAML", "openai_clients: [", /^config\.yaml:1:\d+: \S/],
    ["an alias without an anchor", `${demo}    timeouts: *nowhere\n`, /^config\.yaml:\d+:\d+: .*nowhere/]
  ] as const) {
    it.scopedLive(`refuses ${name} in one line`, () =>
      Effect.gen(function* () {
        const { err } = yield* serve(config, ["--port", "0"])
        assert.match(err, text)
        assert.lengthOf(err.trimEnd().split("\n"), 1)
      })
    )
  }

  it.scopedLive("says which configuration it misses", () =>
    Effect.gen(function* () {
      const { err } = yield* serve(demo, ["--port", "0", "--config", "missing.yaml"])
      assert.match(err, /^missing\.yaml: cannot be read: .*no such file/)
    })
  )

  it.scopedLive("says that the port is in use", () =>
    Effect.gen(function* () {
      const taken = yield* ScriptedUpstream.make(() => {})
      const { port } = new URL(taken.url)
      const { err, out } = yield* serve(demo, ["--port", port])
      assert.include(err, "EADDRINUSE")
      assert.include(err, port)
      assert.strictEqual(out, "")
    })
  )

  it.scopedLive("says that the record database cannot be opened", () =>
    Effect.gen(function* () {
      const { err } = yield* serve(demo, ["--port", "0"], { RECD_PATH: "missing/record.db" })
      assert.match(err, /^missing\/record\.db: the record database cannot be opened: /)
    })
  )

  for (const [name, flags, env, text] of [
    ["an unknown flag", ["--nope"], {}, "--nope"],
    ["a port that is none", ["--port", "70000"], {}, "expected a port from 0 to 65535"],
    ["a port in the environment that is none", [], { SERVER_PORT: "many" }, "SERVER_PORT"],
    [
      "a URL for the records",
      ["--port", "0"],
      { RECD_PATH: "postgres://u:pass-secret@h/db" },
      "path of a SQLite database"
    ],
    ["a log level that is none", ["--port", "0"], { LOG_LEVEL: "loud" }, "LOG_LEVEL"],
    ["a log format that is none", ["--port", "0"], { LOG_FORMAT: "xml" }, "LOG_FORMAT"]
  ] as const) {
    it.scopedLive(`refuses ${name} and names it`, () =>
      Effect.gen(function* () {
        const { err, out } = yield* serve(demo, flags, env)
        assert.include(out + err, text)
        assert.notInclude(out + err, "-secret")
      })
    )
  }
})
