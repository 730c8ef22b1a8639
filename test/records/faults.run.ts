import { execFileSync } from "node:child_process"
import * as fs from "node:fs"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as ChildGateway from "../support/ChildGateway.js"
import * as Database from "../support/Database.js"
import * as Temp from "../support/Temp.js"
import * as Tmpfs from "../support/Tmpfs.js"

const config = `openai_clients: [{ name: demo, base_url: "demo:", model_match: { type: exact, value: [demo] } }]\n`

const start = Effect.fnUntraced(function* (folder: string) {
  fs.writeFileSync(`${folder}/config.yaml`, config)
  const gateway = yield* ChildGateway.make({ folder, flags: ["--port", "0"], env: { LOG_LEVEL: "info" } })
  return { gateway, url: yield* Effect.promise(() => gateway.url) }
})

/** Asks so many times, eight at once, and gives back the ids; every answer has to be right, and how long the slowest took. */
const ask = (url: string, count: number, content = "Hi") =>
  Effect.promise(async () => {
    const ids: Array<string> = []
    let slowest = 0
    const caller = async () => {
      while (ids.length < count) {
        const before = performance.now()
        const response = await fetch(`${url}/v1/chat/completions`, {
          method: "POST",
          headers: { "content-type": "application/json" },
          body: JSON.stringify({ model: "demo", messages: [{ role: "user", content }] })
        })
        assert.include(await response.text(), "You said")
        ids.push(response.headers.get("x-request-id") ?? "")
        slowest = Math.max(slowest, performance.now() - before)
      }
    }
    await Promise.all(Array.from({ length: 8 }, caller))
    return { ids, slowest: Math.round(slowest) }
  })

const stop = (gateway: ChildGateway.ChildGateway) =>
  Effect.promise(() => {
    gateway.kill("SIGTERM")
    return gateway.exit
  })

const rowsIn = (folder: string) =>
  Temp.names(folder)
    .filter((name) => name.endsWith(".db") && !name.includes("corrupt"))
    .flatMap((name) => Database.records(`${folder}/${name}`).map(({ id }) => id))

const pause = (ms: number) => Effect.promise(() => new Promise((resolve) => setTimeout(resolve, ms)))

/** Every id has exactly one row. */
const account = (what: string, ids: ReadonlyArray<string>, rows: ReadonlyArray<string>, more = "") => {
  const missing = ids.filter((id) => !rows.includes(id))
  const doubled = rows.length - new Set(rows).size
  console.log(`${what}: ${ids.length} answers, ${rows.length} rows, ${missing.length} lost, ${doubled} doubled${more}`)
  assert.deepStrictEqual([missing.length, doubled], [0, 0])
}

describe("faults of the disk never fail a request, and lose no row", () => {
  it.scopedLive("a full disk", () =>
    Effect.gen(function* () {
      const disk = yield* Tmpfs.make(32)
      if ("reason" in disk) return console.log(`skipped: ${disk.reason}`)
      const { folder } = disk
      const { gateway, url } = yield* start(folder)
      const before = yield* ask(url, 50)
      yield* pause(500)
      const free = fs.statfsSync(folder)
      fs.writeFileSync(`${folder}/filler`, Buffer.alloc(free.bavail * free.bsize))
      const during = yield* ask(url, 500, "x".repeat(2_000))
      yield* pause(2_000)
      assert.include(gateway.stderr(), "Records wait in memory")
      fs.rmSync(`${folder}/filler`)
      yield* pause(3_000)
      const after = yield* ask(url, 50)
      yield* stop(gateway)
      const ids = [...before.ids, ...during.ids, ...after.ids]
      account("full disk", ids, rowsIn(folder), `, slowest answer while full ${during.slowest} ms`)
    })
  )

  it.scopedLive("a disk that becomes read-only", () =>
    Effect.gen(function* () {
      const disk = yield* Tmpfs.make(16)
      if ("reason" in disk) return console.log(`skipped: ${disk.reason}`)
      const { folder } = disk
      const { gateway, url } = yield* start(folder)
      const before = yield* ask(url, 50)
      // At rest it holds no file open, so that the disk can be switched.
      yield* pause(7_000)
      try {
        execFileSync("mount", ["-o", "remount,ro", folder], { stdio: "pipe" })
      } catch (error) {
        return console.log(`skipped: ${String(error)}`)
      }
      const during = yield* ask(url, 200)
      yield* pause(2_000)
      assert.include(gateway.stderr(), "Records wait in memory")
      execFileSync("mount", ["-o", "remount,rw", folder])
      yield* pause(3_000)
      yield* stop(gateway)
      account("read-only disk", [...before.ids, ...during.ids], rowsIn(folder))
    })
  )

  it.scopedLive("a database that another process holds for 30 s", () =>
    Effect.gen(function* () {
      const folder = yield* Temp.directory
      const { gateway, url } = yield* start(folder)
      const ids = [...(yield* ask(url, 20)).ids]
      yield* pause(500)
      const other = new Database.Sqlite(`${folder}/record.db`)
      other.exec("BEGIN EXCLUSIVE")
      const until = performance.now() + 30_000
      let slowest = 0
      while (performance.now() < until) {
        const during = yield* ask(url, 100)
        ids.push(...during.ids)
        slowest = Math.max(slowest, during.slowest)
        yield* pause(500)
      }
      other.exec("COMMIT")
      other.close()
      yield* pause(3_000)
      yield* stop(gateway)
      assert.include(gateway.stderr(), "Records wait in the spool")
      account("locked for 30 s", ids, rowsIn(folder), `, slowest answer meanwhile ${slowest} ms`)
    })
  )

  it.scopedLive("a deleted database: later rows are in a new one", () =>
    Effect.gen(function* () {
      const folder = yield* Temp.directory
      const { gateway, url } = yield* start(folder)
      yield* ask(url, 20)
      yield* pause(1_000)
      for (const tail of ["", "-wal", "-shm"]) fs.rmSync(`${folder}/record.db${tail}`, { force: true })
      const { ids } = yield* ask(url, 100)
      yield* stop(gateway)
      account("deleted", ids, rowsIn(folder))
    })
  )

  it.scopedLive("a database whose header is overwritten under load", () =>
    Effect.gen(function* () {
      const folder = yield* Temp.directory
      const { gateway, url } = yield* start(folder)
      yield* ask(url, 50)
      yield* pause(7_000)
      const fd = fs.openSync(`${folder}/record.db`, "r+")
      fs.writeSync(fd, Buffer.alloc(100, 0x55), 0, 100, 0)
      fs.closeSync(fd)
      const { ids } = yield* ask(url, 200)
      yield* pause(1_500)
      yield* stop(gateway)
      assert.include(gateway.stderr(), "is corrupt: it was set aside as")
      assert.lengthOf(
        Temp.names(folder).filter((name) => /^record\.corrupt-\d+\.db$/.test(name)),
        1
      )
      account("corrupt header", ids, rowsIn(folder))
    })
  )
})
