import { weigh } from "../../domain/record/RequestRecord.js"
import type { LoggedRecord } from "../../domain/record/RequestRecord.js"

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
  /** Takes one row out, wherever it stands; what stands behind the last one begins at the first again. */
  readonly takeAt: (place: number) => Waiting | undefined
  /** Puts rows back to the front, or to where they stood. */
  readonly putBack: (rows: ReadonlyArray<Waiting>, place?: number) => void
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

interface Weighed {
  readonly row: Waiting
  readonly weight: number
}

const batchSize = 200
// What crosses to the writer's thread is copied, which holds up the exchanges for as long.
const batchBytes = 512 * 1024

/** A buffer of at most so many rows and bytes; a single row may be larger. */
export const make = (limit: { readonly rows: number; readonly bytes: number }): RecordBuffer => {
  const rows: Array<Weighed> = []
  let bytes = 0
  let dropped = 0

  const takeOut = (start: number, count: number) => {
    const taken = rows.splice(start, count)
    for (const { weight } of taken) bytes -= weight
    return taken.map(({ row }) => row)
  }

  const dropFirst = (count: number) => {
    for (const { settled } of takeOut(0, count)) settled?.(false)
    dropped += count
  }

  // Both limits are far from one batch, so that one step is enough for many rows.
  const trim = () => {
    let excess = 0
    let left = bytes
    while (rows.length - excess > limit.rows || (left > limit.bytes && rows.length - excess > 1)) {
      left -= rows[excess]?.weight ?? 0
      excess++
    }
    if (excess > 0) dropFirst(excess)
  }

  const weighed = (row: Waiting): Weighed => ({ row, weight: weigh(row.record) })

  return {
    push: (row) => {
      const added = weighed(row)
      rows.push(added)
      bytes += added.weight
      trim()
    },
    takeBatch: () => {
      let count = 0
      let left = batchBytes
      for (const { weight } of rows) {
        left -= weight
        if (count === batchSize || (left < 0 && count > 0)) break
        count++
      }
      return takeOut(0, count)
    },
    takeAt: (place) => takeOut(rows.length === 0 ? 0 : place % rows.length, 1)[0],
    putBack: (back, place = 0) => {
      const added = back.map(weighed)
      rows.splice(rows.length === 0 ? 0 : place % (rows.length + 1), 0, ...added)
      for (const { weight } of added) bytes += weight
      trim()
    },
    drop: () => dropFirst(rows.length),
    hasBatch: () => rows.length >= batchSize || bytes >= batchBytes,
    size: () => rows.length,
    weight: () => bytes,
    dropped: () => dropped
  }
}
