import * as fs from "node:fs"
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import * as NodePath from "@effect/platform-node/NodePath"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"
import type { LoggedRecord } from "../../../src/domain/record/RequestRecord.js"
import * as Spool from "../../../src/records/spool/Spool.js"
import * as LogLines from "../../support/LogLines.js"
import * as Records from "../../support/Records.js"
import * as Temp from "../../support/Temp.js"

const platform = Layer.mergeAll(NodeFileSystem.layer, NodePath.layer, LogLines.make().layer)

const make = (folder: string, options: Partial<Spool.Options> = {}, onDamage?: (lines: number) => void) =>
  Effect.provide(Spool.make({ database: `${folder}/record.db`, ...options }, onDamage), platform)

/** A spool of a process that dies when the scope is closed: its lock goes, its files stay. */
const dying = Effect.fnUntraced(function* (
  folder: string,
  ids: ReadonlyArray<string>,
  options: Partial<Spool.Options> = {}
) {
  const scope = yield* Scope.make()
  const spool = yield* Scope.extend(make(folder, options), scope)
  for (const id of ids) yield* spool.append([Records.record(id)])
  return { spool, die: Scope.close(scope, Exit.void) }
})

const drained = Effect.fnUntraced(function* (spool: Spool.Spool) {
  const ids: Array<string> = []
  for (;;) {
    const unsettled = yield* spool.next
    if (unsettled === undefined) return ids
    ids.push(...Records.ids(unsettled.records))
    yield* unsettled.settle
  }
})

const segments = (folder: string) => Temp.names(folder).filter((name) => name.endsWith(".ndjson"))

const note = (id: string, more: object = {}) =>
  Records.record(id, { Outcome: "Interrupted", Time: new Date(Date.now() - 60_000).toISOString(), ...more })

const notes = (folder: string) => Temp.names(folder).filter((name) => name.endsWith(".notes"))

describe("Spool", () => {
  it.scoped("leaves notes of what runs to whoever adopts it, behind all rows, and none of what has its row", () =>
    Effect.gen(function* () {
      const folder = yield* Temp.directory
      const { die, spool } = yield* dying(folder, ["first"])
      yield* spool.note([note("a"), note("b"), note("c")])
      yield* spool.note([note("b", { Model: "later" })])
      assert.lengthOf(notes(folder), 1)
      assert.strictEqual(fs.statSync(`${folder}/${notes(folder)[0]}`).mode & 0o777, 0o600)
      yield* spool.append([Records.record("a")])
      spool.ended([Records.record("a")])
      const heir = yield* make(folder)
      assert.strictEqual(yield* heir.adopt, 0)
      yield* die
      fs.appendFileSync(`${folder}/${notes(folder)[0]}`, '{"id":"torn')
      yield* heir.adopt
      assert.deepStrictEqual(notes(folder), [])
      const rows: Array<LoggedRecord> = []
      for (let next = yield* heir.next; next !== undefined; next = yield* heir.next) {
        rows.push(...next.records)
        yield* next.settle
      }
      assert.deepStrictEqual(Records.ids(rows), ["first", "a", "b", "c"])
      const [, , b] = rows
      assert.deepInclude(b, { id: "b", Outcome: "Interrupted", Model: "later" })
      // Until it was last seen alive.
      assert.isAtLeast(b?.LatencyMs ?? 0, 59_000)
      yield* heir.tidy
      assert.deepStrictEqual(Temp.names(folder), [])
    })
  )

  it.scoped("keeps its notes small, and leaves none behind when all have their rows", () =>
    Effect.gen(function* () {
      const folder = yield* Temp.directory
      const spool = yield* make(folder)
      yield* spool.note([note("stays")])
      for (let n = 0; n < 60; n++) {
        const many = Array.from({ length: 50 }, (_, k) => note(`${n}-${k}`, { Model: "x".repeat(500) }))
        yield* spool.note(many)
        spool.ended(many)
        for (const name of notes(folder)) assert.isBelow(fs.statSync(`${folder}/${name}`).size, 1_300_000)
      }
      assert.lengthOf(notes(folder), 1)
      assert.include(fs.readFileSync(`${folder}/${notes(folder)[0]}`, "utf8"), '"stays"')
      spool.ended([note("stays")])
      assert.strictEqual(fs.statSync(`${folder}/${notes(folder)[0]}`).size, 0)
      yield* spool.tidy
      assert.deepStrictEqual(Temp.names(folder), [])
    })
  )

  it.scoped("gives back what it was given, in order, and leaves nothing behind", () =>
    Effect.gen(function* () {
      const folder = yield* Temp.directory
      const spool = yield* make(folder)
      yield* spool.append(Records.many(3))
      yield* spool.append(Records.many(2, 3))
      assert.isAbove(spool.pending(), 0)
      assert.deepStrictEqual(yield* drained(spool), ["r0", "r1", "r2", "r3", "r4"])
      assert.strictEqual(spool.pending(), 0)
      yield* spool.tidy
      assert.deepStrictEqual(Temp.names(folder), [])
      yield* spool.append(Records.many(1, 5))
      assert.deepStrictEqual(yield* drained(spool), ["r5"])
    })
  )

  it.scoped("gives the same again until it is settled", () =>
    Effect.gen(function* () {
      const spool = yield* make(yield* Temp.directory)
      yield* spool.append(Records.many(2))
      yield* spool.next
      assert.deepStrictEqual(yield* drained(spool), ["r0", "r1"])
    })
  )

  it.scoped("has its rows on the disk, in a file for its owner alone", () =>
    Effect.gen(function* () {
      const folder = yield* Temp.directory
      const spool = yield* make(folder)
      yield* spool.append(Records.many(2))
      const [name = ""] = segments(folder)
      assert.lengthOf(fs.readFileSync(`${folder}/${name}`, "utf8").trim().split("\n"), 2)
      assert.strictEqual(fs.statSync(`${folder}/${name}`).mode & 0o777, 0o600)
    })
  )

  it.scoped("goes on in another file when one is large, and removes each when it is settled", () =>
    Effect.gen(function* () {
      const folder = yield* Temp.directory
      const spool = yield* make(folder, { segmentSize: 1_000 })
      for (const record of Records.many(12)) yield* spool.append([record])
      assert.isAbove(segments(folder).length, 2)
      assert.deepStrictEqual(yield* drained(spool), Records.ids(Records.many(12)))
      yield* spool.tidy
      assert.deepStrictEqual(Temp.names(folder), [])
    })
  )

  it.scoped("reads from the disk what it no longer has in memory, however long a row is", () =>
    Effect.gen(function* () {
      const spool = yield* make(yield* Temp.directory)
      const large = (id: string) => Records.record(id, { Request: "日".repeat(1_500_000) })
      for (let n = 0; n < 8; n++) yield* spool.append([large(`r${n}`)])
      const first = yield* spool.next
      assert.strictEqual(first?.records[0]?.Request?.length, 1_500_000)
      assert.deepStrictEqual(yield* drained(spool), Records.ids(Records.many(8)))
    })
  )

  it.scoped("takes over what a dead process left, once, before its own", () =>
    Effect.gen(function* () {
      const folder = yield* Temp.directory
      const { die } = yield* dying(folder, ["a", "b", "c"], { segmentSize: 10 })
      yield* die
      const spool = yield* make(folder)
      yield* spool.append([Records.record("own")])
      assert.strictEqual(yield* spool.adopt, 3)
      assert.strictEqual(yield* spool.adopt, 0)
      assert.deepStrictEqual(yield* drained(spool), ["a", "b", "c", "own"])
      yield* spool.tidy
      assert.deepStrictEqual(Temp.names(folder), [])
    })
  )

  it.scoped("leaves what belongs to a process that lives, and to another database", () =>
    Effect.gen(function* () {
      const folder = yield* Temp.directory
      const { die, spool: other } = yield* dying(folder, ["a"])
      fs.writeFileSync(`${folder}/else.spool-1-00000000-000000.ndjson`, "{}\n")
      const spool = yield* make(folder)
      assert.strictEqual(yield* spool.adopt, 0)
      assert.deepStrictEqual(yield* drained(other), ["a"])
      yield* die
      assert.strictEqual(yield* spool.adopt, 0)
    })
  )

  it.scoped("lets one of several take over, and another when that one dies too", () =>
    Effect.gen(function* () {
      const folder = yield* Temp.directory
      const { die } = yield* dying(folder, ["a", "b"])
      yield* die
      const heir = yield* dying(folder, [])
      const spool = yield* make(folder)
      assert.strictEqual(yield* heir.spool.adopt, 1)
      assert.strictEqual(yield* spool.adopt, 0)
      yield* heir.die
      assert.strictEqual(yield* spool.adopt, 1)
      assert.deepStrictEqual(yield* drained(spool), ["a", "b"])
    })
  )

  it.scoped("reads up to a last line that is torn", () =>
    Effect.gen(function* () {
      const folder = yield* Temp.directory
      const { die } = yield* dying(folder, ["a", "b"])
      yield* die
      const [name = ""] = segments(folder)
      const size = fs.statSync(`${folder}/${name}`).size
      fs.truncateSync(`${folder}/${name}`, size - 5)
      let damaged = 0
      const spool = yield* make(folder, {}, (lines) => (damaged += lines))
      yield* spool.adopt
      assert.deepStrictEqual(yield* drained(spool), ["a"])
      assert.strictEqual(damaged, 1)
      assert.deepStrictEqual(Temp.names(folder), [])
    })
  )

  it.scoped("keeps a file with lines that are no records, and reads the others", () =>
    Effect.gen(function* () {
      const folder = yield* Temp.directory
      const { die } = yield* dying(folder, ["a"])
      yield* die
      const [name = ""] = segments(folder)
      fs.appendFileSync(`${folder}/${name}`, `{"id":1}\nnot JSON\n${JSON.stringify(Records.record("b"))}\n`)
      let damaged = 0
      const spool = yield* make(folder, {}, (lines) => (damaged += lines))
      yield* spool.adopt
      assert.deepStrictEqual(yield* drained(spool), ["a", "b"])
      assert.strictEqual(damaged, 2)
      assert.deepStrictEqual(Temp.names(folder), [`${name}.unreadable`])
    })
  )

  it.scoped("reads rows of a version that did not know a column yet, which is null then", () =>
    Effect.gen(function* () {
      const folder = yield* Temp.directory
      const { die } = yield* dying(folder, ["a"])
      yield* die
      const [name = ""] = segments(folder)
      const { Caller, ...older } = Records.record("b", { Caller: null })
      fs.appendFileSync(`${folder}/${name}`, `${JSON.stringify(older)}\n`)
      const spool = yield* make(folder, {}, () => assert.fail("it is no damage"))
      yield* spool.adopt
      const unsettled = yield* spool.next
      assert.deepStrictEqual(unsettled?.records, [Records.record("a"), Records.record("b", { Caller })])
    })
  )

  it.scoped("refuses more than its bound, and takes again when there is room", () =>
    Effect.gen(function* () {
      const spool = yield* make(yield* Temp.directory, { limit: 1_000 })
      yield* spool.append(Records.many(1))
      const failure = yield* Effect.flip(spool.append(Records.many(5, 1)))
      assert.include(failure.message, "the spool is full: 1000 bytes wait")
      assert.deepStrictEqual(yield* drained(spool), ["r0"])
      yield* spool.append(Records.many(1, 6))
      assert.deepStrictEqual(yield* drained(spool), ["r6"])
    })
  )

  it.scoped("fails while the disk is full and never leaves half a line before a whole one", () =>
    Effect.gen(function* () {
      const folder = yield* Temp.directory
      let full = false
      const put = (file: number, bytes: Uint8Array) => {
        fs.writeSync(file, full ? bytes.subarray(0, 50) : bytes)
        if (full) throw new Error("no space left")
      }
      const scope = yield* Scope.make()
      const spool = yield* Scope.extend(make(folder, { put }), scope)
      yield* spool.append(Records.many(1))
      full = true
      for (let tries = 0; tries < 3; tries++) yield* Effect.flip(spool.append(Records.many(1, 1)))
      full = false
      yield* spool.append(Records.many(1, 2))
      yield* Scope.close(scope, Exit.void)
      const heir = yield* make(folder)
      yield* heir.adopt
      assert.deepStrictEqual(yield* drained(heir), ["r0", "r2"])
    }).pipe(Effect.provide(platform))
  )

  it.scoped("appends at once where a file is open that takes it, and says when not", () =>
    Effect.gen(function* () {
      const folder = yield* Temp.directory
      const spool = yield* make(folder, { limit: 3_000, segmentSize: 1_000 })
      assert.isFalse(spool.appendNow(Records.many(1)))
      assert.deepStrictEqual(segments(folder), [])
      yield* spool.append(Records.many(1))
      assert.isTrue(spool.appendNow(Records.many(1, 1)))
      const [name = ""] = segments(folder)
      assert.lengthOf(fs.readFileSync(`${folder}/${name}`, "utf8").trim().split("\n"), 2)
      assert.isTrue(spool.appendNow(Records.many(1, 2)))
      assert.isFalse(spool.appendNow(Records.many(1, 3)), "the file is large enough")
      yield* spool.append(Records.many(1, 3))
      assert.isFalse(spool.appendNow(Records.many(5, 4)), "the spool is full")
      assert.deepStrictEqual(yield* drained(spool), ["r0", "r1", "r2", "r3"])
    })
  )

  it.scoped("does not append at once what the disk refuses, and tells its reason", () =>
    Effect.gen(function* () {
      const folder = yield* Temp.directory
      let full = false
      const put = (file: number, bytes: Uint8Array) => {
        fs.writeSync(file, bytes)
        if (full) throw new Error("no space left")
      }
      const spool = yield* make(folder, { put })
      yield* spool.append(Records.many(1))
      full = true
      assert.isFalse(spool.appendNow(Records.many(1, 1)))
      full = false
      const failure = yield* Effect.flip(spool.append(Records.many(1, 1)))
      assert.include(failure.message, "no space left")
      yield* spool.append(Records.many(1, 2))
      assert.lengthOf(segments(folder), 2)
      assert.deepStrictEqual(yield* drained(spool), ["r0", "r2"])
    })
  )

  it.scoped("loses nothing that comes while a file is read or taken away", () =>
    Effect.gen(function* () {
      const spool = yield* make(yield* Temp.directory)
      const large = (id: string) => Records.record(id, { Request: "x".repeat(3 * 1024 ** 2) })
      yield* spool.append([large("a")])
      for (const id of ["b", "c", "d", "e"]) assert.isTrue(spool.appendNow([large(id)]))
      const ids: Array<string> = []
      for (let n = 0; n < 20; n++) {
        const reading = yield* Effect.fork(spool.next)
        yield* Effect.yieldNow()
        yield* spool.append([Records.record(`${n}while reading`)])
        const unsettled = yield* Fiber.join(reading)
        ids.push(...Records.ids(unsettled?.records ?? []))
        const settling = yield* Effect.fork(unsettled?.settle ?? Effect.void)
        yield* Effect.yieldNow()
        yield* spool.append([Records.record(`${n}while settling`)])
        yield* Fiber.join(settling)
      }
      ids.push(...(yield* drained(spool)))
      const small = Array.from({ length: 20 }, (_, n) => [`${n}while reading`, `${n}while settling`]).flat()
      assert.deepStrictEqual(ids, ["a", "b", "c", "d", "e", ...small])
    })
  )
})
