import * as fs from "node:fs"
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import * as NodePath from "@effect/platform-node/NodePath"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as fc from "effect/FastCheck"
import * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"
import * as TestClock from "effect/TestClock"
import type { WriterSettings } from "../../src/domain/config/WriterSettings.js"
import { AppendFailed } from "../../src/domain/failure/Failure.js"
import * as GatewayConfig from "../../src/domain/config/GatewayConfig.js"
import type { LoggedRecord } from "../../src/domain/record/RequestRecord.js"
import * as RequestLog from "../../src/records/RequestLog.js"
import * as Spool from "../../src/records/spool/Spool.js"
import * as SqliteStore from "../../src/records/store/SqliteStore.js"
import * as WriterClient from "../../src/records/writer/WriterClient.js"
import * as Database from "../support/Database.js"
import * as LogLines from "../support/LogLines.js"
import * as Poison from "../support/Poison.js"
import * as Recorders from "../support/Recorders.js"
import * as Records from "../support/Records.js"
import * as Temp from "../support/Temp.js"
import { until } from "../support/Until.js"

const platform = Layer.mergeAll(NodeFileSystem.layer, NodePath.layer)

/** A folder with a database that refuses rows by themselves. */
const refusing = Effect.gen(function* () {
  const folder = yield* Temp.directory
  const path = `${folder}/record.db`
  yield* Effect.scoped(Effect.provide(SqliteStore.open(path), platform))
  Poison.refuse(path)
  return { folder, path }
})

const settings: WriterSettings = { durability: "wal", bodies: "redacted", archive: true, retention: null }

const statsOf = (log: RequestLog.RequestLog["Type"]) => log.stats ?? Effect.dieMessage("no stats")

/** All rows that are somewhere: in the database, in an archive of the month that they claim, or set aside. */
const found = (folder: string) => {
  const files = Temp.names(folder).filter((name) => name.endsWith(".db"))
  const rows = files.flatMap((name) => Database.records(`${folder}/${name}`))
  return { rows: new Map(rows.map((row) => [row.id, row])), aside: new Set(Poison.setAside(folder).ids) }
}

const wellFormed = (text: string | null) => (text === null ? null : Buffer.from(text).toString())

describe("a row that throws", () => {
  for (const durability of ["relaxed", "wal", "sync"] as const) {
    it.scopedLive(
      `holds up no other, whatever rows hold (${durability})`,
      () =>
        Effect.gen(function* () {
          for (const [round, parts] of fc
            .sample(fc.array(Poison.anyRow, { maxLength: 60 }), { seed: 18, numRuns: 4 })
            .entries()) {
            const { folder, path } = yield* refusing
            const rows = parts.flatMap((part, n) => [
              Records.record(`r${round}-${n}-odd`, part),
              Records.record(`r${round}-${n}-plain`)
            ])
            const log = RequestLog.layerSqlite({
              path,
              settings: Effect.succeed({ ...GatewayConfig.defaultLog, durability })
            })
            yield* Effect.flatMap(RequestLog.RequestLog, ({ record }) =>
              Effect.forEach(rows, (row) => record(row, durability === "sync"), { concurrency: "unbounded" })
            ).pipe(Effect.provide(log))
            const { aside, rows: stored } = found(folder)
            for (const row of rows) {
              const there = stored.get(row.id)
              if (row.Model === "poison") assert.isTrue(aside.has(row.id), row.id)
              else if (row.Request === '{"poison":1}') assert.isNull(there?.Request, row.id)
              else if (row.Request === null) assert.isNull(there?.Request)
              else if (/data:|"data"/.test(row.Request)) assert.isString(there?.Request, row.id)
              else assert.strictEqual(wellFormed(there?.Request ?? null), wellFormed(row.Request), row.id)
              if (!row.id.endsWith("plain")) continue
              assert.deepStrictEqual(there, row)
            }
            assert.deepStrictEqual(
              Temp.names(folder).filter((name) => name.includes("spool")),
              []
            )
          }
        }).pipe(Effect.provide(LogLines.make().layer)),
      60_000
    )
  }

  it.scopedLive("is stored without its bodies or set aside, for its owner alone, and that is said", () => {
    const lines = LogLines.make()
    return Effect.gen(function* () {
      const { folder, path } = yield* refusing
      const scope = yield* Scope.make()
      const recorder = yield* Scope.extend(Recorders.make({ path }), scope)
      const rows = [
        Poison.inBody("a"),
        ...Records.many(4),
        Poison.inName("b"),
        { ...Poison.inBody("c"), Error: "mine" }
      ]
      yield* recorder.append(rows, settings)
      yield* Effect.promise(() => until(() => recorder.stats().spoolBytes === 0))
      yield* Scope.close(scope, Exit.void)
      const { rows: stored } = found(folder)
      assert.deepStrictEqual([...stored.keys()].sort(), ["a", "c", "r0", "r1", "r2", "r3"])
      assert.deepInclude(stored.get("a"), { Request: null, Response: null, Error: "The bodies are not stored: poison" })
      assert.deepInclude(stored.get("c"), { Request: null, Error: "mine" })
      assert.deepStrictEqual(Poison.setAside(folder), { ids: ["b"], mode: 0o600 })
      assert.deepInclude(recorder.stats(), { withheld: 2, setAside: 1, waiting: 0 })
      assert.isTrue(lines.lines.some((line) => /^ERROR 3 records are stored without .*: poison$/.test(line)))
      assert.isTrue(lines.lines.some((line) => line.startsWith("ERROR The record b is in no table")))
    }).pipe(Effect.provide(Layer.mergeAll(platform, lines.layer)))
  })

  it.scopedLive("holds up no other in what a dead process has left, nor does a line that is none or too long", () =>
    Effect.gen(function* () {
      const { folder, path } = yield* refusing
      const scope = yield* Scope.make()
      const dying = yield* Scope.extend(Spool.make({ database: path, segmentSize: 1_000 }), scope)
      for (const row of [Poison.inName("a"), Poison.inBody("b"), ...Records.many(6)]) yield* dying.append([row])
      yield* Scope.close(scope, Exit.void)
      const [first = ""] = Temp.names(folder).filter((name) => name.endsWith(".ndjson"))
      fs.appendFileSync(`${folder}/${first}`, `{"id":"\ud83d"}\n${"x".repeat(3_000_000)}\n`)
      const recorder = yield* Recorders.make({ path })
      yield* Effect.promise(() => until(() => recorder.stats().replayed === 8))
      const { aside, rows } = found(folder)
      assert.deepStrictEqual([...rows.keys()].sort(), ["b", ...Records.ids(Records.many(6))].sort())
      assert.deepStrictEqual([...aside], ["a"])
      assert.strictEqual(recorder.stats().damagedLines, 2)
    }).pipe(Effect.provide(Layer.mergeAll(platform, LogLines.make().layer)))
  )

  it.scopedLive("holds up no other where it cannot even be handed to the writer's thread", () =>
    Effect.gen(function* () {
      const path = `${yield* Temp.directory}/record.db`
      const face = yield* WriterClient.make({ path })
      const strange = Records.record("strange")
      Object.defineProperty(strange, "more", { value: () => {}, enumerable: true })
      const dead = yield* Effect.exit(face.append([strange], settings))
      assert.isTrue(Exit.isFailure(dead))
      const log = yield* RequestLog.make((rows) => Effect.as(face.append(rows, settings), rows.length), {
        writer: face
      })
      for (const row of [...Records.many(5), strange, ...Records.many(5, 5)]) yield* log.record(row)
      yield* Effect.promise(() => until(() => face.stats().stored >= 10))
      assert.includeMembers(
        [...found(path.slice(0, -"/record.db".length)).rows.keys()],
        [...Records.ids(Records.many(10))]
      )
    }).pipe(Effect.provide(LogLines.make().layer))
  )
})

describe("a host's append", () => {
  /** Refuses what it is told to, and whole batches with it. */
  const table = (refuses: (row: LoggedRecord) => Effect.Effect<never, AppendFailed> | undefined) => {
    const rows: Array<LoggedRecord> = []
    const append = (batch: ReadonlyArray<LoggedRecord>) =>
      Effect.suspend(() => {
        for (const row of batch) {
          const refusal = refuses(row)
          if (refusal !== undefined) return refusal
        }
        rows.push(...batch)
        return Effect.succeed(batch.length)
      })
    return { append, rows, ids: () => [...Records.ids(rows)].sort() }
  }

  const failure = new AppendFailed({ path: "table", cause: new Error("not this one") })

  const mixed = Records.many(400).map((row, n) =>
    n % 7 === 3 ? { ...row, Request: "poison" } : n % 50 === 1 ? { ...row, Model: "poison" } : row
  )

  for (const [how, refusal] of [
    ["fails", Effect.fail(failure)],
    ["dies", Effect.die(new Error("a defect"))],
    ["is interrupted", Effect.interrupt],
    ["throws", Effect.sync(() => assert.fail("thrown"))]
  ] as const) {
    it.scoped(`that always ${how} for some rows gets all others, and those without their bodies`, () =>
      Effect.gen(function* () {
        const aside: Array<string> = []
        const { append, ids, rows } = table((row) =>
          row.Request === "poison" || row.Model === "poison" ? refusal : undefined
        )
        const log = yield* RequestLog.make(append, { setAside: ({ id }) => Effect.sync(() => void aside.push(id)) })
        yield* Effect.forEach(mixed, (row) => log.record(row), { discard: true })
        yield* TestClock.adjust("1 minute")
        const lost = Records.ids(mixed.filter(({ Model }) => Model === "poison"))
        assert.deepStrictEqual([...aside].sort(), [...lost].sort())
        assert.deepStrictEqual(
          ids(),
          Records.ids(mixed)
            .filter((id) => !lost.includes(id))
            .sort()
        )
        for (const row of rows) assert.notStrictEqual(row.Request, "poison")
        assert.deepInclude(yield* statsOf(log), { waiting: 0, setAside: lost.length, lost: 0 })
      }).pipe(Effect.provide(LogLines.make().layer))
    )
  }

  it.scoped("that says it will pass keeps the bodies of its rows, however small ones are taken meanwhile", () =>
    Effect.gen(function* () {
      let full = true
      const { append, rows } = table((row) =>
        full && row.Request !== null && row.Request.length > 100
          ? Effect.fail(new AppendFailed({ path: "table", cause: new Error("disk full"), passing: true }))
          : undefined
      )
      const log = yield* RequestLog.make(append, {})
      const large = { ...Records.record("large"), Request: "x".repeat(1_000) }
      for (const row of [large, ...Records.many(5)]) yield* log.record(row)
      yield* TestClock.adjust("1 minute")
      full = false
      yield* TestClock.adjust("2 seconds")
      assert.deepStrictEqual(rows, [large, ...Records.many(5)])
    }).pipe(Effect.provide(LogLines.make().layer))
  )

  it.scoped("gets a row that is alone without its bodies when it has refused it a few times", () =>
    Effect.gen(function* () {
      const { append, rows } = table((row) => (row.Request === null ? undefined : Effect.fail(failure)))
      const log = yield* RequestLog.make(append, {})
      yield* log.record(Records.record("a"))
      yield* TestClock.adjust("1 second")
      assert.deepInclude(yield* statsOf(log), { waiting: 1 })
      yield* TestClock.adjust("20 seconds")
      assert.deepInclude(rows[0], { id: "a", Request: null, Error: "The bodies are not stored: not this one" })
      assert.deepInclude(yield* statsOf(log), { waiting: 0, withheld: 1 })
    }).pipe(Effect.provide(LogLines.make().layer))
  )

  it.effect("that refuses some rows gets all others when the log closes at once", () =>
    Effect.gen(function* () {
      const { append, ids } = table((row) => (row.Model === "poison" ? Effect.fail(failure) : undefined))
      const scope = yield* Scope.make()
      const log = yield* Scope.extend(RequestLog.make(append, {}), scope)
      yield* Effect.forEach(mixed, (row) => log.record(row), { discard: true })
      yield* Scope.close(scope, Exit.void)
      assert.deepStrictEqual(
        ids(),
        Records.ids(mixed.filter(({ Model }) => Model !== "poison"))
          .slice()
          .sort()
      )
    }).pipe(Effect.provide(LogLines.make().layer))
  )

  for (const [what, hang] of [
    ["hangs", Effect.never],
    ["hangs and lets itself not be interrupted", Effect.uninterruptible(Effect.never)]
  ] as const) {
    it.scoped(`that ${what} for one row gets all others`, () =>
      Effect.gen(function* () {
        let hung = 0
        const { append, ids } = table((row) => (row.id === "r7" && ++hung < 4 ? hang : undefined))
        const log = yield* RequestLog.make(append, {})
        yield* Effect.forEach(Records.many(20), (row) => log.record(row), { discard: true })
        yield* TestClock.adjust("30 minutes")
        assert.deepStrictEqual(ids(), [...Records.ids(Records.many(20))].sort())
      }).pipe(Effect.provide(LogLines.make().layer))
    )
  }

  it.effect("that hangs for ever does not keep the log from closing", () => {
    const lines = LogLines.make()
    return Effect.gen(function* () {
      const scope = yield* Scope.make()
      const log = yield* Scope.extend(
        RequestLog.make(() => Effect.uninterruptible(Effect.never), {}),
        scope
      )
      yield* Effect.forEach(Records.many(3), (row) => log.record(row), { discard: true })
      yield* TestClock.adjust("1 second")
      const closing = yield* Effect.fork(Scope.close(scope, Exit.void))
      yield* TestClock.adjust("30 seconds")
      assert.isNotNull(closing.unsafePoll())
      assert.include(lines.lines, "ERROR 3 records were lost: the database took none")
    }).pipe(Effect.provide(lines.layer))
  })

  it.scoped("that says it took no row, or more than there were, loses none and makes no loop", () =>
    Effect.gen(function* () {
      let calls = 0
      const log = yield* RequestLog.make((rows) => {
        calls++
        return Effect.succeed(calls > 2 ? rows.length + 5 : ([0, Number.NaN][calls % 2] ?? 0))
      }, {})
      yield* Effect.forEach(Records.many(3), (row) => log.record(row), { discard: true })
      yield* TestClock.adjust("30 seconds")
      assert.isBelow(calls, 20)
      assert.deepInclude(yield* statsOf(log), { buffered: 0, lost: 0, waiting: 0 })
    }).pipe(Effect.provide(LogLines.make().layer))
  )
})
