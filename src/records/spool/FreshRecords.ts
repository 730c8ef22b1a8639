import { weighAll } from "../../domain/record/RequestRecord.js"
import type { LoggedRecord } from "../../domain/record/RequestRecord.js"
import type { Piece } from "./SpoolSegment.js"

/** What was written last to a segment, so that it need not be read again. */
export interface FreshRecords {
  /** Remembers what stands from `start` to `end`, unless that is too much. */
  readonly push: (start: number, end: number, records: ReadonlyArray<LoggedRecord>) => void
  /** What stands from there on, where nothing before is left: as many batches as make a piece; undefined when it is not remembered. */
  readonly from: (start: number) => Piece | undefined
  /** Forgets what stands before `end`. */
  readonly settle: (end: number) => void
  readonly clear: () => void
}

interface Batch {
  readonly start: number
  readonly end: number
  readonly records: ReadonlyArray<LoggedRecord>
  readonly weight: number
}

/** So much is remembered, in bytes. */
const most = 8 * 1024 ** 2
/** What makes a piece. */
const enough = { rows: 500, bytes: 2 * 1024 ** 2 }

/** Nothing has been written. */
export const make = (): FreshRecords => {
  let batches: ReadonlyArray<Batch> = []
  return {
    push: (start, end, records) => {
      const weight = weighAll(records)
      const before = batches.reduce((sum, batch) => sum + batch.weight, 0)
      if (before + weight <= most) batches = [...batches, { start, end, records, weight }]
    },
    from: (start) => {
      const records: Array<LoggedRecord> = []
      let end = start
      for (const batch of batches) {
        if (batch.start !== end || records.length >= enough.rows || end - start >= enough.bytes) break
        for (const record of batch.records) records.push(record)
        end = batch.end
      }
      return records.length === 0 ? undefined : { records, end, unreadable: 0, torn: false }
    },
    settle: (end) => {
      batches = batches.filter((batch) => batch.end > end)
    },
    clear: () => {
      batches = []
    }
  }
}
