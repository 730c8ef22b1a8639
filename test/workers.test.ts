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

const configFor = (url: string, server: string, more = "") => `openai_clients:
  - { name: a, base_url: "${url}", model_match: { type: exact, value: [demo] } }
server: { workers: 2, operator_endpoints: true, ${server} }
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

describe("workers", () => {
  it.scopedLive("serve on one port and write into one database; one that is told to leave fails no request", () =>
    Effect.gen(function* () {
      const upstream = yield* ScriptedUpstream.make(slowly)
      const { child, folder, url } = yield* started(yield* folderWith(configFor(upstream.url, "drain: 5s")))
      const load = Load.start(url, { fresh: 4, kept: 4 }, question)
      yield* Effect.promise(async () => {
        await load.more(100)
        const [first = 0] = pids(child)
        process.kill(first, "SIGTERM")
        await gone(first)
        await replaced(child, 3)
        await load.more(100)
        await load.stop()
      })
      const { worker } = yield* Effect.promise(() => fetch(`${url}/v1/backends`).then(Caller.json))
      assert.strictEqual(JsonObject.orEmpty(worker)["of"], 2)
      assert.strictEqual(yield* Effect.promise(() => ended(child)), 0)
      assert.deepStrictEqual(failures(load), [])
      assert.deepStrictEqual([...rowIds(folder)].sort(), [...answered(load)].sort())
      assert.match(child.stdout(), /^Causeway is listening on http:\/\/127\.0\.0\.1:\d+\n$/)
      assert.deepStrictEqual(Temp.names(folder), ["config.yaml", "record.db"])
      const lines = child.stderr().split("\n")
      for (const worker of [1, 2]) assert.isTrue(lines.some((line) => line.includes(`"worker":${worker}`)))
      assert.notInclude(child.stderr(), '"logLevel":"ERROR"')
    })
  )

  it.scopedLive("one that is killed takes along what it had in hand, and nothing else; its rows are written", () =>
    Effect.gen(function* () {
      const upstream = yield* ScriptedUpstream.make(slowly)
      const folder = yield* folderWith(configFor(upstream.url, "drain: 5s", "log: { durability: sync }"))
      const { child, url } = yield* started(folder)
      const callers = { fresh: 4, kept: 4 }
      const load = Load.start(url, callers, question)
      const kills: Array<number> = []
      yield* Effect.promise(async () => {
        for (const served of [3, 4]) {
          await load.more(100)
          const victim = pids(child).at(-1) ?? 0
          kills.push(performance.now())
          process.kill(victim, "SIGKILL")
          await gone(victim)
          await replaced(child, served)
        }
        await load.more(100)
        await load.stop()
      })
      // Both at once: whoever comes now waits for a successor.
      const late = yield* Effect.promise(async () => {
        for (const pid of pids(child).slice(-2)) process.kill(pid, "SIGKILL")
        for (const pid of pids(child).slice(-2)) await gone(pid)
        const last = Load.start(url, { fresh: 2, kept: 0 }, question)
        await last.stop()
        await replaced(child, 6)
        return last
      })
      assert.deepStrictEqual(failures(late), [])
      assert.strictEqual(yield* Effect.promise(() => ended(child)), 0)

      assert.isAtMost(failures(load).length, (callers.fresh + callers.kept) * kills.length)
      for (const { begunAt, failure, fresh } of failures(load)) {
        assert.strictEqual(failure, "ECONNRESET")
        // A connection that is kept may be used in the moment in which it breaks.
        if (fresh) assert.isTrue(kills.some((kill) => begunAt < kill && begunAt > kill - 5_000))
      }
      const rows = rowIds(folder)
      assert.strictEqual(new Set(rows).size, rows.length)
      assert.includeMembers([...rows], [...answered(load), ...answered(late)])
      assert.isAtMost(rows.length, load.asked.length + late.asked.length)
    })
  )
})
