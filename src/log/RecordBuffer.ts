import { weigh } from "../domain/RequestRecord.js"
import type { LoggedRecord } from "../domain/RequestRecord.js"

/** A record that waits to be written, and who waits for that. */
export interface Waiting {
  readonly record: LoggedRecord
  /** Told whether the row is on the disk; the first word counts. */
  readonly settled?: (onDisk: boolean) => void
}

/** Records that wait in memory; when there are too many the oldest go. */
export interface RecordBuffer {
  readonly push: (row: Waiting) => void
  /** Takes the oldest rows out, as many as make a batch. */
  readonly takeBatch: () => ReadonlyArray<Waiting>
  /** Puts rows back to the front. */
  readonly putBack: (rows: ReadonlyArray<Waiting>) => void
  /** Lets all rows go. */
  readonly drop: () => void
  /** Whether a batch is there. */
  readonly hasBatch: () => boolean
  readonly size: () => number
  /** Roughly, in bytes. */
  readonly weight: () => number
  /** How many rows have been let go. */
  readonly dropped: () => number
}

const batchSize = 200
// What crosses to the writer's thread is copied, which holds up the exchanges for as long.
const batchBytes = 512 * 1024

/** A buffer of at most so many rows and bytes; a single row may be larger. */
export const make = (limit: { readonly rows: number; readonly bytes: number }): RecordBuffer => {
  const rows: Array<Waiting> = []
  let bytes = 0
  let dropped = 0

  const shift = () => {
    const row = rows.shift()
    if (row !== undefined) bytes -= weigh(row.record)
    return row
  }

  const dropOldest = () => {
    shift()?.settled?.(false)
    dropped++
  }

  const trim = () => {
    while (rows.length > limit.rows || (bytes > limit.bytes && rows.length > 1)) dropOldest()
  }

  return {
    push: (row) => {
      rows.push(row)
      bytes += weigh(row.record)
      trim()
    },
    takeBatch: () => {
      const batch: Array<Waiting> = []
      let left = batchBytes
      while (rows[0] !== undefined && batch.length < batchSize) {
        left -= weigh(rows[0].record)
        if (left < 0 && batch.length > 0) break
        batch.push(rows[0])
        shift()
      }
      return batch
    },
    putBack: (back) => {
      rows.unshift(...back)
      bytes += back.reduce((sum, { record }) => sum + weigh(record), 0)
      trim()
    },
    drop: () => {
      while (rows.length > 0) dropOldest()
    },
    hasBatch: () => rows.length >= batchSize || bytes >= batchBytes,
    size: () => rows.length,
    weight: () => bytes,
    dropped: () => dropped
  }
}
