import { spawn } from "node:child_process"
import * as fs from "node:fs"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as ChildGateway from "./support/ChildGateway.js"
import * as Database from "./support/Database.js"
import * as Pids from "./support/Pids.js"
import * as ScriptedUpstream from "./support/ScriptedUpstream.js"
import * as Temp from "./support/Temp.js"
import { until } from "./support/Until.js"

const program = new URL("../dist/bin/main.js", import.meta.url).pathname

/** A backend that holds back its answers until it is told to let them go. */
const makeUpstream = Effect.gen(function* () {
  const held: Array<() => void> = []
  const upstream = yield* ScriptedUpstream.make(async (call) => {
    await new Promise<void>((resolve) => held.push(resolve))
    ScriptedUpstream.answerWell("Hi")(call)
  })
  return { url: upstream.url, held: () => held.length, release: () => held.splice(0).forEach((go) => go()) }
})

const configFor = (url: string, server = "drain: 20s") =>
  `openai_clients: [{ name: a, base_url: "${url}", model_match: { type: exact, value: m } }]\nserver: { ${server} }\n`

const started = Effect.fnUntraced(function* (config: string, more: Partial<ChildGateway.Options> = {}) {
  const folder = yield* Temp.directory
  fs.writeFileSync(`${folder}/config.yaml`, config)
  const child = yield* ChildGateway.make({ folder, flags: ["--port", "0"], ...more })
  return { folder, child, url: yield* Effect.promise(() => child.url) }
})

const ask = (url: string) =>
  fetch(`${url}/v1/chat/completions`, {
    method: "POST",
    body: JSON.stringify({ model: "m", messages: [{ role: "user", content: "Hi" }] })
  }).then(async (response) => {
    await response.text()
    return response.status
  })

/** Resolves when it takes no more connections. */
const refusing = async (url: string): Promise<void> => {
  const isAnswered = await fetch(`${url}/health`, { headers: { connection: "close" } }).then(
    () => true,
    () => false
  )
  if (isAnswered) return refusing(url)
}

const count = (text: string, part: string): number => text.split(part).length - 1

const outcomes = (folder: string) => Database.records(`${folder}/record.db`).map(({ Outcome }) => Outcome)

describe.concurrent("a signal", () => {
  it.scopedLive("SIGHUP has the configuration and the log file begun again, and nothing stops", () =>
    Effect.gen(function* () {
      const upstream = yield* makeUpstream
      const env = { LOG_FORMAT: "json", LOG_FILE: "causeway.log" }
      const { child, folder, url } = yield* started(configFor(upstream.url), { env })
      const answer = ask(url)
      yield* Effect.promise(async () => {
        await until(() => upstream.held() === 1)
        fs.renameSync(`${folder}/causeway.log`, `${folder}/causeway.log.1`)
        child.kill("SIGHUP")
        // Though nothing has changed in it.
        await until(() => child.stderr().includes("Configuration reloaded"))
        await until(() => fs.existsSync(`${folder}/causeway.log`))
        fs.writeFileSync(`${folder}/config.yaml`, "openai_clients: 7")
        child.kill("SIGHUP")
        await until(() => child.stderr().includes("Configuration not reloaded"))
        upstream.release()
        assert.strictEqual(await answer, 200)
        child.kill("SIGTERM")
        assert.strictEqual(await child.exit, 0)
      })
      assert.include(fs.readFileSync(`${folder}/causeway.log`, "utf8"), "exchange")
      assert.deepStrictEqual(outcomes(folder), ["Completed"])
    })
  )

  it.scopedLive("SIGHUP to the primary reaches all workers, and none ends", () =>
    Effect.gen(function* () {
      const env = { LOG_FORMAT: "json", LOG_FILE: "causeway.log", LOG_LEVEL: "debug" }
      const { child, folder } = yield* started(configFor("demo:", "workers: 2"), { env })
      const files = [".", ".1.", ".2."].map((part) => `${folder}/causeway${part}log`)
      const before = Pids.childrenOf(child)
      assert.lengthOf(before, 2)
      yield* Effect.promise(async () => {
        await until(() => files.every((file) => fs.existsSync(file)))
        for (const file of files) fs.renameSync(file, `${file}.1`)
        child.kill("SIGHUP")
        await until(() => count(child.stderr(), "Configuration reloaded") === 3)
        await until(() => files.every((file) => fs.existsSync(file)))
        assert.deepStrictEqual(Pids.childrenOf(child), before)
        child.kill("SIGQUIT")
        assert.strictEqual(await child.exit, 0)
      })
    })
  )

  it.scopedLive("SIGQUIT drains; while it does SIGHUP, SIGUSR1 and SIGUSR2 end nothing, a second one to stop all", () =>
    Effect.gen(function* () {
      const upstream = yield* makeUpstream
      for (const last of [undefined, "SIGINT"] as const) {
        const { child, folder, url } = yield* started(configFor(upstream.url))
        const answer = ask(url).catch(() => 0)
        yield* Effect.promise(async () => {
          await until(() => upstream.held() === 1)
          for (const signal of ["SIGUSR1", "SIGUSR2"] as const) child.kill(signal)
          child.kill("SIGQUIT")
          await refusing(url)
          for (const signal of ["SIGHUP", "SIGUSR1", "SIGUSR2"] as const) child.kill(signal)
          if (last !== undefined) {
            child.kill(last)
            assert.deepStrictEqual([await child.exit, await answer], [last, 0])
          }
          upstream.release()
          if (last === undefined) assert.deepStrictEqual([await answer, await child.exit], [200, 0])
        })
        assert.notInclude(child.stderr(), "Debugger listening")
        if (last === undefined) assert.deepStrictEqual(outcomes(folder), ["Completed"])
      }
    })
  )

  it.scopedLive.each(["SIGTERM", "SIGINT", "SIGQUIT"] as const)(
    "%s that comes before anything runs ends in peace",
    (signal) =>
      Effect.gen(function* () {
        const folder = yield* Temp.directory
        fs.writeFileSync(`${folder}/config.yaml`, configFor("demo:"))
        const child = yield* ChildGateway.make({ folder, flags: ["--port", "0"] })
        yield* Effect.promise(async () => {
          await until(() => Pids.catches(child, "SIGUSR2"))
          child.kill("SIGHUP")
          child.kill(signal)
          assert.strictEqual(await child.exit, 0)
        })
        assert.strictEqual(child.stderr(), "")
      })
  )

  it.scopedLive("SIGHUP of a terminal that is gone drains", (context) =>
    Effect.gen(function* () {
      if (!fs.existsSync("/usr/bin/script")) return context.skip("there is no script(1)")
      const upstream = yield* makeUpstream
      const folder = yield* Temp.directory
      fs.writeFileSync(`${folder}/config.yaml`, configFor(upstream.url))
      // The terminal is gone with `script`, which is its other end.
      const command = `exec '${process.execPath}' '${program}' --port 0`
      const terminal = spawn("/usr/bin/script", ["-qec", command, "/dev/null"], {
        cwd: folder,
        env: { PATH: process.env["PATH"] },
        stdio: ["pipe", "pipe", "ignore"]
      })
      let said = ""
      terminal.stdout.on("data", (bytes: Buffer) => (said += bytes.toString()))
      yield* Effect.addFinalizer(() => Effect.sync(() => void terminal.kill("SIGKILL")))
      yield* Effect.promise(async () => {
        await until(() => /listening on \S+\s/.test(said))
        const [, url = ""] = /listening on (\S+)/.exec(said) ?? []
        const [gateway = 0] = Pids.childrenOf({ pid: terminal.pid })
        const answer = ask(url)
        await until(() => upstream.held() === 1)
        terminal.kill("SIGKILL")
        await refusing(url)
        upstream.release()
        assert.strictEqual(await answer, 200)
        await until(() => !Pids.isAlive(gateway))
      })
      assert.deepStrictEqual(outcomes(folder), ["Completed"])
    })
  )

  it.scopedLive("a second one ends also the first process of a container", (context) =>
    Effect.gen(function* () {
      const first = "unshare --pid --fork true 2>/dev/null || exit 77"
      const trial = yield* ChildGateway.make({ folder: "/tmp", first: `${first}; exit 0` })
      if ((yield* Effect.promise(() => trial.exit)) !== 0) return context.skip("no process may be the first of its own")
      const upstream = yield* makeUpstream
      const { child, url } = yield* started(configFor(upstream.url), {
        wrapper: ["unshare", "--pid", "--fork", "--kill-child"]
      })
      const answer = ask(url).catch(() => 0)
      yield* Effect.promise(async () => {
        await until(() => upstream.held() === 1)
        const [gateway = 0] = Pids.childrenOf(child)
        process.kill(gateway, "SIGTERM")
        await refusing(url)
        process.kill(gateway, "SIGTERM")
        assert.deepStrictEqual([await child.exit, await answer], [143, 0])
        upstream.release()
      })
    })
  )
})
