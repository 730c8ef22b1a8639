import { getHeapStatistics } from "node:v8"
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import * as NodePath from "@effect/platform-node/NodePath"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import type { LogUnavailable } from "../domain/failure/Failure.js"
import type { LogSettings } from "../domain/config/GatewayConfig.js"
import * as GatewayConfig from "../domain/config/GatewayConfig.js"
import type { GivenRecord, LoggedRecord, RequestRecord } from "../domain/record/RequestRecord.js"
import * as Intake from "./writer/Intake.js"
import * as RecordStats from "./read/RecordStats.js"
import * as RefusedFile from "./writer/RefusedFile.js"
import type * as RowWriter from "./writer/RowWriter.js"
import * as WriterClient from "./writer/WriterClient.js"

export type { RecordStats } from "./read/RecordStats.js"

/**
 * Takes the record of every exchange that has ended.
 *
 * @example
 * ```ts
 * import { RequestLog } from "causeway"
 * import * as Effect from "effect/Effect"
 * import * as Layer from "effect/Layer"
 *
 * export const log = Layer.succeed(RequestLog.RequestLog, {
 *   record: ({ id, Outcome, TotalTokens }) => Effect.logInfo(`${id}: ${Outcome}, ${TotalTokens ?? 0} tokens`)
 * })
 * ```
 *
 * @category services
 * @since 0.1.0
 */
export class RequestLog extends Context.Tag("causeway/RequestLog")<
  RequestLog,
  {
    /**
     * Takes a record; never fails. It does not wait for the disk, unless the exchange ran under `log.durability: sync`:
     * `synced` then, it ends when the row is on the disk, or when the disk has refused it. A record that `amends`
     * replaces the one with its id.
     */
    readonly record: (record: GivenRecord, synced?: boolean) => Effect.Effect<void>
    /**
     * Takes what is known of exchanges that have run for a while: the rows that they get should the process be killed
     * before their records come. Missing where nothing outlives the process.
     */
    readonly note?: (records: ReadonlyArray<RequestRecord>) => void
    /** What has been done and what waits; missing where nothing is counted. */
    readonly stats?: Effect.Effect<RecordStats.RecordStats>
  }
>() {}

/**
 * How rows reach their table.
 *
 * @category models
 * @since 0.1.0
 */
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

/**
 * Records kept in an array, for tests and hosts.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerMemory = (records: Array<RequestRecord>): Layer.Layer<RequestLog> =>
  Layer.succeed(RequestLog, {
    record: ({ amends, ...record }) =>
      Effect.sync(() => {
        const before = amends === undefined ? -1 : records.findIndex(({ id }) => id === record.id)
        if (before === -1) records.push(record)
        else records[before] = record
      })
  })

/**
 * Records in a SQLite file: written in batches by a thread of its own, flushed when the layer closes.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerSqlite = (options: Options): Layer.Layer<RequestLog, LogUnavailable> =>
  Layer.scoped(
    RequestLog,
    Effect.gen(function* () {
      const client = yield* WriterClient.make({ path: options.path })
      const settings = options.settings ?? Effect.succeed(GatewayConfig.defaultLog)
      const append = (records: ReadonlyArray<LoggedRecord>) =>
        Effect.flatMap(settings, ({ archive, bodies, durability, retention }) =>
          Effect.as(
            client.append(records, { archive, bodies, durability, retention: Option.getOrNull(retention) }),
            records.length
          )
        )
      const refused = yield* RefusedFile.make(options.path)
      return yield* make(append, { setAside: refused.append, ...options, writer: client })
    }).pipe(Effect.provide([NodeFileSystem.layer, NodePath.layer]))
  )

/**
 * A log over anything that appends rows: `append` says how many of the leading ones it has taken. It may fail, die or hang
 * for a while or for one row: no other row waits for that one for ever.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = Effect.fnUntraced(function* (
  append: RowWriter.Append,
  options: Omit<Options, "path"> & { readonly writer?: Pick<WriterClient.WriterClient, "note" | "stats" | "restarts"> }
) {
  const { bufferBytes = shareOfHeap(), bufferSize = 10_000, setAside, writer } = options
  const settings = options.settings ?? Effect.succeed(GatewayConfig.defaultLog)
  const limit = { rows: bufferSize, bytes: bufferBytes }
  const intake = yield* Intake.make({ append, setAside, settings, limit })
  return RequestLog.of({
    ...(writer === undefined ? {} : { note: writer.note }),
    record: (record, synced = false) => (synced ? intake.putSynced(record) : Effect.sync(() => intake.put(record))),
    stats: Effect.sync(() => {
      const written = writer?.stats() ?? RecordStats.none
      const inMemory = intake.stats()
      return {
        ...written,
        ...inMemory,
        withheld: written.withheld + inMemory.withheld,
        setAside: written.setAside + inMemory.setAside,
        waiting: written.waiting + inMemory.waiting,
        restarts: writer?.restarts() ?? 0
      }
    })
  })
})

// A small heap must not be filled by rows.
const shareOfHeap = (): number => Math.min(64 * 1024 ** 2, getHeapStatistics().heap_size_limit / 16)
