import * as fs from "node:fs"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as Sqlite from "../../../src/records/store/Sqlite.js"
import * as Database from "../../support/Database.js"
import * as Temp from "../../support/Temp.js"

const openNew = Effect.gen(function* () {
  const path = `${yield* Temp.directory}/some.db`
  const sql = yield* Sqlite.open({ path, patience: 0 })
  yield* sql`CREATE TABLE numbers (n INTEGER PRIMARY KEY, word TEXT)`
  yield* sql`INSERT INTO numbers ${sql.insert([
    { n: 1, word: "one" },
    { n: 2, word: "two" }
  ])}`
  return { path, sql }
})

describe("Sqlite", () => {
  it.scoped("gives rows, as objects, as lists of values, unprepared and one by one", () =>
    Effect.gen(function* () {
      const { sql } = yield* openNew
      const asked = sql`SELECT word, n, n FROM numbers WHERE n < ${3} ORDER BY n`
      const rows = [
        { word: "one", n: 1 },
        { word: "two", n: 2 }
      ]
      assert.deepStrictEqual(yield* asked, rows)
      assert.deepStrictEqual(yield* asked.unprepared, rows)
      assert.deepStrictEqual(Array.from(yield* Stream.runCollect(asked.stream)), rows)
      assert.deepStrictEqual(yield* asked.values, [
        ["one", 1, 1],
        ["two", 2, 2]
      ])
      assert.deepStrictEqual(yield* sql`DELETE FROM numbers`.values, [])
      assert.deepStrictEqual(yield* asked, [])
    })
  )

  it.scoped("takes more different statements than it keeps", () =>
    Effect.gen(function* () {
      const { sql } = yield* openNew
      for (let turn = 0; turn < 2; turn++) {
        for (let n = 0; n < 200; n++) {
          assert.deepStrictEqual(yield* sql`SELECT ${sql.literal(String(n))} AS n`, [{ n }])
        }
      }
    })
  )

  it.scoped("takes a transaction back that fails, and lets nobody else between its statements", () =>
    Effect.gen(function* () {
      const { path, sql } = yield* openNew
      const failing = sql.withTransaction(
        Effect.zipRight(
          sql`INSERT INTO numbers VALUES (3, 'three')`,
          Effect.zipRight(Effect.yieldNow(), Effect.fail("no"))
        )
      )
      const fiber = yield* Effect.fork(failing)
      yield* Effect.yieldNow()
      yield* sql`INSERT INTO numbers VALUES (4, 'four')`
      assert.strictEqual(yield* Effect.flip(Fiber.join(fiber)), "no")
      assert.deepStrictEqual(Database.query(path, "SELECT n FROM numbers ORDER BY n"), [{ n: 1 }, { n: 2 }, { n: 4 }])
    })
  )

  it.scoped("lets one after the other have the connection, whoever gave up waiting for it", () =>
    Effect.gen(function* () {
      const { sql } = yield* openNew
      const held = yield* Scope.make()
      yield* Scope.extend(sql.reserve, held)
      const impatient = yield* Effect.fork(Effect.scoped(sql.reserve))
      const next = yield* Effect.fork(Effect.scoped(sql.reserve))
      yield* Effect.yieldNow()
      yield* Fiber.interrupt(impatient)
      yield* Effect.repeatN(Effect.yieldNow(), 20)
      assert.isNull(next.unsafePoll())
      yield* Scope.close(held, Exit.void)
      yield* Fiber.join(next)
    })
  )

  it.scoped("says what SQLite said, and fails where it cannot open", () =>
    Effect.gen(function* () {
      const { path, sql } = yield* openNew
      const twice = yield* Effect.flip(sql`INSERT INTO numbers VALUES (1, 'uno')`)
      assert.propertyVal(twice.cause, "code", "SQLITE_CONSTRAINT_PRIMARYKEY")
      const unknown = yield* Effect.flip(sql`SELECT word FROM nowhere`)
      assert.match(String(unknown.cause), /no such table: nowhere/)
      const missing = yield* Effect.flip(Sqlite.open({ path: `${path}/none/some.db`, patience: 0 }))
      assert.match(String(missing.cause), /directory does not exist/)
      const unmade = yield* Effect.flip(Sqlite.open({ path: `${path}.none`, patience: 0, readonly: true }))
      assert.propertyVal(unmade.cause, "code", "SQLITE_CANTOPEN")
      assert.isFalse(fs.existsSync(`${path}.none`))
    })
  )

  it.scoped("writes nothing when opened for reading", () =>
    Effect.gen(function* () {
      const { path } = yield* openNew
      const sql = yield* Sqlite.open({ path, patience: 0, readonly: true })
      const refused = yield* Effect.flip(sql`DELETE FROM numbers`)
      assert.propertyVal(refused.cause, "code", "SQLITE_READONLY")
    })
  )

  it.effect("lets go of the file with its scope", () =>
    Effect.gen(function* () {
      const { sql } = yield* Effect.scoped(openNew)
      const closed = yield* Effect.flip(sql`SELECT 1`)
      assert.match(String(closed.cause), /not open/)
    })
  )
})
