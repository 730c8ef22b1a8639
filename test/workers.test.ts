import * as fs from "node:fs"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Caller from "./support/Caller.js"
import * as ChildGateway from "./support/ChildGateway.js"
import * as Database from "./support/Database.js"
import * as JsonObject from "../src/domain/JsonObject.js"
import * as Load from "./support/Load.js"
import * as ScriptedUpstream from "./support/ScriptedUpstream.js"
import * as Temp from "./support/Temp.js"
import { setTimeout as sleep } from "node:timers/promises"

const question = { model: "demo", messages: [{ role: "user", content: "Hi" }] }

const configFor = (url: string, server: string, more = "", workers = 2) => `openai_clients:
  - { name: a, base_url: "${url}", model_match: { type: exact, value: [demo] } }
server: { workers: ${workers}, operator_endpoints: true, ${server} }
${more}
`

/** A directory with a `config.yaml`. */
const folderWith = (config: string) =>
  Effect.map(Temp.directory, (folder) => {
    fs.writeFileSync(`${folder}/config.yaml`, config)
    return folder
  })

const started = (folder: string, env: Readonly<Record<string, string>> = {}) =>
  Effect.gen(function* () {
    const child = yield* ChildGateway.make({ folder, flags: ["--port", "0"], env: { LOG_FORMAT: "json", ...env } })
    return { child, folder, url: yield* Effect.promise(() => child.url) }
  })

/** The processes of the workers that served so far, in the order of their beginning. */
const pids = (child: ChildGateway.ChildGateway): ReadonlyArray<number> =>
  [...child.stderr().matchAll(/Worker \d+ of \d+ serves \(process (\d+)\)/g)].map(([, pid]) => Number(pid))

/** No event tells of what another process does to a third; looking all the time would take its core. */
const until = async (holds: () => boolean) => {
  while (!holds()) await sleep(10)
}

const replaced = (child: ChildGateway.ChildGateway, served: number) => until(() => pids(child).length >= served)

const gone = (pid: number) =>
  until(() => {
    try {
      return !process.kill(pid, 0)
    } catch {
      return true
    }
  })

const ended = (child: ChildGateway.ChildGateway, signal: NodeJS.Signals = "SIGTERM") => {
  child.kill(signal)
  return child.exit
}

/** An answer that takes a moment, so that there is always something under way. */
const slowly = (call: ScriptedUpstream.Call) => void setTimeout(() => ScriptedUpstream.answerWell("Hello")(call), 10)

const rowIds = (folder: string) => Database.records(`${folder}/record.db`).map(({ id }) => id)

const answered = (load: Load.Load) => load.asked.flatMap(({ answered }) => (answered === undefined ? [] : [answered]))

const failures = (load: Load.Load) => load.asked.filter(({ failure }) => failure !== undefined)

const serving = (count: number) =>
  Effect.gen(function* () {
    const upstream = yield* ScriptedUpstream.make(slowly)
    const folder = yield* folderWith(configFor(upstream.url, "drain: 5s", "log: { durability: sync }", count))
    const env = { NODE_OPTIONS: `--import ${new URL("./support/throwOnSignal.mjs", import.meta.url).href}` }
    return yield* started(folder, env)
  })

const stateOf = (url: string) => fetch(`${url}/v1/backends`).then(Caller.json)

describe("workers", { timeout: 60_000 }, () => {
  it.scopedLive("serve on one port and write into one database; those that leave or fail fail no request", () =>
    Effect.gen(function* () {
      const { child, folder, url } = yield* serving(3)
      const load = Load.start(url, { fresh: 3, kept: 3 }, question)
      yield* Effect.promise(async () => {
        await load.more(50)
        const [first = 0, second = 0] = pids(child)
        // One is told to leave, and another throws what nobody catches.
        process.kill(first, "SIGTERM")
        process.kill(second, "SIGUSR2")
        await Promise.all([gone(first), gone(second)])
        await replaced(child, 5)
        await load.more(50)
        await load.stop()
      })
      assert.strictEqual(JsonObject.orEmpty((yield* Effect.promise(() => stateOf(url)))["worker"])["of"], 3)
      assert.strictEqual(yield* Effect.promise(() => ended(child)), 0)
      assert.deepStrictEqual(failures(load), [])
      assert.deepStrictEqual([...rowIds(folder)].sort(), [...answered(load)].sort())
      assert.match(child.stdout(), /^Causeway is listening on http:\/\/127\.0\.0\.1:\d+\n$/)
      assert.deepStrictEqual(Temp.names(folder), ["config.yaml", "record.db"])
      for (const worker of [1, 2, 3]) assert.include(child.stderr(), `"worker":${worker}`)
      assert.include(child.stderr(), "thrown on a signal")
    })
  )

  it.scopedLive(
    "that are killed take along what they had in hand, and nothing else; rows are neither lost nor doubled",
    () =>
      Effect.gen(function* () {
        const { child, folder, url } = yield* serving(2)
        const callers = { fresh: 3, kept: 3 }
        const load = Load.start(url, callers, question)
        const killedAt = yield* Effect.promise(async () => {
          await load.more(50)
          const [victim = 0] = pids(child)
          const now = performance.now()
          process.kill(victim, "SIGKILL")
          await gone(victim)
          await load.more(50)
          await replaced(child, 3)
          await load.stop()
          return now
        })
        assert.isAtMost(failures(load).length, callers.fresh + callers.kept)
        for (const { begunAt, failure, fresh } of failures(load)) {
          assert.include(["ECONNRESET", "EPIPE"], failure)
          // A connection that is kept may be used in the moment in which it breaks.
          if (fresh) assert.isBelow(begunAt, killedAt)
        }

        // All at once: whoever comes now waits for a successor.
        const late = Load.start(url, { fresh: 2, kept: 0 }, question)
        yield* Effect.promise(async () => {
          await late.more(1)
          await late.stop()
          const all = pids(child).slice(-2)
          for (const pid of all) process.kill(pid, "SIGKILL")
          await Promise.all(all.map(gone))
        })
        const after = Load.start(url, { fresh: 2, kept: 0 }, question)
        yield* Effect.promise(() => Promise.all([after.stop(), replaced(child, 5)]))
        assert.deepStrictEqual([...failures(late), ...failures(after)], [])

        assert.strictEqual(yield* Effect.promise(() => ended(child)), 0)
        const rows = rowIds(folder)
        assert.strictEqual(new Set(rows).size, rows.length)
        assert.includeMembers([...rows], [load, late, after].flatMap(answered))
        assert.isAtMost(rows.length, load.asked.length + late.asked.length + after.asked.length)
        assert.deepStrictEqual(Temp.names(folder), ["config.yaml", "record.db"])
      })
  )
})
