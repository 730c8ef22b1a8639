import * as fs from "node:fs"
import * as PlatformError from "@effect/platform/Error"
import * as FileSystem from "@effect/platform/FileSystem"
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import * as NodePath from "@effect/platform-node/NodePath"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"
import * as Spool from "../../src/log/Spool.js"
import * as LogLines from "../support/LogLines.js"
import * as Records from "../support/Records.js"
import * as Temp from "../support/Temp.js"

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

describe("Spool", () => {
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
      const real = yield* FileSystem.FileSystem
      let full = false
      const noSpace = new PlatformError.SystemError({ reason: "Unknown", module: "FileSystem", method: "writeAll" })
      const files: FileSystem.FileSystem = {
        ...real,
        open: (path, options) =>
          Effect.map(real.open(path, options), (file) => ({
            ...file,
            sync: file.sync,
            stat: file.stat,
            fd: file.fd,
            seek: (a, b) => file.seek(a, b),
            read: (a) => file.read(a),
            readAlloc: (a) => file.readAlloc(a),
            truncate: (a) => file.truncate(a),
            write: (a) => file.write(a),
            writeAll: (bytes) =>
              full ? Effect.zipRight(file.writeAll(bytes.subarray(0, 50)), noSpace) : file.writeAll(bytes)
          }))
      }
      const scope = yield* Scope.make()
      const spool = yield* Spool.make({ database: `${folder}/record.db` }).pipe(
        Effect.provideService(FileSystem.FileSystem, files),
        Scope.extend(scope)
      )
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
})
