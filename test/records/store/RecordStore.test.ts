import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import * as NodePath from "@effect/platform-node/NodePath"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { WriterSettings } from "../../../src/domain/config/WriterSettings.js"
import { AppendFailed } from "../../../src/domain/failure/Failure.js"
import type { LoggedRecord } from "../../../src/domain/record/RequestRecord.js"
import { RecordStore } from "../../../src/records/store/RecordStore.js"
import * as Recorder from "../../../src/records/writer/Recorder.js"
import * as LogLines from "../../support/LogLines.js"
import * as Records from "../../support/Records.js"
import * as Temp from "../../support/Temp.js"

const settings: WriterSettings = { durability: "wal", bodies: "full", archive: false, retention: null }

type Says = (records: ReadonlyArray<LoggedRecord>) => Effect.Effect<void, AppendFailed>

/** A store in memory, which asks before it takes rows. */
const storeOf = (rows: Array<LoggedRecord>, keepings: Array<boolean>, says: Says): RecordStore["Type"] => ({
  appendAll: (records, { archive }) =>
    Effect.map(says(records), () => {
      keepings.push(archive)
      rows.push(...records)
    }),
  release: Effect.void,
  retain: () => Effect.succeed(0),
  corrupted: () => 3
})

const failure = (fault?: "rows" | "busy") =>
  new AppendFailed({ path: "memory", cause: new Error("no"), ...(fault === undefined ? {} : { fault }) })

/** Has a recorder over such a store take rows, and says what came of it. */
const run = Effect.fnUntraced(function* (says: Says) {
  const rows: Array<LoggedRecord> = []
  const keepings: Array<boolean> = []
  const lines = LogLines.make()
  const folder = yield* Temp.directory
  const stats = yield* Effect.gen(function* () {
    const recorder = yield* Recorder.make({ path: `${folder}/record.db` })
    yield* recorder.append(Records.many(4), settings)
    yield* Effect.promise(async () => {
      while (recorder.stats().spoolBytes > 0) await new Promise((resolve) => setTimeout(resolve, 5))
    })
    return recorder.stats()
  }).pipe(
    Effect.scoped,
    Effect.provideService(RecordStore, storeOf(rows, keepings, says)),
    Effect.provide(Layer.mergeAll(NodeFileSystem.layer, NodePath.layer, lines.layer))
  )
  return { rows, keepings, stats, names: Temp.names(folder) }
})

describe("a writer over a store of any kind", () => {
  it.scopedLive("gives it rows and how they are kept, and makes no database of its own", () =>
    Effect.gen(function* () {
      const { keepings, names, rows, stats } = yield* run(() => Effect.void)
      assert.deepStrictEqual(Records.ids(rows), ["r0", "r1", "r2", "r3"])
      assert.deepStrictEqual(keepings, [false])
      assert.deepStrictEqual(names, [])
      assert.deepStrictEqual([stats.stored, stats.storeFailures, stats.corruptDatabases], [4, 0, 3])
    })
  )

  it.scopedLive("finds the row that is at fault, and stores it without its bodies", () =>
    Effect.gen(function* () {
      const { rows, stats } = yield* run((records) =>
        records.some(({ Request, id }) => id === "r2" && Request !== null) ? failure("rows") : Effect.void
      )
      assert.deepStrictEqual(Records.ids(rows).slice().sort(), ["r0", "r1", "r2", "r3"])
      assert.strictEqual(rows.find(({ id }) => id === "r2")?.Request, null)
      assert.strictEqual(stats.withheld, 1)
    })
  )

  for (const fault of ["busy", undefined] as const) {
    it.scopedLive(`keeps rows as they are while it fails for another reason (${fault ?? "unknown"})`, () =>
      Effect.gen(function* () {
        let asked = 0
        const { rows, stats } = yield* run(() => (++asked < 3 ? failure(fault) : Effect.void))
        assert.deepStrictEqual<ReadonlyArray<LoggedRecord>>(rows, Records.many(4))
        assert.deepStrictEqual([stats.stored, stats.storeFailures, stats.withheld], [4, 2, 0])
      })
    )
  }

  it.scopedLive("keeps rows when it dies", () =>
    Effect.gen(function* () {
      let asked = 0
      const { rows } = yield* run(() => (++asked < 2 ? Effect.die(new TypeError("broken")) : Effect.void))
      assert.deepStrictEqual<ReadonlyArray<LoggedRecord>>(rows, Records.many(4))
    })
  )
})
