import * as Effect from "effect/Effect"
import { AppendFailed } from "../../domain/failure/Failure.js"
import { withheld } from "../../domain/record/RequestRecord.js"
import type { LoggedRecord } from "../../domain/record/RequestRecord.js"
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
  readonly close: () => void
  /** Rows that were taken without their bodies, that were set aside, and that were lost by themselves. */
  readonly counts: () => { readonly withheld: number; readonly setAside: number; readonly lost: number }
  /** Whether a batch has been under way for so long that its rows wait like all others. */
  readonly isHanging: () => boolean
}

/** How long a batch may be under way before that is worth a word, in ms. */
const hangingAfter = 5_000

/**
 * Each time that a row which is alone has been refused so often, it is offered without its bodies: rarely, since what is
 * refused may be taken whole a moment later.
 */
const refusals = 10

/** Writes what waits in a buffer. */
export const make = Effect.fnUntraced(function* (buffer: RecordBuffer, append: Append, setAside: SetAside | undefined) {
  const deadline = yield* LastDeadline.make
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

  const giveUp = ({ failure, row }: Sift.Refused<Waiting, AppendFailed>) =>
    Effect.catchAll(offerWithheld(row, failure), ({ passing }) =>
      passing === true ? Effect.sync(() => buffer.putBack([row])) : putAside(withheld(row.record, failure))
    )

  const putAside = (record: LoggedRecord) => {
    const lost = Effect.sync(() => void counts.lost++)
    if (setAside === undefined) return lost
    return Effect.matchCauseEffect(setAside(record), {
      onSuccess: () => Effect.sync(() => void counts.setAside++),
      onFailure: () => lost
    })
  }

  // Says whether anything is taken at all: one row by itself, each time another one.
  const probe = (failure: AppendFailed) =>
    Effect.suspend(() => {
      const place = probed++
      const row = buffer.takeAt(place)
      if (row === undefined) return Effect.succeed(false)
      const alone = buffer.size() === 0
      if (alone && failures % refusals > 0) {
        buffer.putBack([row])
        return Effect.succeed(false)
      }
      const offered = alone ? Effect.zipRight(offerWithheld(row, failure), reportRefused(1, failure)) : offer([row])
      return Effect.match(offered, {
        onSuccess: () => true,
        onFailure: () => {
          buffer.putBack([row], place)
          return false
        }
      })
    })

  const reportRefused = (count: number, failure: AppendFailed) =>
    Effect.logError(`${count} records were not taken as they are: ${failure.message}`)

  // Some of the oldest rows are not taken though others are.
  const sortOut = Effect.gen(function* () {
    const { failure, left, refused } = yield* Sift.sift(buffer.takeBatch(), offer, blame)
    const [first] = refused
    for (const each of refused) yield* giveUp(each)
    if (first !== undefined) yield* reportRefused(refused.length, first.failure)
    if (failure === undefined) return buffer.size() > 0
    const rest: Array<Waiting> = []
    for (const row of left) {
      const withoutBodies =
        closing && failure.passing !== true ? Effect.isSuccess(offerWithheld(row, failure)) : Effect.succeed(false)
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
        if (failure.passing === true) return failure
        if (closing) return sortOut
        return Effect.flatMap(probe(failure), (taken) => (taken ? sortOut : failure))
      }
    })
  }).pipe(Effect.uninterruptible)

  const writer: RowWriter = {
    writeBatch,
    close: () => {
      closing = true
      deadline.close()
    },
    counts: () => counts,
    isHanging: () => deadline.waited() > hangingAfter
  }
  return writer
})

const blame = ({ passing }: AppendFailed): Sift.Blame => (passing === true ? "passing" : "unknown")
