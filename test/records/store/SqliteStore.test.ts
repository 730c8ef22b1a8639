import * as fs from "node:fs"
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Column from "../../../src/domain/record/Column.js"
import * as RequestRecord from "../../../src/domain/record/RequestRecord.js"
import * as SqliteStore from "../../../src/records/store/SqliteStore.js"
import * as Database from "../../support/Database.js"
import * as Records from "../../support/Records.js"
import * as Temp from "../../support/Temp.js"

const open = (path: string) => Effect.provide(SqliteStore.open(path), NodeFileSystem.layer)

const columns = [
  "id",
  "Time",
  "IP",
  "Model",
  "RequestedModel",
  "Type",
  "Backend",
  "Stream",
  "Status",
  "Outcome",
  "FinishReason",
  "Attempts",
  "CompletionTokens",
  "PromptTokens",
  "TotalTokens",
  "Tool",
  "Multimodal",
  "LatencyMs",
  "TtftMs",
  "Headers",
  "Request",
  "Response",
  "Error",
  "Caller",
  "TokensEstimated",
  "Cleaned"
]

/** The table of an older service, with whatever it had for an id. */
const older = (id: string) => `
  CREATE TABLE records (${id}Time TEXT, IP TEXT, Model TEXT, Type TEXT, CompletionTokens INTEGER, PromptTokens INTEGER,
    TotalTokens INTEGER, Tool INTEGER, Multimodal INTEGER, Headers TEXT, Request TEXT, Response TEXT);
  INSERT INTO records (Time, IP, Model, Type, CompletionTokens, PromptTokens, TotalTokens, Tool, Multimodal, Headers,
    Request, Response)
  VALUES ('2025-03-01 10:00:00', '10.0.0.1', 'old-model', 'chat', 7, 11, 18, 1, 0, '{"a":"b"}', '{"q":1}', '{"r":2}'),
    ('2025-03-02 10:00:00', '10.0.0.2', 'old-model', 'completion', NULL, NULL, NULL, 0, 1, NULL, NULL, NULL);`

describe("SqliteStore", () => {
  it.scoped("puts the end of an exchange in the place of the row that it got as interrupted, never the other way", () =>
    Effect.gen(function* () {
      const path = `${yield* Temp.directory}/record.db`
      const store = yield* open(path)
      const end = (n: number) => Records.record(`r${n}`, { Response: "whole" })
      const interrupted = (n: number) =>
        Records.record(`r${n}`, { Outcome: "Interrupted", Response: null, TotalTokens: null, Backend: "other" })
      const numbers = Array.from({ length: 45 }, (_, n) => n)
      yield* store.insert(numbers.slice(0, 30).map(interrupted))
      yield* store.insert(numbers.slice(15).map(end))
      yield* store.insert(numbers.map(interrupted))
      yield* store.insert(numbers.slice(0, 5).map(end))
      const ended = numbers.filter((n) => n < 5 || n >= 15)
      const rows = Database.records(path)
      assert.lengthOf(rows, numbers.length)
      for (const row of rows) {
        const isEnded = ended.includes(Number(row.id.slice(1)))
        assert.deepInclude(
          row,
          isEnded
            ? { Outcome: "Completed", Response: "whole", Backend: "a" }
            : { Outcome: "Interrupted", Response: null, Backend: "other" }
        )
      }
      assert.deepStrictEqual(
        Database.query(path, "SELECT Outcome, Requests, TotalTokens FROM record_sums WHERE Requests > 0 ORDER BY 1"),
        [
          { Outcome: "Completed", Requests: ended.length, TotalTokens: 5 * ended.length },
          { Outcome: "Interrupted", Requests: numbers.length - ended.length, TotalTokens: 0 }
        ]
      )
    })
  )

  it.scoped("makes a table with the documented columns, in a file for its owner alone", () =>
    Effect.gen(function* () {
      const path = `${yield* Temp.directory}/record.db`
      yield* open(path)
      const found = Database.query(path, "SELECT name FROM pragma_table_info('records')")
      assert.deepStrictEqual(
        found,
        columns.map((name) => ({ name }))
      )
      assert.strictEqual(fs.statSync(path).mode & 0o777, 0o600)
    })
  )

  it.scoped("brings a database to the shape that the columns state, whatever it was", () =>
    Effect.gen(function* () {
      const folder = yield* Temp.directory
      Database.execute(`${folder}/older.db`, older("id INTEGER PRIMARY KEY, "))
      const stated = RequestRecord.columns.map((name) => {
        const { type } = Column.of(RequestRecord.RequestRecord.fields[name])
        return { name, type, pk: name === "id" ? 1 : 0 }
      })
      for (const path of [`${folder}/older.db`, `${folder}/new.db`]) {
        yield* open(path)
        const found = Database.query(path, "SELECT name, type, pk FROM pragma_table_info('records')")
        assert.deepStrictEqual(found, stated)
      }
    })
  )

  it.scoped("stores every value of a record and gives it back", () =>
    Effect.gen(function* () {
      const path = `${yield* Temp.directory}/record.db`
      const store = yield* open(path)
      const full = Records.record("full", {
        Stream: 1,
        Tool: 1,
        Multimodal: 1,
        LatencyMs: 12.5,
        TtftMs: 3.25,
        Request: JSON.stringify({ text: "it's “quoted” — 日本語 \u0000 🙂" }),
        Error: "what went wrong"
      })
      const empty = Records.record("empty", {
        Model: null,
        RequestedModel: null,
        Backend: null,
        Status: null,
        FinishReason: null,
        CompletionTokens: null,
        PromptTokens: null,
        TotalTokens: null,
        Request: null,
        Response: null
      })
      yield* store.insert([full, empty])
      assert.deepStrictEqual(Database.records(path), [full, empty])
    })
  )

  it.scoped("leaves a record as it is when its id comes again, and inserts the others", () =>
    Effect.gen(function* () {
      const path = `${yield* Temp.directory}/record.db`
      const store = yield* open(path)
      yield* store.insert([Records.record("a", { Outcome: "Completed" })])
      yield* store.insert([Records.record("a", { Outcome: "CallerLeft" }), Records.record("b")])
      const rows = Database.records(path)
      assert.deepStrictEqual(Records.ids(rows), ["a", "b"])
      assert.strictEqual(rows[0]?.Outcome, "Completed")
    })
  )

  it.scoped("inserts any number of records at once, in their order", () =>
    Effect.gen(function* () {
      const path = `${yield* Temp.directory}/record.db`
      const store = yield* open(path)
      let all = 0
      for (const count of [0, 1, 7, 8, 41, 169, 300]) {
        yield* store.insert(Records.many(count, all))
        all += count
      }
      assert.deepStrictEqual(Database.records(path), Records.many(all))
    })
  )

  it.scoped("keeps its rows when it is opened again", () =>
    Effect.gen(function* () {
      const path = `${yield* Temp.directory}/record.db`
      for (const id of ["a", "b", "c"]) {
        yield* Effect.scoped(Effect.flatMap(open(path), (store) => store.insert([Records.record(id)])))
      }
      assert.deepStrictEqual(Records.ids(Database.records(path)), ["a", "b", "c"])
    })
  )

  it.scoped("knows the time of its newest record", () =>
    Effect.gen(function* () {
      const store = yield* open(`${yield* Temp.directory}/record.db`)
      assert.isNull(yield* store.newest)
      yield* store.insert([
        Records.record("new", { Time: "2026-11-23T12:00:00.000Z" }),
        Records.record("old", { Time: "2026-10-01T00:00:00.000Z" })
      ])
      assert.strictEqual(yield* store.newest, "2026-11-23T12:00:00.000Z")
    })
  )

  for (const [name, id] of [
    ["a number for an id", "id INTEGER PRIMARY KEY AUTOINCREMENT, "],
    ["no id", ""]
  ] as const) {
    it.scoped(`upgrades the table of an older service with ${name} and keeps its rows`, () =>
      Effect.gen(function* () {
        const path = `${yield* Temp.directory}/record.db`
        Database.execute(path, older(id))
        const store = yield* open(path)
        yield* store.insert([Records.record("new")])
        const rows = Database.query(
          path,
          `SELECT Time, IP, Model, Type, CompletionTokens, PromptTokens, TotalTokens, Tool, Multimodal, Headers, Request,
            Response FROM records ORDER BY Time`
        )
        assert.lengthOf(rows, 3)
        assert.deepStrictEqual(rows[0], {
          Time: "2025-03-01 10:00:00",
          IP: "10.0.0.1",
          Model: "old-model",
          Type: "chat",
          CompletionTokens: 7,
          PromptTokens: 11,
          TotalTokens: 18,
          Tool: 1,
          Multimodal: 0,
          Headers: '{"a":"b"}',
          Request: '{"q":1}',
          Response: '{"r":2}'
        })
        const names = Database.query(path, "SELECT name FROM pragma_table_info('records')")
        assert.lengthOf(names, columns.length)
        const ids = Database.query(path, "SELECT DISTINCT id FROM records WHERE id IS NOT NULL AND typeof(id) = 'text'")
        assert.lengthOf(ids, 3)
        const tables = Database.query(path, "SELECT name FROM sqlite_master WHERE name LIKE '%before%'")
        assert.lengthOf(tables, 0)
      })
    )
  }

  it.scoped("keeps a row of an older service that has no time", () =>
    Effect.gen(function* () {
      const path = `${yield* Temp.directory}/record.db`
      Database.execute(path, older("") + "UPDATE records SET Time = NULL WHERE IP = '10.0.0.2';")
      yield* open(path)
      assert.lengthOf(Database.query(path, "SELECT id FROM records"), 2)
    })
  )

  it.scoped("cannot open a path in a folder that does not exist", () =>
    Effect.gen(function* () {
      const path = `${yield* Temp.directory}/missing/record.db`
      const failure = yield* Effect.flip(open(path))
      assert.strictEqual(failure._tag, "LogUnavailable")
      assert.include(failure.message, `${path}: the record database cannot be opened: `)
    })
  )

  it.scoped("cannot open a folder", () =>
    Effect.gen(function* () {
      const failure = yield* Effect.flip(open(yield* Temp.directory))
      assert.strictEqual(failure._tag, "LogUnavailable")
    })
  )

  it.scoped("cannot open a file that is no database, and leaves it as it is", () =>
    Effect.gen(function* () {
      const path = `${yield* Temp.directory}/notes.txt`
      const text = "These are notes, not a database.\n".repeat(100)
      fs.writeFileSync(path, text)
      const failure = yield* Effect.flip(open(path))
      assert.strictEqual(failure._tag, "LogUnavailable")
      assert.include(failure.message, "not a database")
      assert.strictEqual(fs.readFileSync(path, "utf8"), text)
    })
  )

  it.scoped("does not hold up the process for long while another connection writes", () =>
    Effect.gen(function* () {
      const path = `${yield* Temp.directory}/record.db`
      const store = yield* open(path)
      const other = yield* Database.connect(path)
      other.exec("BEGIN IMMEDIATE")
      const before = performance.now()
      const failure = yield* Effect.flip(store.insert([Records.record("a")]))
      const blocked = performance.now() - before
      assert.strictEqual(failure._tag, "SqlError")
      assert.isBelow(blocked, 1_000, "a synchronous driver that waits stops every exchange of the process")
      other.exec("ROLLBACK")
      yield* store.insert([Records.record("a")])
      assert.lengthOf(Database.records(path), 1)
    })
  )
})
