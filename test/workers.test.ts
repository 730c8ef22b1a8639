import * as fs from "node:fs"
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Caller from "./support/Caller.js"
import * as ChildGateway from "./support/ChildGateway.js"
import * as Database from "./support/Database.js"
import * as JsonObject from "../src/domain/json/JsonObject.js"
import * as SqliteStore from "../src/records/store/SqliteStore.js"
import * as Load from "./support/Load.js"
import * as Records from "./support/Records.js"
import * as ScriptedUpstream from "./support/ScriptedUpstream.js"
import * as Temp from "./support/Temp.js"
import { setTimeout as sleep } from "node:timers/promises"

const question = { model: "demo", messages: [{ role: "user", content: "Hi" }] }

const configFor = (url: string, server: string, more = "", workers: number | string = 2) => `openai_clients:
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

/** Workers are missed after 1 s, and given up after 3 s. */
const beating = { CAUSEWAY_BEAT: "100" }

/** The processes of the workers that served so far, in the order of their beginning. */
const pids = (child: ChildGateway.ChildGateway): ReadonlyArray<number> =>
  [...child.stderr().matchAll(/Worker \d+ of \d+ serves \(process (\d+)\)/g)].map(([, pid]) => Number(pid))

/** No event tells of what another process does to a third; looking all the time would take its core. */
const until = async (holds: () => boolean | Promise<boolean>) => {
  while (!(await holds())) await sleep(10)
}

const replaced = (child: ChildGateway.ChildGateway, served: number) => until(() => pids(child).length >= served)

/** Over a connection of its own: one that is kept may be answered to the end. */
const refusesConnections = (url: string) =>
  Caller.raw(`${url}/health`).response.then(
    (response) => {
      response.resume()
      return false
    },
    () => true
  )

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

/** An upstream whose answers take a moment, so that there is always something under way; it holds those to `held`. */
const makeUpstream = Effect.gen(function* () {
  const latch = Caller.latch()
  const upstream = yield* ScriptedUpstream.make(async (call) => {
    await (call.received.body["user"] === "held" ? latch.promise : sleep(10))
    ScriptedUpstream.answerWell("Hello")(call)
  })
  const held = () => upstream.received.filter(({ body }) => body["user"] === "held").length
  return { ...upstream, held, release: () => latch.open() }
})

/** Asks for what the upstream holds, over a connection of its own. */
const askHeld = async (url: string) => {
  const { response } = Caller.raw(`${url}/v1/chat/completions`, { body: { ...question, user: "held" } })
  const { statusCode } = await response
  return statusCode
}

const rowIds = (folder: string) => Database.records(`${folder}/record.db`).map(({ id }) => id)

const answered = (load: Load.Load) => load.asked.flatMap(({ answered }) => (answered === undefined ? [] : [answered]))

const failures = (load: Load.Load) => load.asked.filter(({ failure }) => failure !== undefined)

const serving = (count: number) =>
  Effect.gen(function* () {
    const upstream = yield* makeUpstream
    const folder = yield* folderWith(configFor(upstream.url, "drain: 5s", "log: { durability: sync }", count))
    const env = { NODE_OPTIONS: `--import ${new URL("./support/throwOnSignal.mjs", import.meta.url).href}` }
    return { ...(yield* started(folder, env)), upstream }
  })

const stateOf = (url: string) => fetch(`${url}/v1/backends`).then(Caller.json)

describe("workers", { timeout: 60_000 }, () => {
  it.scopedLive("archive a past month, though all of them write", () =>
    Effect.gen(function* () {
      const upstream = yield* makeUpstream
      const folder = yield* folderWith(configFor(upstream.url, "drain: 5s", "log: { durability: sync }", 3))
      const past = Records.record("past", { Time: "2020-01-15T12:00:00.000Z" })
      yield* SqliteStore.open(`${folder}/record.db`).pipe(
        Effect.flatMap((store) => store.insert([past])),
        Effect.scoped,
        Effect.provide(NodeFileSystem.layer)
      )
      const { child, url } = yield* started(folder)
      const load = Load.start(url, { fresh: 3, kept: 3 }, question)
      const archive = `${folder}/record_202001.db`
      yield* Effect.promise(async () => {
        await until(() => fs.existsSync(archive))
        await load.more(50)
        await load.stop()
        assert.strictEqual(await ended(child), 0)
      })
      assert.deepStrictEqual(failures(load), [])
      assert.deepStrictEqual(Records.ids(Database.records(archive)), ["past"])
      assert.sameMembers([...rowIds(folder)], answered(load))
    })
  )

  it.scopedLive("serve on one port and write into one database; those that leave or fail fail no request", () =>
    Effect.gen(function* () {
      const { child, folder, upstream, url } = yield* serving(3)
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
      const last = askHeld(url)
      const exit = yield* Effect.promise(async () => {
        await until(() => upstream.held() === 1)
        child.kill("SIGTERM")
        upstream.release()
        return child.exit
      })
      assert.deepStrictEqual([exit, yield* Effect.promise(() => last)], [0, 200])
      assert.deepStrictEqual(failures(load), [])
      assert.includeMembers([...rowIds(folder)], answered(load))
      assert.strictEqual(rowIds(folder).length, answered(load).length + 1)
      assert.match(child.stdout(), /^Causeway is listening on http:\/\/127\.0\.0\.1:\d+\n$/)
      assert.deepStrictEqual(Temp.names(folder), ["config.yaml", "record.db", "record.lock"])
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
        assert.deepStrictEqual(Temp.names(folder), ["config.yaml", "record.db", "record.lock"])
      })
  )

  it.scopedLive("keep the limits together, and stop at once at the second signal", () =>
    Effect.gen(function* () {
      const upstream = yield* makeUpstream
      const folder = yield* folderWith(configFor(upstream.url, "max_in_flight: 3, queue: { timeout: 1s }"))
      const { child, url } = yield* started(folder)
      let refused = 0
      const asked = Array.from({ length: 7 }, () => askHeld(url).catch(() => "cut"))
      for (const each of asked) void each.then((status) => (refused += status === 503 ? 1 : 0))
      yield* Effect.promise(() => until(() => refused === 4))
      assert.strictEqual(upstream.held(), 3)
      Temp.replace(`${folder}/config.yaml`, configFor(upstream.url, "max_in_flight: 1", "", "auto"))
      yield* Effect.promise(() => until(() => child.stderr().includes("The workers keep the last good configuration")))
      assert.include(child.stderr(), "server.workers is read at start only")

      child.kill("SIGTERM")
      yield* Effect.promise(() => until(() => refusesConnections(url)))
      assert.strictEqual(yield* Effect.promise(() => ended(child)), "SIGTERM")
      yield* Effect.promise(() => Promise.all(pids(child).map(gone)))
      assert.deepStrictEqual((yield* Effect.promise(() => Promise.all(asked))).sort(), [
        503,
        503,
        503,
        503,
        "cut",
        "cut",
        "cut"
      ])
    })
  )
})

// Most of the time these only wait.
describe.concurrent("workers", { timeout: 60_000 }, () => {
  it.scopedLive("that hang get no connections, those that come back do again, and those that do not are replaced", () =>
    Effect.gen(function* () {
      const upstream = yield* makeUpstream
      const folder = yield* folderWith(configFor(upstream.url, "drain: 5s"))
      const { child, url } = yield* started(folder, beating)
      const [first = 0] = pids(child)
      const said = (text: string) => until(() => child.stderr().includes(`(process ${first}) ${text}`))

      const load = Load.start(url, { fresh: 6, kept: 0 }, question)
      yield* Effect.promise(async () => {
        await load.more(50)
        process.kill(first, "SIGSTOP")
        await said("has said nothing for 1s: it gets no connections")
        process.kill(first, "SIGCONT")
        await said("is heard again")
        await load.more(50)
        await load.stop()
      })
      assert.deepStrictEqual(failures(load), [])

      // Nobody who comes while it hangs is kept waiting until another has its seat.
      const again = Load.start(url, { fresh: 6, kept: 0 }, question)
      const stoppedAt = yield* Effect.promise(async () => {
        await again.more(50)
        const now = performance.now()
        process.kill(first, "SIGSTOP")
        await said("has said nothing for 3s: it is killed")
        await replaced(child, 3)
        await again.more(50)
        await again.stop()
        return now
      })
      for (const { begunAt } of failures(again)) assert.isBelow(begunAt, stoppedAt)
      assert.strictEqual(yield* Effect.promise(() => ended(child)), 0)
    })
  )

  it.scopedLive("that hang when all are to stop are killed at the last deadline", () =>
    Effect.gen(function* () {
      const upstream = yield* makeUpstream
      const folder = yield* folderWith(configFor(upstream.url, "drain: 500ms"))
      const { child } = yield* started(folder)
      const [first = 0] = pids(child)
      process.kill(first, "SIGSTOP")
      const before = performance.now()
      assert.strictEqual(yield* Effect.promise(() => ended(child)), 1)
      assert.isAtLeast(performance.now() - before, 5_400)
      assert.include(child.stderr(), `(process ${first}) had not ended after 5s 500ms: killed`)
      yield* Effect.promise(() => Promise.all(pids(child).map(gone)))
    })
  )

  it.scopedLive("end what is under way and themselves when the primary is gone", () =>
    Effect.gen(function* () {
      const upstream = yield* makeUpstream
      const folder = yield* folderWith(configFor(upstream.url, "drain: 5s"))
      const { child, url } = yield* started(folder)
      const last = askHeld(url)
      yield* Effect.promise(async () => {
        await until(() => upstream.held() === 1)
        child.kill("SIGKILL")
        upstream.release()
        assert.strictEqual(await last, 200)
        await Promise.all(pids(child).map(gone))
      })
      assert.lengthOf(rowIds(folder), 1)
    })
  )

  it.scopedLive("drain when all of them are told to", () =>
    Effect.gen(function* () {
      const upstream = yield* makeUpstream
      const folder = yield* folderWith(configFor(upstream.url, "drain: 30s"))
      const { child, url } = yield* started(folder)
      const answer = askHeld(url)
      yield* Effect.promise(async () => {
        await until(() => upstream.held() === 1)
        // As a terminal does.
        for (const pid of pids(child)) process.kill(pid, "SIGQUIT")
        child.kill("SIGQUIT")
        await until(() => refusesConnections(url))
        upstream.release()
        assert.deepStrictEqual([await answer, await child.exit], [200, 0])
      })
    })
  )

  it.scopedLive("say once what is wrong, and end with 1", () =>
    Effect.gen(function* () {
      const upstream = yield* makeUpstream
      const folder = yield* folderWith(configFor(upstream.url, "drain: 5s"))
      const { port } = new URL(upstream.url)
      const child = yield* ChildGateway.make({ folder, flags: ["--port", port] })
      assert.strictEqual(yield* Effect.promise(() => child.exit), 1)
      assert.lengthOf(child.stderr().match(/cannot listen on .* EADDRINUSE/g) ?? [], 1)
      assert.strictEqual(child.stdout(), "")
    })
  )
})
