import { getHeapStatistics } from "node:v8"
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import * as NodePath from "@effect/platform-node/NodePath"
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as FiberId from "effect/FiberId"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import type { LogUnavailable } from "../domain/failure/Failure.js"
import { reasonOf } from "../domain/failure/Failure.js"
import type { LogSettings } from "../domain/config/GatewayConfig.js"
import * as GatewayConfig from "../domain/config/GatewayConfig.js"
import type { LoggedRecord, RequestRecord } from "../domain/record/RequestRecord.js"
import * as RecordBuffer from "./writer/RecordBuffer.js"
import * as RecordStats from "./read/RecordStats.js"
import * as RefusedFile from "./writer/RefusedFile.js"
import * as RowWriter from "./writer/RowWriter.js"
import * as WriterClient from "./writer/WriterClient.js"

/** Takes the record of every exchange that has ended. */
export class RequestLog extends Context.Tag("causeway/log/RequestLog")<
  RequestLog,
  {
    /**
     * Takes a record; never fails. It does not wait for the disk, unless the exchange ran under `log.durability: sync`:
     * `synced` then, it ends when the row is on the disk, or when the disk has refused it. A record that `amends`
     * replaces the one with its id.
     */
    readonly record: (record: LoggedRecord, synced?: boolean) => Effect.Effect<void>
    /** What has been done and what waits; missing where nothing is counted. */
    readonly stats?: Effect.Effect<RecordStats.RecordStats>
  }
>() {}

/** How rows reach their table. */
export interface Options {
  /** The database file. */
  readonly path: string
  /** How records are kept; asked again for every batch. Default: what `config.yaml` defaults to. */
  readonly settings?: Effect.Effect<LogSettings>
  /** Rows kept in memory while neither the database nor the spool takes them; the oldest go first. Default: 10,000. */
  readonly bufferSize?: number
  /** Bytes of rows kept in memory in that case. Default: 64 MiB, or a sixteenth of what the heap may be if that is less. */
  readonly bufferBytes?: number
  /** Keeps a row that nothing takes though other rows are taken, not even without its bodies. Default: it is lost. */
  readonly setAside?: RowWriter.SetAside
}

const batchInterval = "50 millis"
const retryInterval = "1 second"
/** How long the end of an answer waits for a disk that neither takes its row nor refuses it, in ms. */
const syncPatience = 5_000

/** Records kept in an array, for tests and hosts. */
export const layerMemory = (records: Array<RequestRecord>): Layer.Layer<RequestLog> =>
  Layer.succeed(RequestLog, {
    record: ({ amends, ...record }) =>
      Effect.sync(() => {
        const before = amends === undefined ? -1 : records.findIndex(({ id }) => id === record.id)
        if (before === -1) records.push(record)
        else records[before] = record
      })
  })

/** Records in a SQLite file: written in batches by a thread of its own, flushed when the layer closes. */
export const layerSqlite = (options: Options): Layer.Layer<RequestLog, LogUnavailable> =>
  Layer.scoped(
    RequestLog,
    Effect.gen(function* () {
      const client = yield* WriterClient.make({ path: options.path })
      const settings = options.settings ?? Effect.succeed(GatewayConfig.defaultLog)
      const append = (records: ReadonlyArray<LoggedRecord>) =>
        Effect.flatMap(settings, ({ retention, ...plain }) =>
          Effect.as(client.append(records, { ...plain, retention: Option.getOrNull(retention) }), records.length)
        )
      const refused = yield* RefusedFile.make(options.path)
      return yield* make(append, { setAside: refused.append, ...options, writer: client })
    }).pipe(Effect.provide([NodeFileSystem.layer, NodePath.layer]))
  )

/**
 * A log over anything that appends rows: `append` says how many of the leading ones it has taken. It may fail, die or hang
 * for a while or for one row: no other row waits for that one for ever.
 */
export const make = Effect.fnUntraced(function* (
  append: RowWriter.Append,
  options: Omit<Options, "path"> & { readonly writer?: Pick<WriterClient.WriterClient, "stats" | "restarts"> }
) {
  const { bufferBytes = shareOfHeap(), bufferSize = 10_000, writer } = options
  const settings = options.settings ?? Effect.succeed(GatewayConfig.defaultLog)
  const filled = yield* Effect.makeLatch()
  const full = yield* Effect.makeLatch()
  const buffer = RecordBuffer.make({ rows: bufferSize, bytes: bufferBytes })
  const rows = yield* RowWriter.make(buffer, append, options.setAside)
  let taken = 0
  let unsynced = 0
  let reported = 0
  let failing = false

  // Writes a batch, and more as long as it is said; false when nothing takes it.
  const writeWhile = (more: () => boolean) =>
    Effect.matchEffect(Effect.repeat(rows.writeBatch, { while: (left) => left || more() }), {
      onSuccess: () => reportState(false, Effect.logInfo("Records are being written again"), true),
      onFailure: (failure) => reportState(true, Effect.logError(`Records wait in memory: ${failure.message}`), false)
    })

  const reportState = (fails: boolean, report: Effect.Effect<void>, result: boolean) =>
    Effect.suspend(() => {
      const changed = failing !== fails
      failing = fails
      return Effect.as(changed ? report : Effect.void, result)
    })

  const reportLost = Effect.suspend(() => {
    const lost = allLost()
    const news = lost - reported
    reported = lost
    return news === 0 ? Effect.void : Effect.logError(`${news} records were lost: the database took none`)
  })

  const allLost = () => buffer.dropped() + rows.counts().lost

  const gather = Effect.flatMap(settings, ({ durability }) =>
    durability === "sync" ? Effect.void : Effect.asVoid(Effect.timeoutOption(full.await, batchInterval))
  )

  const round = Effect.gen(function* () {
    yield* filled.await
    yield* filled.close
    yield* gather
    yield* full.close
    // What comes meanwhile and is less than a batch may wait for more: a batch costs as much as many rows.
    const written = yield* writeWhile(buffer.hasBatch)
    yield* reportLost
    if (!written) yield* Effect.sleep(retryInterval)
    if (buffer.size() > 0) yield* filled.open
  })

  // The settings and the logger may be a host's.
  const loop = Effect.catchAllDefect(round, (defect) =>
    Effect.logError(`Records wait in memory: ${reasonOf(defect)}`).pipe(
      Effect.zipRight(Effect.sleep(retryInterval)),
      Effect.zipRight(filled.open)
    )
  )

  // Registered before the loop is forked, so that it runs after the loop has stopped.
  yield* Effect.addFinalizer(() =>
    Effect.zipRight(
      writeWhile(() => buffer.size() > 0),
      Effect.suspend(() => {
        buffer.drop()
        return reportLost
      })
    )
  )
  yield* Effect.forkScoped(Effect.forever(loop))
  // Registered after it, so that it comes to its end.
  yield* Effect.addFinalizer(() => Effect.sync(rows.close))

  const put = (row: RecordBuffer.Waiting): void => {
    buffer.push(row)
    taken++
    if (buffer.hasBatch()) full.unsafeOpen()
    filled.unsafeOpen()
  }

  // Ends when the row is on the disk, or will not get there for now.
  const putAndWait = (record: LoggedRecord) =>
    Effect.suspend(() => {
      // A disk that has just refused a row keeps no more callers waiting until it takes one.
      if (failing) {
        unsynced++
        put({ record })
        return Effect.void
      }
      const done = Deferred.unsafeMake<void>(FiberId.none)
      let over = false
      const settled = (onDisk: boolean) => {
        clearTimeout(impatience)
        if (over) return
        over = true
        if (!onDisk) unsynced++
        Deferred.unsafeDone(done, Effect.void)
      }
      const impatience = setTimeout(() => settled(false), syncPatience)
      put({ record, settled })
      return Deferred.await(done)
    })

  // What is under way to whoever does not answer is at least one.
  const inMemory = () => {
    if (rows.isHanging()) return Math.max(1, buffer.size())
    return failing ? buffer.size() : 0
  }

  return RequestLog.of({
    record: (record, synced = false) => (synced ? putAndWait(record) : Effect.sync(() => put({ record }))),
    stats: Effect.sync(() => {
      const written = writer?.stats() ?? RecordStats.none
      const { setAside, withheld } = rows.counts()
      return {
        ...written,
        withheld: written.withheld + withheld,
        setAside: written.setAside + setAside,
        waiting: written.waiting + inMemory(),
        taken,
        buffered: buffer.size(),
        bufferedBytes: buffer.weight(),
        lost: allLost(),
        unsynced,
        restarts: writer?.restarts() ?? 0
      }
    })
  })
})

// A small heap must not be filled by rows.
const shareOfHeap = (): number => Math.min(64 * 1024 ** 2, getHeapStatistics().heap_size_limit / 16)
