import * as fs from "node:fs"
import * as PlatformError from "@effect/platform/Error"
import * as FileSystem from "@effect/platform/FileSystem"
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import * as NodePath from "@effect/platform-node/NodePath"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as TestClock from "effect/TestClock"
import type { RequestRecord } from "../../../src/domain/record/RequestRecord.js"
import * as FileLock from "../../../src/records/store/FileLock.js"
import * as MonthlyRotation from "../../../src/records/store/MonthlyRotation.js"
import * as RequestLog from "../../../src/records/RequestLog.js"
import * as SqliteFault from "../../../src/records/store/SqliteFault.js"
import * as Database from "../../support/Database.js"
import * as LogLines from "../../support/LogLines.js"
import * as Records from "../../support/Records.js"
import * as Temp from "../../support/Temp.js"

const platform = Layer.merge(NodeFileSystem.layer, NodePath.layer)

const quietly = <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.provide(effect, LogLines.make().layer)

const make = (options: MonthlyRotation.Options) => Effect.provide(MonthlyRotation.make(options), platform)

type Rotation = Effect.Effect.Success<ReturnType<typeof make>>

/** Appends until everything is taken, as the log does. */
const appendAll = (store: Rotation, records: ReadonlyArray<RequestRecord>): ReturnType<Rotation["append"]> =>
  Effect.flatMap(store.append(records), (taken) => {
    assert.isAtLeast(taken, 1, "an append that takes nothing would go on for ever")
    return taken === records.length ? Effect.succeed(taken) : appendAll(store, records.slice(taken))
  })

/** A record of this day, whose id tells it. */
const on = (day: string, id = day) => Records.record(id, { Time: `${day}T12:00:00.000Z` })

const idsIn = (path: string) => Records.ids(Database.records(path))

describe("MonthlyRotation", () => {
  it.scoped("moves a month aside when the first record of the next one comes", () =>
    Effect.gen(function* () {
      const folder = yield* Temp.directory
      const store = yield* make({ path: `${folder}/record.db` })
      yield* appendAll(store, [on("2026-10-01"), on("2026-10-31")])
      assert.deepStrictEqual(
        Temp.names(folder).filter((name) => name.endsWith(".db")),
        ["record.db"]
      )
      yield* appendAll(store, [on("2026-11-01")])
      assert.deepStrictEqual(idsIn(`${folder}/record_202610.db`), ["2026-10-01", "2026-10-31"])
      assert.deepStrictEqual(idsIn(`${folder}/record.db`), ["2026-11-01"])
    }).pipe(quietly)
  )

  it.scoped("leaves an archive that is one whole file, for its owner alone", () =>
    Effect.gen(function* () {
      const folder = yield* Temp.directory
      const store = yield* make({ path: `${folder}/record.db` })
      yield* appendAll(store, [on("2026-10-01"), on("2026-11-01")])
      const beside = Temp.names(folder).filter((name) => name.startsWith("record_202610"))
      assert.deepStrictEqual(beside, ["record_202610.db"])
      for (const name of ["record.db", "record_202610.db"]) {
        assert.strictEqual(fs.statSync(`${folder}/${name}`).mode & 0o777, 0o600, name)
      }
      fs.copyFileSync(`${folder}/record_202610.db`, `${folder}/copy.db`)
      assert.deepStrictEqual(idsIn(`${folder}/copy.db`), ["2026-10-01"])
    }).pipe(quietly)
  )

  it.scoped("names the archive by the month of its data, whatever the clock says, and over the turn of the year", () =>
    Effect.gen(function* () {
      const folder = yield* Temp.directory
      yield* TestClock.setTime(Date.parse("2031-05-05T00:00:00Z"))
      const store = yield* make({ path: `${folder}/record.db` })
      yield* appendAll(store, [on("2025-12-31"), on("2026-01-01")])
      assert.deepStrictEqual(idsIn(`${folder}/record_202512.db`), ["2025-12-31"])
    }).pipe(quietly)
  )

  it.scoped("archives beside the database, whatever the database is called", () =>
    Effect.gen(function* () {
      const folder = yield* Temp.directory
      fs.mkdirSync(`${folder}/data`)
      const store = yield* make({ path: `${folder}/data/gateway.sqlite` })
      yield* appendAll(store, [on("2026-10-01"), on("2026-11-01")])
      assert.deepStrictEqual(idsIn(`${folder}/data/record_202610.db`), ["2026-10-01"])
      assert.deepStrictEqual(idsIn(`${folder}/data/gateway.sqlite`), ["2026-11-01"])
    }).pipe(quietly)
  )

  it.scoped("adds the Unix time in seconds when the archive's name is taken, and overwrites nothing", () =>
    Effect.gen(function* () {
      const folder = yield* Temp.directory
      yield* TestClock.setTime(1_800_000_000_999)
      fs.writeFileSync(`${folder}/record_202610.db`, "somebody's")
      fs.writeFileSync(`${folder}/record_202610_1800000000.db`, "another's")
      fs.writeFileSync(`${folder}/record_202611.db`, "somebody's")
      const store = yield* make({ path: `${folder}/record.db` })
      yield* appendAll(store, [on("2026-10-01"), on("2026-11-01"), on("2026-12-01")])
      assert.deepStrictEqual(idsIn(`${folder}/record_202611_1800000000.db`), ["2026-11-01"])
      assert.deepStrictEqual(idsIn(`${folder}/record_202610_1800000001.db`), ["2026-10-01"])
      assert.strictEqual(fs.readFileSync(`${folder}/record_202610.db`, "utf8"), "somebody's")
      assert.strictEqual(fs.readFileSync(`${folder}/record_202610_1800000000.db`, "utf8"), "another's")
      assert.strictEqual(fs.readFileSync(`${folder}/record_202611.db`, "utf8"), "somebody's")
    }).pipe(quietly)
  )

  it.scoped("keeps everything in one file while archiving is off, and begins when it is turned on", () =>
    Effect.gen(function* () {
      const folder = yield* Temp.directory
      const store = yield* make({ path: `${folder}/record.db` })
      yield* store.appendAll([on("2026-09-01"), on("2026-10-01"), on("2026-11-01")], { archive: false })
      assert.deepStrictEqual(idsIn(`${folder}/record.db`), ["2026-09-01", "2026-10-01", "2026-11-01"])
      yield* appendAll(store, [on("2026-11-02")])
      assert.lengthOf(idsIn(`${folder}/record.db`), 4)
      yield* appendAll(store, [on("2026-12-01")])
      assert.deepStrictEqual(idsIn(`${folder}/record.db`), ["2026-12-01"])
      assert.lengthOf(idsIn(`${folder}/record_202611.db`), 4)
    }).pipe(quietly)
  )

  it.scoped("parts a batch that spans two months", () =>
    Effect.gen(function* () {
      const folder = yield* Temp.directory
      const store = yield* make({ path: `${folder}/record.db` })
      yield* appendAll(store, [on("2026-10-30"), on("2026-10-31"), on("2026-11-01"), on("2026-11-02")])
      assert.deepStrictEqual(idsIn(`${folder}/record_202610.db`), ["2026-10-30", "2026-10-31"])
      assert.deepStrictEqual(idsIn(`${folder}/record.db`), ["2026-11-01", "2026-11-02"])
    }).pipe(quietly)
  )

  it.scoped("parts a batch that spans three months, with a gap", () =>
    Effect.gen(function* () {
      const folder = yield* Temp.directory
      const store = yield* make({ path: `${folder}/record.db` })
      yield* appendAll(store, [on("2026-08-01"), on("2026-10-01"), on("2026-11-01"), on("2026-11-02")])
      assert.deepStrictEqual(idsIn(`${folder}/record_202608.db`), ["2026-08-01"])
      assert.deepStrictEqual(idsIn(`${folder}/record_202610.db`), ["2026-10-01"])
      assert.deepStrictEqual(idsIn(`${folder}/record.db`), ["2026-11-01", "2026-11-02"])
    }).pipe(quietly)
  )

  it.scoped("puts a late record of a past month into the present file, and does not archive for it", () =>
    Effect.gen(function* () {
      const folder = yield* Temp.directory
      const store = yield* make({ path: `${folder}/record.db` })
      yield* appendAll(store, [on("2026-11-01"), on("2026-10-31", "late"), on("2026-11-02")])
      yield* appendAll(store, [on("2026-10-31", "later")])
      yield* appendAll(store, [on("2026-11-03")])
      assert.deepStrictEqual(
        Temp.names(folder).filter((name) => name.endsWith(".db")),
        ["record.db"]
      )
      yield* appendAll(store, [on("2026-12-01")])
      assert.deepStrictEqual(idsIn(`${folder}/record_202611.db`), [
        "2026-11-01",
        "late",
        "2026-11-02",
        "later",
        "2026-11-03"
      ])
    }).pipe(quietly)
  )

  it.scoped("knows a late record again that was archived with a later month", () =>
    Effect.gen(function* () {
      const folder = yield* Temp.directory
      const store = yield* make({ path: `${folder}/record.db` })
      yield* appendAll(store, [on("2026-11-01"), on("2026-10-31", "late"), on("2026-12-01")])
      yield* appendAll(store, [on("2026-10-31", "late"), on("2026-12-02")])
      assert.deepStrictEqual(idsIn(`${folder}/record_202611.db`), ["2026-11-01", "late"])
      assert.deepStrictEqual(idsIn(`${folder}/record.db`), ["2026-12-01", "2026-12-02"])
    }).pipe(quietly)
  )

  it.scoped("names an archive by the newest month that another process has written into it", () =>
    Effect.gen(function* () {
      const folder = yield* Temp.directory
      const path = `${folder}/record.db`
      const [one, other] = [yield* make({ path }), yield* make({ path })]
      yield* appendAll(one, [on("2026-10-01")])
      yield* appendAll(other, [on("2026-11-01")])
      yield* other.release
      yield* appendAll(one, [on("2026-12-01")])
      assert.deepStrictEqual(idsIn(`${folder}/record_202611.db`), ["2026-10-01", "2026-11-01"])
      assert.deepStrictEqual(idsIn(path), ["2026-12-01"])
    }).pipe(quietly)
  )

  it.scoped("archives at the first newer record after a restart in a new month, not before", () =>
    Effect.gen(function* () {
      const folder = yield* Temp.directory
      const path = `${folder}/record.db`
      yield* Effect.scoped(Effect.flatMap(make({ path }), (store) => appendAll(store, [on("2026-10-15")])))
      const store = yield* make({ path })
      assert.deepStrictEqual(
        Temp.names(folder).filter((name) => name.endsWith(".db")),
        ["record.db"]
      )
      yield* appendAll(store, [on("2026-10-31")])
      yield* appendAll(store, [on("2026-11-01")])
      assert.deepStrictEqual(idsIn(`${folder}/record_202610.db`), ["2026-10-15", "2026-10-31"])
      assert.deepStrictEqual(idsIn(path), ["2026-11-01"])
    }).pipe(quietly)
  )

  it.scoped("archives the rows of an older service by their month", () =>
    Effect.gen(function* () {
      const folder = yield* Temp.directory
      Database.execute(
        `${folder}/record.db`,
        `CREATE TABLE records (Time TEXT, IP TEXT, Model TEXT, Type TEXT, CompletionTokens INTEGER, PromptTokens INTEGER,
          TotalTokens INTEGER, Tool INTEGER, Multimodal INTEGER, Headers TEXT, Request TEXT, Response TEXT);
        INSERT INTO records (Time, Model) VALUES ('2025-03-01 10:00:00', 'old-model');`
      )
      const store = yield* make({ path: `${folder}/record.db` })
      yield* appendAll(store, [on("2026-11-01")])
      assert.lengthOf(Database.query(`${folder}/record_202503.db`, "SELECT id FROM records"), 1)
      assert.deepStrictEqual(idsIn(`${folder}/record.db`), ["2026-11-01"])
    }).pipe(quietly)
  )

  it.scoped("begins the database anew when its file is deleted while it is open", () =>
    Effect.gen(function* () {
      const folder = yield* Temp.directory
      const path = `${folder}/record.db`
      const store = yield* make({ path })
      yield* appendAll(store, [on("2026-11-01")])
      fs.rmSync(path)
      yield* appendAll(store, [on("2026-11-02")])
      assert.deepStrictEqual(idsIn(path), ["2026-11-02"])
      for (const name of Temp.names(folder)) fs.rmSync(`${folder}/${name}`)
      yield* appendAll(store, [on("2026-11-03")])
      assert.deepStrictEqual(idsIn(path), ["2026-11-03"])
    }).pipe(quietly)
  )

  it.scoped("goes on in a file that was put in place of the open one", () =>
    Effect.gen(function* () {
      const folder = yield* Temp.directory
      const path = `${folder}/record.db`
      yield* Effect.scoped(
        Effect.flatMap(make({ path: `${folder}/other.db` }), (store) => appendAll(store, [on("2026-11-01", "other")]))
      )
      const store = yield* make({ path })
      yield* appendAll(store, [on("2026-11-02")])
      fs.renameSync(`${folder}/other.db`, path)
      yield* appendAll(store, [on("2026-11-03")])
      assert.deepStrictEqual(idsIn(path), ["other", "2026-11-03"])
    }).pipe(quietly)
  )

  it.scoped("fails while the folder is gone, and writes again when it is back", () =>
    Effect.gen(function* () {
      const folder = `${yield* Temp.directory}/data`
      fs.mkdirSync(folder)
      const path = `${folder}/record.db`
      const store = yield* make({ path })
      yield* appendAll(store, [on("2026-11-01")])
      fs.rmSync(folder, { recursive: true })
      const failure = yield* Effect.flip(store.append([on("2026-11-02")]))
      assert.strictEqual(failure._tag, "AppendFailed")
      assert.include(failure.message, path)
      fs.mkdirSync(folder)
      yield* appendAll(store, [on("2026-11-02")])
      assert.deepStrictEqual(idsIn(path), ["2026-11-02"])
    }).pipe(quietly)
  )

  it.scoped("keeps its rows while another connection holds the database, and rotates when it lets go", () => {
    const lines = LogLines.make()
    return Effect.gen(function* () {
      const folder = yield* Temp.directory
      const path = `${folder}/record.db`
      const store = yield* make({ path })
      const log = yield* RequestLog.make(store.append, {})
      yield* log.record(on("2026-10-31"))
      yield* TestClock.adjust("50 millis")
      yield* Effect.promise(() => waitForRow(path))
      const other = yield* Database.connect(path)
      other.prepare("SELECT * FROM records").all()
      other.exec("BEGIN")
      other.prepare("SELECT * FROM records").all()

      yield* log.record(on("2026-11-01"))
      yield* TestClock.adjust("50 millis")
      yield* Effect.promise(() => lines.line("Records wait in memory"))
      yield* log.record(on("2026-11-02"))
      other.exec("COMMIT")
      other.close()

      yield* TestClock.adjust("3 seconds")
      yield* Effect.promise(() => lines.line("Records are being written again"))
      assert.deepStrictEqual(idsIn(path), ["2026-11-01", "2026-11-02"])
      assert.deepStrictEqual(idsIn(`${folder}/record_202610.db`), ["2026-10-31"])
    }).pipe(Effect.provide(lines.layer))
  })

  it.scoped("neither opens the database nor moves it while another process does", () =>
    Effect.gen(function* () {
      const folder = yield* Temp.directory
      const path = `${folder}/record.db`
      const whileHeld = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
        Effect.scoped(Effect.zipRight(FileLock.hold(`${folder}/record.lock`), effect))
      const store = yield* whileHeld(make({ path }))
      const unopened = yield* Effect.flip(whileHeld(store.append([on("2026-10-01")])))
      assert.isTrue(SqliteFault.isBusy(unopened))
      assert.isFalse(fs.existsSync(path))
      yield* appendAll(store, [on("2026-10-01")])
      const unmoved = yield* Effect.flip(whileHeld(store.append([on("2026-11-01")])))
      assert.isTrue(SqliteFault.isBusy(unmoved))
      assert.deepStrictEqual(idsIn(path), ["2026-10-01"])
      yield* appendAll(store, [on("2026-11-01")])
      assert.deepStrictEqual(idsIn(`${folder}/record_202610.db`), ["2026-10-01"])
      assert.deepStrictEqual(idsIn(path), ["2026-11-01"])
    }).pipe(quietly)
  )

  it.scoped("loses no row while the file cannot be renamed, and archives when it can", () =>
    Effect.gen(function* () {
      const folder = yield* Temp.directory
      const path = `${folder}/record.db`
      const real = yield* FileSystem.FileSystem
      let broken = true
      const denied = new PlatformError.SystemError({
        reason: "PermissionDenied",
        module: "FileSystem",
        method: "link"
      })
      const files: FileSystem.FileSystem = { ...real, link: (a, b) => (broken ? denied : real.link(a, b)) }
      const store = yield* Effect.provideService(MonthlyRotation.make({ path }), FileSystem.FileSystem, files)
      yield* appendAll(store, [on("2026-10-31")])
      const failure = yield* Effect.flip(store.append([on("2026-11-01")]))
      assert.strictEqual(failure._tag, "AppendFailed")
      assert.deepStrictEqual(idsIn(path), ["2026-10-31"])
      yield* appendAll(store, [on("2026-10-31", "late")])
      broken = false
      yield* appendAll(store, [on("2026-11-01")])
      assert.deepStrictEqual(idsIn(`${folder}/record_202610.db`), ["2026-10-31", "late"])
      assert.deepStrictEqual(idsIn(path), ["2026-11-01"])
    }).pipe(Effect.provide(platform), quietly)
  )

  it.scoped("lets a file that is moved away while it is open take its rows along", () =>
    Effect.gen(function* () {
      const folder = yield* Temp.directory
      const store = yield* make({ path: `${folder}/record.db` })
      yield* appendAll(store, [on("2026-11-01")])
      fs.renameSync(`${folder}/record.db`, `${folder}/moved.db`)
      yield* appendAll(store, [on("2026-11-02")])
      assert.deepStrictEqual(idsIn(`${folder}/record.db`), ["2026-11-02"])
      assert.deepStrictEqual(idsIn(`${folder}/moved.db`), ["2026-11-01"])
    }).pipe(quietly)
  )

  it.scoped("ends an archiving that a process began which died between the two names", () =>
    Effect.gen(function* () {
      const folder = yield* Temp.directory
      const path = `${folder}/record.db`
      yield* Effect.scoped(Effect.flatMap(make({ path }), (store) => appendAll(store, [on("2026-10-15")])))
      fs.linkSync(path, `${folder}/record_202610.db`)
      const store = yield* make({ path })
      yield* appendAll(store, [on("2026-10-15"), on("2026-10-16"), on("2026-11-01")])
      const files = Temp.names(folder).filter((name) => name.endsWith(".db"))
      assert.deepStrictEqual(files.flatMap((name) => idsIn(`${folder}/${name}`)).sort(), [
        "2026-10-15",
        "2026-10-16",
        "2026-11-01"
      ])
      for (const name of files) assert.strictEqual(fs.statSync(`${folder}/${name}`).nlink, 1, name)
    }).pipe(quietly)
  )

  it.scoped("cannot begin with a path that cannot be opened", () =>
    Effect.gen(function* () {
      const failure = yield* Effect.flip(make({ path: `${yield* Temp.directory}/missing/record.db` }))
      assert.strictEqual(failure._tag, "LogUnavailable")
    })
  )
})

const waitForRow = async (path: string) => {
  while (Database.records(path).length === 0) await new Promise((resolve) => setImmediate(resolve))
}
