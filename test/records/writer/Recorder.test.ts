import * as fs from "node:fs"
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import * as NodePath from "@effect/platform-node/NodePath"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"
import * as TestClock from "effect/TestClock"
import type { WriterSettings } from "../../../src/domain/config/WriterSettings.js"
import type { RequestRecord } from "../../../src/domain/record/RequestRecord.js"
import type * as Recorder from "../../../src/records/writer/Recorder.js"
import * as Database from "../../support/Database.js"
import * as LogLines from "../../support/LogLines.js"
import * as Recorders from "../../support/Recorders.js"
import * as Records from "../../support/Records.js"
import * as Temp from "../../support/Temp.js"

const settings: WriterSettings = { durability: "wal", bodies: "redacted", archive: true, retention: null }

const begin = Effect.fnUntraced(function* (path: string) {
  const lines = LogLines.make()
  const scope = yield* Scope.make()
  const recorder = yield* Recorders.make({ path }).pipe(
    Scope.extend(scope),
    Effect.provide(Layer.mergeAll(NodeFileSystem.layer, NodePath.layer, lines.layer))
  )
  return { recorder, end: Effect.provide(Scope.close(scope, Exit.void), lines.layer), lines }
})

const idsIn = (path: string) => Records.ids(Database.records(path))

const spooled = (folder: string) => Temp.names(folder).filter((name) => name.includes(".spool-"))

const stored = (recorder: Recorder.Recorder, count: number) =>
  Effect.promise(async () => {
    while (recorder.stats().stored < count) await new Promise((resolve) => setTimeout(resolve, 5))
  })

describe("Recorder", () => {
  for (const durability of ["relaxed", "wal", "sync"] as const) {
    it.scopedLive(`puts rows into the database and leaves no spool (${durability})`, () =>
      Effect.gen(function* () {
        const folder = yield* Temp.directory
        const { end, recorder } = yield* begin(`${folder}/record.db`)
        yield* recorder.append(Records.many(3), { ...settings, durability })
        yield* recorder.append(Records.many(2, 3), { ...settings, durability })
        yield* stored(recorder, 5)
        assert.strictEqual(recorder.stats().spooled, durability === "relaxed" ? 0 : 5)
        yield* end
        assert.deepStrictEqual(idsIn(`${folder}/record.db`), ["r0", "r1", "r2", "r3", "r4"])
        assert.deepStrictEqual(Temp.names(folder), ["record.db", "record.lock"])
      })
    )
  }

  it.scoped("puts the first rows into the database at once, and those of the next half second together", () =>
    Effect.gen(function* () {
      const path = `${yield* Temp.directory}/record.db`
      const { end, recorder } = yield* begin(path)
      yield* recorder.append(Records.many(1), settings)
      yield* stored(recorder, 1)
      for (let n = 1; n < 6; n++) assert.isTrue(recorder.appendNow(Records.many(1, n), settings))
      yield* TestClock.adjust("499 millis")
      yield* Effect.promise(() => new Promise((resolve) => setTimeout(resolve, 100)))
      assert.deepStrictEqual([recorder.stats().stored, recorder.stats().spooled], [1, 6])
      assert.deepStrictEqual(idsIn(path), ["r0"])
      yield* TestClock.adjust("1 millis")
      yield* stored(recorder, 6)
      assert.strictEqual(recorder.stats().spoolBytes, 0)
      assert.isTrue(recorder.appendNow(Records.many(1, 6), settings))
      yield* end
      assert.deepStrictEqual(idsIn(path), Records.ids(Records.many(7)))
    })
  )

  for (const [what, more] of [
    ["many rows", { count: 100, Request: "" }],
    ["large rows", { count: 5, Request: "x".repeat(80_000) }]
  ] as const) {
    it.scoped(`does not wait for the half second when ${what} have come`, () =>
      Effect.gen(function* () {
        const path = `${yield* Temp.directory}/record.db`
        const { end, recorder } = yield* begin(path)
        yield* recorder.append(Records.many(1), settings)
        yield* stored(recorder, 1)
        const { count, Request } = more
        const rows = Records.many(6 * count, 1).map((record) => ({ ...record, Request }))
        for (let n = 0; n < 6; n++) yield* recorder.append(rows.slice(n * count, (n + 1) * count), settings)
        yield* stored(recorder, 1 + 6 * count)
        yield* end
        assert.deepStrictEqual(idsIn(path), Records.ids(Records.many(1 + 6 * count)))
      })
    )
  }

  it.scopedLive("puts a large batch straight into the database, and into the spool while that takes nothing", () =>
    Effect.gen(function* () {
      const path = `${yield* Temp.directory}/record.db`
      const { end, lines, recorder } = yield* begin(path)
      const [first, second, third] = Records.many(3).map((row) => ({ ...row, Request: "x".repeat(600_000) }))
      if (first === undefined || second === undefined || third === undefined) return assert.fail("no rows")
      yield* recorder.append(Records.many(1, 3), settings)
      yield* stored(recorder, 1)
      assert.isFalse(recorder.appendNow([first], settings))
      yield* recorder.append([first], settings)
      assert.include(recorder.stats(), { stored: 2, spooled: 1 })
      const other = yield* Database.connect(path)
      other.exec("BEGIN EXCLUSIVE")
      yield* recorder.append([second], settings)
      yield* Effect.promise(() => lines.line("Records wait in the spool"))
      assert.isTrue(recorder.appendNow([third], settings), "whoever is busy is not asked again")
      assert.include(recorder.stats(), { stored: 2, spooled: 3 })
      other.exec("COMMIT")
      other.close()
      yield* end
      assert.deepStrictEqual(idsIn(path), ["r3", "r0", "r1", "r2"])
    })
  )

  it.scopedLive("takes rows at once only where the spool does", () =>
    Effect.gen(function* () {
      const path = `${yield* Temp.directory}/record.db`
      const { end, recorder } = yield* begin(path)
      assert.isFalse(recorder.appendNow(Records.many(1), settings), "no file is open")
      yield* recorder.append(Records.many(1), settings)
      yield* stored(recorder, 1)
      assert.isFalse(recorder.appendNow(Records.many(1, 1), { ...settings, durability: "relaxed" }), "no spool")
      const retention = { _tag: "Months", months: 1 } as const
      assert.isFalse(recorder.appendNow(Records.many(1, 1), { ...settings, retention }), "archives may have to go")
      assert.strictEqual(recorder.stats().spooled, 1)
      yield* end
      assert.deepStrictEqual(idsIn(path), ["r0"])
    })
  )

  it.scopedLive("keeps rows in the spool while another process holds the database, and says so once", () =>
    Effect.gen(function* () {
      const folder = yield* Temp.directory
      const path = `${folder}/record.db`
      const { end, lines, recorder } = yield* begin(path)
      const other = yield* Database.connect(path)
      other.exec("BEGIN EXCLUSIVE")
      yield* recorder.append(Records.many(2), settings)
      yield* recorder.append(Records.many(2, 2), { ...settings, durability: "relaxed" })
      yield* Effect.promise(() => lines.line("Records wait in the spool"))
      assert.isAbove(recorder.stats().spoolBytes, 0)
      other.exec("COMMIT")
      yield* Effect.promise(() => lines.line("Records reach their database again"))
      assert.deepStrictEqual(idsIn(path), ["r0", "r1", "r2", "r3"])
      other.close()
      yield* end
      assert.deepStrictEqual(Temp.names(folder), ["record.db", "record.lock"])
    })
  )

  it.scopedLive(
    "leaves rows in the spool when it ends before the database is free; the next one replays them once",
    () =>
      Effect.gen(function* () {
        const folder = yield* Temp.directory
        const path = `${folder}/record.db`
        const first = yield* begin(path)
        yield* first.recorder.append([Records.record("before")], settings)
        yield* stored(first.recorder, 1)
        const other = yield* Database.connect(path)
        other.exec("BEGIN IMMEDIATE")
        yield* first.recorder.append(Records.many(3), settings)
        yield* first.end
        assert.isAbove(spooled(folder).length, 0)
        other.exec("COMMIT")
        other.close()
        const second = yield* begin(path)
        yield* stored(second.recorder, 3)
        assert.strictEqual(second.recorder.stats().replayed, 3)
        yield* second.end
        assert.deepStrictEqual(idsIn(path), ["before", "r0", "r1", "r2"])
        assert.deepStrictEqual(spooled(folder), [])
      })
  )

  it.scopedLive("begins while another process holds the database", () =>
    Effect.gen(function* () {
      const path = `${yield* Temp.directory}/record.db`
      const other = yield* Database.connect(path)
      other.exec("CREATE TABLE x (y); BEGIN EXCLUSIVE")
      const { end, recorder } = yield* begin(path)
      yield* recorder.append(Records.many(1), settings)
      other.exec("COMMIT")
      other.close()
      yield* stored(recorder, 1)
      yield* end
      assert.deepStrictEqual(idsIn(path), ["r0"])
    })
  )

  for (const [what, spoil] of [
    ["whose header is damaged", (bytes: Buffer) => bytes.fill(0x55, 0, 100)],
    ["that is something else", () => Buffer.from("These are notes, not a database.\n".repeat(400))],
    ["whose pages are damaged", (bytes: Buffer) => bytes.fill(0x55, 100)]
  ] as const) {
    it.scopedLive(`sets a database aside ${what}, and begins a new one`, () =>
      Effect.gen(function* () {
        const folder = yield* Temp.directory
        const path = `${folder}/record.db`
        const first = yield* begin(path)
        yield* first.recorder.append(Records.many(50), settings)
        yield* first.end
        const spoilt = spoil(fs.readFileSync(path))
        fs.writeFileSync(path, spoilt)
        const { end, lines, recorder } = yield* begin(path)
        yield* recorder.append(Records.many(2, 50), settings)
        yield* stored(recorder, 2)
        assert.strictEqual(recorder.stats().corruptDatabases, 1)
        yield* end
        assert.deepStrictEqual(idsIn(path), ["r50", "r51"])
        const aside = Temp.names(folder).filter((name) => /^record\.corrupt-\d+\.db$/.test(name))
        assert.lengthOf(aside, 1)
        assert.deepStrictEqual(fs.readFileSync(`${folder}/${aside[0]}`), spoilt)
        assert.isTrue(lines.lines.some((line) => line.startsWith("ERROR") && line.includes("corrupt")))
      })
    )
  }

  it.scopedLive("amends a row, before and after its month was archived, and never doubles it", () =>
    Effect.gen(function* () {
      const folder = yield* Temp.directory
      const path = `${folder}/record.db`
      const { end, recorder } = yield* begin(path)
      const october = (id: string, Outcome: RequestRecord["Outcome"]) =>
        Records.record(id, { Time: "2026-10-31T23:59:59.000Z", Outcome, LatencyMs: Outcome === "Completed" ? 1 : 2 })
      yield* recorder.append([october("a", "Completed"), october("b", "Completed")], settings)
      yield* recorder.append([{ ...october("a", "CallerLeft"), amends: true }], settings)
      yield* recorder.append([Records.record("november")], settings)
      yield* recorder.append([{ ...october("b", "CallerLeft"), amends: true }, october("a", "Completed")], settings)
      yield* recorder.append([october("late", "Completed")], settings)
      yield* stored(recorder, 7)
      yield* end
      assert.deepStrictEqual(
        Database.records(`${folder}/record_202610.db`).map(({ LatencyMs, Outcome, id }) => [id, Outcome, LatencyMs]),
        [
          ["a", "CallerLeft", 2],
          ["b", "CallerLeft", 2]
        ]
      )
      assert.deepStrictEqual(idsIn(path), ["november", "late"])
      assert.deepStrictEqual(Temp.names(folder), ["record.db", "record.lock", "record_202610.db"])
    })
  )

  it.scopedLive("deletes the oldest archives that log.retention lets go", () =>
    Effect.gen(function* () {
      const folder = yield* Temp.directory
      const { end, recorder } = yield* begin(`${folder}/record.db`)
      const months = ["2026-08", "2026-09", "2026-10", "2026-11"]
      const rows = months.map((month) => Records.record(month, { Time: `${month}-15T00:00:00.000Z` }))
      yield* recorder.append(rows, settings)
      yield* stored(recorder, 4)
      yield* recorder.append([Records.record("x")], { ...settings, retention: { _tag: "Months", months: 1 } })
      yield* end
      assert.deepStrictEqual(Temp.names(folder), ["record.db", "record.lock", "record_202610.db"])
      assert.strictEqual(recorder.stats().archivesDeleted, 2)
    })
  )

  it.scopedLive("stores no picture, and says what it was", () =>
    Effect.gen(function* () {
      const path = `${yield* Temp.directory}/record.db`
      const { end, recorder } = yield* begin(path)
      const Request = JSON.stringify({ url: `data:text/plain;base64,${Buffer.from("hello").toString("base64")}` })
      yield* recorder.append([Records.record("a", { Request })], settings)
      yield* end
      const sha256 = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"
      assert.strictEqual(Database.records(path)[0]?.Request, `{"url":"[text/plain, 5 bytes, sha256 ${sha256}]"}`)
    })
  )
})
