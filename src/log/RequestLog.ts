import type * as FileSystem from "@effect/platform/FileSystem"
import type * as Path from "@effect/platform/Path"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { LogUnavailable } from "../domain/Failure.js"
import { AppendFailed } from "../domain/Failure.js"
import type { RequestRecord } from "../domain/RequestRecord.js"
import * as MonthlyRotation from "./MonthlyRotation.js"

/** Takes the record of every exchange that has ended. */
export class RequestLog extends Context.Tag("causeway/log/RequestLog")<
  RequestLog,
  {
    /** Takes a record; never fails and never waits for the disk. */
    readonly record: (record: RequestRecord) => Effect.Effect<void>
  }
>() {}

/** How rows reach their table. */
export interface Options {
  /** The database file. */
  readonly path: string
  /** Whether a month's rows are moved aside when the next month begins. Default: true. */
  readonly archive?: Effect.Effect<boolean>
  /** Rows kept in memory while the database cannot take them; the oldest go first. Default: 10,000. */
  readonly bufferSize?: number
}

const batchSize = 200
const batchInterval = "50 millis"
const retryInterval = "1 second"

/** Records kept in an array, for tests and hosts. */
export const layerMemory = (records: Array<RequestRecord>): Layer.Layer<RequestLog> =>
  Layer.succeed(RequestLog, { record: (record) => Effect.sync(() => void records.push(record)) })

/** Records in a SQLite file: buffered, written in batches off the request path, flushed when the layer closes. */
export const layerSqlite = (
  options: Options
): Layer.Layer<RequestLog, LogUnavailable, FileSystem.FileSystem | Path.Path> =>
  Layer.scoped(
    RequestLog,
    Effect.flatMap(MonthlyRotation.make(options), (store) => make(store.append, options))
  )

/** A log over anything that appends rows: `append` says how many of the leading ones it has taken. */
export const make = Effect.fnUntraced(function* (
  append: (records: ReadonlyArray<RequestRecord>) => Effect.Effect<number, AppendFailed>,
  options: Pick<Options, "bufferSize">
) {
  const limit = options.bufferSize ?? 10_000
  const filled = yield* Effect.makeLatch()
  const buffer: Array<RequestRecord> = []
  let dropped = 0
  let failing = false

  const trim = () => {
    if (buffer.length > limit) dropped += buffer.splice(0, buffer.length - limit).length
  }

  const writeBatch = Effect.suspend(() => {
    const batch = buffer.splice(0, batchSize)
    const putBack = (written: number) =>
      Effect.sync(() => {
        buffer.unshift(...batch.slice(written))
        trim()
      })
    return append(batch).pipe(
      Effect.catchAllDefect((cause) => new AppendFailed({ path: "records", cause })),
      Effect.tapError(() => putBack(0)),
      Effect.flatMap(putBack)
    )
  }).pipe(
    Effect.when(() => buffer.length > 0),
    Effect.uninterruptible
  )

  // Writes everything there is; false when the database does not take it.
  const flush = writeBatch.pipe(
    Effect.repeat({ while: () => buffer.length > 0 }),
    Effect.matchEffect({
      onSuccess: () => reportState(false, Effect.logInfo("Records are being written again"), true),
      onFailure: (failure) => reportState(true, Effect.logError(`Records wait in memory: ${failure.message}`), false)
    })
  )

  const reportState = (fails: boolean, report: Effect.Effect<void>, result: boolean) =>
    Effect.suspend(() => {
      const changed = failing !== fails
      failing = fails
      return Effect.as(changed ? report : Effect.void, result)
    })

  const reportLost = Effect.suspend(() => {
    const lost = dropped
    dropped = 0
    return lost === 0 ? Effect.void : Effect.logError(`${lost} records were lost: the database took none`)
  })

  const loop = Effect.gen(function* () {
    yield* filled.await
    yield* filled.close
    yield* Effect.sleep(batchInterval)
    const written = yield* flush
    yield* reportLost
    if (!written) yield* Effect.zipRight(Effect.sleep(retryInterval), filled.open)
  })

  // Registered before the loop is forked, so that it runs after the loop has stopped.
  yield* Effect.addFinalizer(() =>
    Effect.zipRight(
      flush,
      Effect.suspend(() => {
        dropped += buffer.length
        return reportLost
      })
    )
  )
  yield* Effect.forkScoped(Effect.forever(loop))

  return RequestLog.of({
    record: (record) =>
      Effect.suspend(() => {
        buffer.push(record)
        trim()
        return filled.open
      })
  })
})
