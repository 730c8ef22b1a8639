import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { RequestLog } from "./RequestLog.js"

/** How long a log may take with a record; as long as our own waits for a disk. */
const patience = "5 seconds"

/**
 * A log of which exchanges need not know what it may do: one that dies with a record, or does not end with it in time,
 * has lost it, and the process log says so.
 */
export const layer: Layer.Layer<RequestLog, never, RequestLog> = Layer.effect(
  RequestLog,
  Effect.map(RequestLog, (log) => ({
    ...(log.note === undefined ? {} : { note: log.note }),
    ...(log.stats === undefined ? {} : { stats: log.stats }),
    record: (record, synced) =>
      log.record(record, synced).pipe(
        // What cannot be interrupted goes on by itself.
        Effect.disconnect,
        Effect.interruptible,
        Effect.timeoutFail({ duration: patience, onTimeout: () => `it took more than ${patience}` }),
        Effect.catchAllCause((cause) => Effect.logError(`The record of ${record.id} was not taken`, cause))
      )
  }))
)
