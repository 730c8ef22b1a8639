import * as Effect from "effect/Effect"
import { AppendFailed } from "../domain/Failure.js"
import { withheld } from "../domain/RequestRecord.js"
import type { LoggedRecord } from "../domain/RequestRecord.js"
import * as LastDeadline from "./LastDeadline.js"
import type { RecordBuffer, Waiting } from "./RecordBuffer.js"
import * as Sift from "./Sift.js"

/** Appends rows, and says how many of the leading ones it has taken. */
export type Append = (records: ReadonlyArray<LoggedRecord>) => Effect.Effect<number, AppendFailed>

/** Keeps a row that nothing else takes. */
export type SetAside = (record: LoggedRecord) => Effect.Effect<void, AppendFailed>

/** Moves rows out of memory, so that one which is not taken holds up none of the others. */
export interface RowWriter {
  /** Writes a batch and says whether some of its rows are left; fails when nothing is taken, which may pass. */
  readonly writeBatch: Effect.Effect<boolean, AppendFailed>
  /** From now on rows are written for the last time. */
  readonly close: Effect.Effect<void>
  /** Rows that were taken without their bodies, that were set aside, and that were lost by themselves. */
  readonly counts: () => { readonly withheld: number; readonly setAside: number; readonly lost: number }
  /** Whether a batch has been under way for so long that its rows wait like all others. */
  readonly isHanging: () => boolean
}

/** How long a batch may be under way before that is worth a word, in ms. */
const hangingAfter = 5_000

/** So often in a row a row that is alone is refused before it is offered without its bodies. */
const refusals = 3

/** Writes what waits in a buffer. */
export const make = (buffer: RecordBuffer, append: Append, setAside: SetAside | undefined): RowWriter => {
  const deadline = LastDeadline.make()
  const counts = { withheld: 0, setAside: 0, lost: 0 }
  let closing = false
  /** How often in a row nothing was taken, and where the next row stands that is tried by itself. */
  let failures = 0
  let probed = 0

  const offerRecords = (records: ReadonlyArray<LoggedRecord>) =>
    Effect.flatMap(
      deadline.run(() => append(records)),
      (said) => {
        const taken = Math.min(Math.trunc(said), records.length)
        return taken > 0
          ? Effect.succeed(taken)
          : new AppendFailed({ path: "records", cause: new Error("no row was taken") })
      }
    )

  const offer = (rows: ReadonlyArray<Waiting>) =>
    Effect.map(offerRecords(rows.map(({ record }) => record)), (taken) => {
      for (const { settled } of rows.slice(0, taken)) settled?.(true)
      failures = 0
      return taken
    })

  const offerWithheld = ({ record, settled }: Waiting, failure: AppendFailed) =>
    Effect.map(offerRecords([withheld(record, failure)]), () => {
      settled?.(true)
      counts.withheld++
      failures = 0
    })

  const giveUp = ({ failure, row }: Sift.Refused<Waiting, AppendFailed>) => {
    const lost = Effect.sync(() => void counts.lost++)
    const aside = setAside?.(withheld(row.record, failure))
    return Effect.catchAll(offerWithheld(row, failure), () =>
      aside === undefined
        ? lost
        : Effect.matchEffect(aside, {
            onSuccess: () => Effect.sync(() => void counts.setAside++),
            onFailure: () => lost
          })
    )
  }

  // Says whether anything is taken at all: one row by itself, each time another one.
  const probe = (failure: AppendFailed) =>
    Effect.suspend(() => {
      const place = probed++
      const row = buffer.takeAt(place)
      if (row === undefined) return Effect.succeed(false)
      const alone = buffer.size() === 0
      if (alone && failures < refusals) {
        buffer.putBack([row])
        return Effect.succeed(false)
      }
      return Effect.match(alone ? offerWithheld(row, failure) : offer([row]), {
        onSuccess: () => true,
        onFailure: () => {
          buffer.putBack([row], place)
          return false
        }
      })
    })

  // Some of the oldest rows are not taken though others are.
  const sortOut = Effect.gen(function* () {
    const { failure, left, refused } = yield* Sift.sift(buffer.takeBatch(), offer, () => "unknown")
    const [first] = refused
    for (const each of refused) yield* giveUp(each)
    if (first !== undefined) {
      yield* Effect.logError(`${refused.length} records were not taken as they are: ${first.failure.message}`)
    }
    if (failure === undefined) return buffer.size() > 0
    const rest: Array<Waiting> = []
    for (const row of left) {
      const withoutBodies = closing ? Effect.isSuccess(offerWithheld(row, failure)) : Effect.succeed(false)
      if (!(yield* withoutBodies)) rest.push(row)
    }
    buffer.putBack(rest)
    return rest.length === 0 ? buffer.size() > 0 : yield* failure
  })

  const writeBatch = Effect.suspend(() => {
    const batch = buffer.takeBatch()
    if (batch.length === 0) return Effect.succeed(false)
    return Effect.matchEffect(offer(batch), {
      onSuccess: (taken) =>
        Effect.sync(() => {
          buffer.putBack(batch.slice(taken))
          return taken < batch.length
        }),
      onFailure: (failure) => {
        failures++
        // Whoever waits is not kept waiting for a disk that takes nothing.
        for (const { settled } of batch) settled?.(false)
        buffer.putBack(batch)
        if (closing) return sortOut
        return Effect.flatMap(probe(failure), (taken) => (taken ? sortOut : failure))
      }
    })
  }).pipe(Effect.uninterruptible)

  return {
    writeBatch,
    close: Effect.suspend(() => {
      closing = true
      return deadline.close
    }),
    counts: () => counts,
    isHanging: () => {
      const since = deadline.since()
      return since !== undefined && performance.now() - since > hangingAfter
    }
  }
}
