import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Scope from "effect/Scope"
import * as TestClock from "effect/TestClock"
import { AppendFailed } from "../../src/domain/failure/Failure.js"
import * as GatewayConfig from "../../src/domain/config/GatewayConfig.js"
import type { GivenRecord, LoggedRecord, RequestRecord } from "../../src/domain/record/RequestRecord.js"
import * as RequestLog from "../../src/records/RequestLog.js"
import * as LogLines from "../support/LogLines.js"
import * as Records from "../support/Records.js"

const failed = new AppendFailed({ path: "record.db", cause: new Error("disk full") })

/** An append that takes everything, or fails while `broken`. */
const table = () => {
  const batches: Array<ReadonlyArray<LoggedRecord>> = []
  const state = { broken: false, tries: 0 }
  const append = (records: ReadonlyArray<LoggedRecord>) =>
    Effect.suspend(() => {
      state.tries++
      if (state.broken) return Effect.fail(failed)
      batches.push(records)
      return Effect.succeed(records.length)
    })
  return { append, batches, state, ids: () => Records.ids(batches.flat()) }
}

const take = (log: RequestLog.RequestLog["Type"], records: ReadonlyArray<GivenRecord>, synced = false) =>
  Effect.forEach(records, (record) => log.record(record, synced), { discard: true })

describe("RequestLog", () => {
  it.scoped("writes what has gathered within 50 ms as one batch, in order", () =>
    Effect.gen(function* () {
      const { append, batches, ids } = table()
      const log = yield* RequestLog.make(append, {})
      yield* take(log, Records.many(3))
      yield* TestClock.adjust("49 millis")
      assert.lengthOf(batches, 0)
      yield* TestClock.adjust("1 millis")
      assert.lengthOf(batches, 1)
      assert.deepStrictEqual(ids(), ["r0", "r1", "r2"])
      yield* take(log, Records.many(1, 3))
      yield* TestClock.adjust("50 millis")
      assert.deepStrictEqual(ids(), ["r0", "r1", "r2", "r3"])
    })
  )

  it.scoped("writes a large backlog in batches of at most 200 rows", () =>
    Effect.gen(function* () {
      const { append, batches, ids } = table()
      const log = yield* RequestLog.make(append, {})
      yield* take(log, Records.many(450))
      yield* TestClock.adjust("50 millis")
      assert.deepStrictEqual(
        batches.map((batch) => batch.length),
        [200, 200, 50]
      )
      assert.deepStrictEqual(ids(), Records.ids(Records.many(450)))
    })
  )

  it.scoped("gathers what comes while a batch is being written, for 50 ms or until it is a batch itself", () =>
    Effect.gen(function* () {
      const batches: Array<number> = []
      const disk = yield* Effect.makeSemaphore(0)
      const log = yield* RequestLog.make((records) => {
        batches.push(records.length)
        return Effect.as(disk.take(1), records.length)
      }, {})
      yield* take(log, Records.many(1))
      yield* TestClock.adjust("50 millis")
      yield* take(log, Records.many(2, 1))
      yield* disk.release(1)
      yield* TestClock.adjust("49 millis")
      assert.deepStrictEqual(batches, [1])
      yield* TestClock.adjust("1 millis")
      assert.deepStrictEqual(batches, [1, 2])
      yield* take(log, Records.many(203, 3))
      yield* disk.release(1)
      yield* TestClock.adjust("0 millis")
      assert.deepStrictEqual(batches, [1, 2, 200])
      yield* disk.release(2)
      yield* TestClock.adjust("50 millis")
      assert.deepStrictEqual(batches, [1, 2, 200, 3])
    })
  )

  it.effect("writes every row that is left when it closes, without waiting for the interval", () =>
    Effect.gen(function* () {
      const { append, ids } = table()
      const scope = yield* Scope.make()
      const log = yield* Scope.extend(RequestLog.make(append, {}), scope)
      yield* take(log, Records.many(250))
      yield* Scope.close(scope, Exit.void)
      assert.deepStrictEqual(ids(), Records.ids(Records.many(250)))
    })
  )

  it.effect("closes in the middle of a batch without losing or doubling a row", () =>
    Effect.gen(function* () {
      const written: Array<LoggedRecord> = []
      const started = yield* Deferred.make<void>()
      const proceed = yield* Deferred.make<void>()
      const scope = yield* Scope.make()
      const append = Effect.fnUntraced(function* (records: ReadonlyArray<LoggedRecord>) {
        yield* Deferred.succeed(started, undefined)
        yield* Deferred.await(proceed)
        written.push(...records)
        return records.length
      })
      const log = yield* Scope.extend(RequestLog.make(append, {}), scope)
      yield* take(log, Records.many(3))
      yield* TestClock.adjust("50 millis")
      yield* Deferred.await(started)
      yield* take(log, Records.many(2, 3))
      const closing = yield* Effect.fork(Scope.close(scope, Exit.void))
      yield* Effect.yieldNow()
      yield* Deferred.succeed(proceed, undefined)
      yield* Fiber.join(closing)
      assert.deepStrictEqual(Records.ids(written), ["r0", "r1", "r2", "r3", "r4"])
    })
  )

  it.scoped("keeps rows that the database does not take, and writes them once and in order when it does again", () => {
    const log = LogLines.make()
    return Effect.gen(function* () {
      const { append, ids, state } = table()
      state.broken = true
      const requestLog = yield* RequestLog.make(append, {})
      yield* take(requestLog, Records.many(2))
      yield* TestClock.adjust("50 millis")
      yield* take(requestLog, Records.many(2, 2))
      yield* TestClock.adjust("5 seconds")
      assert.isAtLeast(state.tries, 4)
      assert.deepStrictEqual(ids(), [])
      state.broken = false
      yield* take(requestLog, Records.many(1, 4))
      yield* TestClock.adjust("2 seconds")
      assert.deepStrictEqual(ids(), ["r0", "r1", "r2", "r3", "r4"])
      assert.deepStrictEqual(log.lines, [
        "ERROR Records wait in memory: record.db: rows cannot be appended: disk full",
        "INFO Records are being written again"
      ])
    }).pipe(Effect.provide(log.layer))
  })

  it.scoped("tries again without a new record", () =>
    Effect.gen(function* () {
      const { append, ids, state } = table()
      state.broken = true
      const log = yield* RequestLog.make(append, {})
      yield* take(log, Records.many(1))
      yield* TestClock.adjust("50 millis")
      state.broken = false
      yield* TestClock.adjust("1050 millis")
      assert.deepStrictEqual(ids(), ["r0"])
    }).pipe(Effect.provide(LogLines.make().layer))
  )

  it.scoped("offers again the rows behind those that append has taken", () =>
    Effect.gen(function* () {
      const written: Array<LoggedRecord> = []
      const log = yield* RequestLog.make((records) => {
        written.push(...records.slice(0, 2))
        return Effect.succeed(Math.min(2, records.length))
      }, {})
      yield* take(log, Records.many(5))
      yield* TestClock.adjust("50 millis")
      assert.deepStrictEqual(Records.ids(written), ["r0", "r1", "r2", "r3", "r4"])
    })
  )

  it.scoped("drops the oldest rows beyond its bound and says how many", () => {
    const log = LogLines.make()
    return Effect.gen(function* () {
      const { append, ids, state } = table()
      state.broken = true
      const requestLog = yield* RequestLog.make(append, { bufferSize: 3 })
      yield* take(requestLog, Records.many(5))
      yield* TestClock.adjust("50 millis")
      assert.include(log.lines, "ERROR 2 records were lost: the database took none")
      yield* take(requestLog, Records.many(1, 5))
      yield* TestClock.adjust("2 seconds")
      assert.include(log.lines, "ERROR 1 records were lost: the database took none")
      state.broken = false
      yield* TestClock.adjust("2 seconds")
      assert.deepStrictEqual(ids(), ["r3", "r4", "r5"])
    }).pipe(Effect.provide(log.layer))
  })

  it.scoped("stays within its bound when a batch comes back from a database that did not take it", () => {
    const log = LogLines.make()
    return Effect.gen(function* () {
      const refused = yield* Deferred.make<number, AppendFailed>()
      const written: Array<LoggedRecord> = []
      let first = true
      const append = (records: ReadonlyArray<LoggedRecord>) =>
        Effect.suspend(() => {
          if (!first) {
            written.push(...records)
            return Effect.succeed(records.length)
          }
          first = false
          return Deferred.await(refused)
        })
      const requestLog = yield* RequestLog.make(append, { bufferSize: 3 })
      yield* take(requestLog, Records.many(3))
      yield* TestClock.adjust("50 millis")
      yield* take(requestLog, Records.many(3, 3))
      yield* Deferred.fail(refused, failed)
      yield* TestClock.adjust("2 seconds")
      assert.deepStrictEqual(Records.ids(written), ["r3", "r4", "r5"])
      assert.include(log.lines, "ERROR 3 records were lost: the database took none")
    }).pipe(Effect.provide(log.layer))
  })

  it.effect("says how many rows are lost when the database takes none at the end either", () => {
    const log = LogLines.make()
    return Effect.gen(function* () {
      const { append, state } = table()
      state.broken = true
      const scope = yield* Scope.make()
      const requestLog = yield* Scope.extend(RequestLog.make(append, {}), scope)
      yield* take(requestLog, Records.many(4))
      yield* Scope.close(scope, Exit.void)
      assert.include(log.lines, "ERROR 4 records were lost: the database took none")
    }).pipe(Effect.provide(log.layer))
  })

  it.effect("takes a record at once while the database hangs", () =>
    Effect.gen(function* () {
      const hanging = yield* Deferred.make<void>()
      const scope = yield* Scope.make()
      const append = (records: ReadonlyArray<LoggedRecord>) => Effect.as(Deferred.await(hanging), records.length)
      const log = yield* Scope.extend(RequestLog.make(append, {}), scope)
      yield* take(log, Records.many(1))
      yield* TestClock.adjust("1 minute")
      for (const record of Records.many(1_000, 1)) {
        const exit = Effect.runSyncExit(log.record(record))
        assert.isTrue(Exit.isSuccess(exit))
      }
      yield* Deferred.succeed(hanging, undefined)
      yield* Scope.close(scope, Exit.void)
    })
  )

  it.scoped("survives an append that dies: its rows are kept and later ones written", () => {
    const log = LogLines.make()
    return Effect.gen(function* () {
      const written: Array<LoggedRecord> = []
      let first = true
      const requestLog = yield* RequestLog.make((records) => {
        if (first) {
          first = false
          return Effect.die(new Error("a defect of the driver"))
        }
        written.push(...records)
        return Effect.succeed(records.length)
      }, {})
      yield* take(requestLog, Records.many(2))
      yield* TestClock.adjust("50 millis")
      yield* take(requestLog, Records.many(1, 2))
      yield* TestClock.adjust("2 seconds")
      assert.deepStrictEqual(Records.ids(written), ["r0", "r1", "r2"])
    }).pipe(Effect.provide(log.layer))
  })

  it.scoped("bounds the bytes in memory too, but takes a single row that is larger", () =>
    Effect.gen(function* () {
      const { append, ids, state } = table()
      state.broken = true
      const log = yield* RequestLog.make(append, { bufferBytes: 5_000 })
      const large = (id: string) => Records.record(id, { Request: "x".repeat(6_000) })
      yield* take(log, [Records.record("small"), large("a"), large("b")])
      const stats = yield* log.stats ?? Effect.dieMessage("no stats")
      assert.deepInclude(stats, { taken: 3, buffered: 1, lost: 2 })
      state.broken = false
      yield* TestClock.adjust("2 seconds")
      assert.deepStrictEqual(ids(), ["b"])
    }).pipe(Effect.provide(LogLines.make().layer))
  )

  it.scoped("hands over no more than half a MiB at once", () =>
    Effect.gen(function* () {
      const { append, batches } = table()
      const log = yield* RequestLog.make(append, {})
      yield* take(
        log,
        Records.many(5).map((record) => ({ ...record, Request: "x".repeat(200_000) }))
      )
      yield* TestClock.adjust("50 millis")
      assert.deepStrictEqual(
        batches.map((batch) => batch.length),
        [2, 2, 1]
      )
    })
  )

  describe("under sync", () => {
    const sync = { settings: Effect.succeed({ ...GatewayConfig.defaultLog, durability: "sync" as const }) }

    it.scoped("takes a record when it is on the disk, and several at once", () =>
      Effect.gen(function* () {
        const proceed = yield* Deferred.make<void>()
        const written: Array<LoggedRecord> = []
        const log = yield* RequestLog.make(
          (records) =>
            Effect.as(
              Effect.tap(Deferred.await(proceed), () => written.push(...records)),
              records.length
            ),
          sync
        )
        const fibers = yield* Effect.forEach(Records.many(3), (record) => Effect.fork(log.record(record, true)))
        yield* TestClock.adjust("1 minute")
        for (const fiber of fibers) assert.isNull(fiber.unsafePoll())
        yield* Deferred.succeed(proceed, undefined)
        yield* Fiber.joinAll(fibers)
        assert.deepStrictEqual(Records.ids(written), ["r0", "r1", "r2"])
      })
    )

    it.scoped("lets an answer go that the disk refuses, counts it, and writes its row later", () =>
      Effect.gen(function* () {
        const { append, ids, state } = table()
        state.broken = true
        const log = yield* RequestLog.make(append, sync)
        yield* take(log, Records.many(2), true)
        assert.deepInclude(yield* log.stats ?? Effect.dieMessage("no stats"), { unsynced: 2, lost: 0 })
        state.broken = false
        yield* TestClock.adjust("2 seconds")
        assert.deepStrictEqual(ids(), ["r0", "r1"])
        yield* take(log, Records.many(1, 2), true)
        assert.deepInclude(yield* log.stats ?? Effect.dieMessage("no stats"), { unsynced: 2 })
      }).pipe(Effect.provide(LogLines.make().layer))
    )
  })

  it.effect("keeps records in an array for tests and hosts", () => {
    const records: Array<RequestRecord> = []
    return Effect.gen(function* () {
      yield* take(yield* RequestLog.RequestLog, Records.many(2))
      assert.deepStrictEqual(Records.ids(records), ["r0", "r1"])
    }).pipe(Effect.provide(RequestLog.layerMemory(records)))
  })
})
