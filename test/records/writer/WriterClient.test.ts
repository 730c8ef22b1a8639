import * as fs from "node:fs"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import * as GatewayConfig from "../../../src/domain/config/GatewayConfig.js"
import * as RequestLog from "../../../src/records/RequestLog.js"
import * as WriterClient from "../../../src/records/writer/WriterClient.js"
import * as Database from "../../support/Database.js"
import * as LogLines from "../../support/LogLines.js"
import * as Records from "../../support/Records.js"
import * as Temp from "../../support/Temp.js"
import { until } from "../../support/Until.js"

const settings = { durability: "wal", bodies: "full", archive: true, retention: null } as const

const quietly = <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.provide(effect, LogLines.make().layer)

/** A log over a file with this durability, and what ends it. */
const logOver = Effect.fnUntraced(function* (path: string, durability: "relaxed" | "wal" | "sync") {
  const scope = yield* Scope.make()
  const config = Effect.succeed({ ...GatewayConfig.defaultLog, durability })
  const face = yield* Scope.extend(WriterClient.make({ path }), scope)
  const log = yield* Scope.extend(
    RequestLog.make((records) => Effect.as(face.append(records, { ...settings, durability }), records.length), {
      settings: config,
      writer: face
    }),
    scope
  )
  return { log, end: Scope.close(scope, Exit.void) }
})

describe("the writer's thread", () => {
  it.scopedLive("writes, counts and tells what went wrong in its own words", () => {
    const lines = LogLines.make()
    return Effect.gen(function* () {
      const folder = yield* Temp.directory
      const path = `${folder}/record.db`
      const { end, log } = yield* logOver(path, "wal")
      const other = yield* Database.connect(path)
      other.exec("BEGIN EXCLUSIVE")
      yield* Effect.forEach(Records.many(300), (record) => log.record(record))
      yield* Effect.promise(() => lines.line("Records wait in the spool: "))
      other.exec("COMMIT")
      other.close()
      yield* Effect.promise(() => lines.line("Records reach their database again"))
      yield* end
      assert.lengthOf(Database.records(path), 300)
      const stats = yield* log.stats ?? Effect.dieMessage("no stats")
      assert.deepInclude(stats, {
        taken: 300,
        stored: 300,
        spooled: 300,
        lost: 0,
        buffered: 0,
        spoolBytes: 0,
        restarts: 0
      })
      assert.isAbove(stats.storeFailures, 0)
    }).pipe(Effect.provide(lines.layer))
  })

  it.scopedLive("under sync, takes a record only when it is on the disk", () =>
    Effect.gen(function* () {
      const folder = yield* Temp.directory
      const { end, log } = yield* logOver(`${folder}/record.db`, "sync")
      for (const record of Records.many(5)) {
        yield* log.record(record, true)
        const spool = Temp.names(folder).filter((name) => name.endsWith(".ndjson"))
        const text = spool.map((name) => fs.readFileSync(`${folder}/${name}`, "utf8")).join("")
        // The database may have it already, and the spool have let go of it.
        const isStored = () => Records.ids(Database.records(`${folder}/record.db`)).includes(record.id)
        assert.isTrue(text.includes(`"id":"${record.id}"`) || isStored())
      }
      yield* end
      assert.lengthOf(Database.records(`${folder}/record.db`), 5)
    }).pipe(quietly)
  )

  it.scopedLive("is begun again when it has died, and what it had is there once", () =>
    Effect.gen(function* () {
      const folder = yield* Temp.directory
      const path = `${folder}/record.db`
      const face = yield* WriterClient.make({ path })
      yield* face.append(Records.many(3), settings)
      // An order that is none ends it.
      const spoilt = { ...settings }
      Object.defineProperty(spoilt, "durability", { value: "none", enumerable: true })
      const dead = yield* Effect.exit(face.append(Records.many(3), spoilt))
      assert.isTrue(Exit.isFailure(dead))
      yield* face.append(Records.many(3, 3), settings)
      assert.strictEqual(face.restarts(), 1)
      yield* Effect.promise(() => until(() => face.stats().stored >= 6))
      assert.deepStrictEqual([...Records.ids(Database.records(path))].sort(), Records.ids(Records.many(6)))
    }).pipe(quietly)
  )

  it.scopedLive("drops what is no record, says so, and writes the others", () => {
    const lines = LogLines.make()
    return Effect.gen(function* () {
      const path = `${yield* Temp.directory}/record.db`
      const face = yield* WriterClient.make({ path })
      const nameless = Records.record("x")
      Object.defineProperty(nameless, "id", { value: undefined })
      yield* face.append([Records.record("a"), nameless, Records.record("b")], settings)
      yield* Effect.promise(() => lines.line("ERROR 1 of 3 records could not be read and were dropped"))
      yield* Effect.promise(() => until(() => face.stats().stored === 2))
      assert.deepStrictEqual(Records.ids(Database.records(path)), ["a", "b"])
    }).pipe(Effect.provide(lines.layer))
  })

  it.scopedLive("cannot begin with a path that cannot be opened", () =>
    Effect.gen(function* () {
      const path = `${yield* Temp.directory}/missing/record.db`
      const failure = yield* Effect.flip(WriterClient.make({ path }))
      assert.strictEqual(failure._tag, "LogUnavailable")
      assert.strictEqual(failure.message.split("cannot be opened").length, 2)
    })
  )
})
