import * as fs from "node:fs"
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import * as NodePath from "@effect/platform-node/NodePath"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as MonthlyRotation from "../../../src/records/store/MonthlyRotation.js"
import type { Filter } from "../../../src/records/read/RecordFilter.js"
import * as RecordReader from "../../../src/records/read/RecordReader.js"
import * as Database from "../../support/Database.js"
import * as LogLines from "../../support/LogLines.js"
import * as Records from "../../support/Records.js"
import * as Temp from "../../support/Temp.js"

const platform = Layer.mergeAll(NodeFileSystem.layer, NodePath.layer, LogLines.make().layer)

const rows = [
  Records.record("r1", { Time: "2026-10-31T23:00:00.000Z", Model: "gpt-4o", Caller: "aaaaaaaaaaaa" }),
  Records.record("r2", { Time: "2026-11-01T10:00:00.000Z", Model: "gpt-4o", Backend: "b", Outcome: "CallerLeft" }),
  Records.record("r3", { Time: "2026-11-02T10:00:00.000Z", Model: "o3", Caller: "aaaaaaaaaaaa" }),
  Records.record("r4", { Time: "2026-11-02T11:00:00.000Z", Model: null, Backend: null, TotalTokens: null }),
  Records.record("r5", { Time: "2026-11-03T10:00:00.000Z", Model: "gpt-4o-mini" })
]

/** A database of November with October's archive beside it. */
const written = Effect.gen(function* () {
  const path = `${yield* Temp.directory}/record.db`
  yield* Effect.scoped(Effect.flatMap(MonthlyRotation.make({ path }), (database) => database.appendAll(rows)))
  return path
})

const newest = (path: string, filter: Filter, limit = 10) =>
  Effect.map(
    RecordReader.fromEach(path, filter, (file) => file.newest(filter, limit)),
    (found) =>
      found
        .flat()
        .map(({ id }) => id)
        .sort()
  )

describe("RecordReader", () => {
  it.scoped("finds records by every filter and all of them together, in archives too", () =>
    Effect.gen(function* () {
      const path = yield* written
      for (const [filter, expected] of [
        [{}, ["r1", "r2", "r3", "r4", "r5"]],
        [{ model: "gpt-4o" }, ["r1", "r2"]],
        [{ model: "gpt*" }, ["r1", "r2", "r5"]],
        [{ model: "*[4]o" }, []],
        [{ model: "gpt-?o" }, []],
        [{ backend: "b" }, ["r2"]],
        [{ outcome: "CallerLeft" }, ["r2"]],
        [{ caller: "aaaaaaaaaaaa" }, ["r1", "r3"]],
        [{ since: "2026-11-01T00:00:00.000Z" }, ["r2", "r3", "r4", "r5"]],
        [{ until: "2026-11-02T10:00:00.000Z" }, ["r1", "r2"]],
        [
          { since: "2026-10-31T00:00:00.000Z", until: "2026-11-02T00:00:00.000Z", model: "gpt-4o", backend: "a" },
          ["r1"]
        ],
        [{ model: "x' OR 1=1 --" }, []]
      ] as const) {
        assert.deepStrictEqual(yield* newest(path, filter), [...expected], JSON.stringify(filter))
      }
    }).pipe(Effect.provide(platform))
  )

  it.scoped("finds a record whole by its id or the beginning of it", () =>
    Effect.gen(function* () {
      const path = yield* written
      const found = yield* RecordReader.fromEach(path, {}, (file) => file.withId("r1", 2))
      assert.deepStrictEqual(found.flat(), rows.slice(0, 1))
      const all = yield* RecordReader.fromEach(path, {}, (file) => file.withId("r", 9))
      assert.lengthOf(all.flat(), 5)
    }).pipe(Effect.provide(platform))
  )

  it.scoped("sums up whole days and parts of days as the rows themselves would", () =>
    Effect.gen(function* () {
      const path = yield* written
      const times = [undefined, "2026-10-31T23:30:00.000Z", "2026-11-01T00:00:00.000Z", "2026-11-02T10:30:00.000Z"]
      for (const since of times) {
        for (const until of [...times, "2026-11-04T00:00:00.000Z"]) {
          const filter = { ...(since === undefined ? {} : { since }), ...(until === undefined ? {} : { until }) }
          const sums = yield* RecordReader.fromEach(path, filter, (file) => file.sums(filter, ["Day", "Model"]))
          const within = rows.filter(({ Time }) => Time >= (since ?? "") && Time < (until ?? "9"))
          const total = (pick: (sum: { Requests: number; TotalTokens: number | null }) => number) =>
            sums.flat().reduce((sum, each) => sum + pick(each), 0)
          assert.strictEqual(
            total(({ Requests }) => Requests),
            within.length,
            JSON.stringify(filter)
          )
          const tokens = within.reduce((sum, { TotalTokens }) => sum + (TotalTokens ?? 0), 0)
          assert.strictEqual(
            total(({ TotalTokens }) => TotalTokens ?? 0),
            tokens,
            JSON.stringify(filter)
          )
        }
      }
      const byCaller = yield* RecordReader.fromEach(path, {}, (file) => file.sums({}, ["Caller"]))
      const callers = byCaller.flat().filter(({ Caller }) => Caller === "aaaaaaaaaaaa")
      assert.deepStrictEqual(
        callers.map(({ Requests }) => Requests),
        [1, 1]
      )
    }).pipe(Effect.provide(platform))
  )

  it.scoped("keeps the sums right when rows are amended or deleted", () =>
    Effect.gen(function* () {
      const path = `${yield* Temp.directory}/record.db`
      yield* Effect.scoped(
        Effect.gen(function* () {
          const database = yield* MonthlyRotation.make({ path })
          yield* database.appendAll([Records.record("a"), Records.record("b"), Records.record("b")])
          yield* database.appendAll([
            Records.record("a"),
            { ...Records.record("a", { Outcome: "CallerLeft" }), amends: true }
          ])
        })
      )
      Database.execute(path, "DELETE FROM records WHERE id = 'b'")
      const [sums = []] = yield* RecordReader.fromEach(path, {}, (file) => file.sums({}, ["Model"]))
      assert.deepStrictEqual(
        sums.map(({ Outcome, Requests, TotalTokens }) => [Outcome, Requests, TotalTokens]),
        [["CallerLeft", 1, 5]]
      )
    }).pipe(Effect.provide(platform))
  )

  it.scoped("reads what an older service wrote", () =>
    Effect.gen(function* () {
      const folder = yield* Temp.directory
      Database.execute(
        `${folder}/record_202503.db`,
        `CREATE TABLE records (Time TEXT, IP TEXT, Model TEXT, TotalTokens INTEGER, PromptTokens INTEGER,
          CompletionTokens INTEGER);
        INSERT INTO records VALUES ('2025-03-01 10:00:00', '10.0.0.1', 'old', 5, 2, 3);`
      )
      const path = `${folder}/record.db`
      const [[row] = []] = yield* RecordReader.fromEach(path, {}, (file) => file.newest({}, 5))
      assert.deepStrictEqual([row?.Model, row?.Outcome, row?.id], ["old", null, null])
      const [[sum] = []] = yield* RecordReader.fromEach(path, {}, (file) => file.sums({}, ["Day"]))
      assert.deepStrictEqual([sum?.Day, sum?.TotalTokens], ["2025-03-01", 5])
      assert.deepStrictEqual((yield* RecordReader.fromEach(path, {}, (file) => file.withId("1", 5))).flat(), [])
    }).pipe(Effect.provide(platform))
  )

  it.scoped("says what it cannot read", () =>
    Effect.gen(function* () {
      const folder = yield* Temp.directory
      const missing = yield* Effect.flip(newest(`${folder}/record.db`, {}))
      assert.strictEqual(missing.message, `${folder}/record.db: records cannot be read: there is no such file`)
      fs.writeFileSync(`${folder}/record.db`, "notes\n".repeat(500))
      const notes = yield* Effect.flip(newest(`${folder}/record.db`, {}))
      assert.include(notes.message, "file is not a database")
    }).pipe(Effect.provide(platform))
  )
})
