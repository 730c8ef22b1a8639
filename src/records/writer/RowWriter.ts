import * as Effect from "effect/Effect"
import { AppendFailed } from "../../domain/failure/Failure.js"
import { withheld } from "../../domain/record/RequestRecord.js"
import type { LoggedRecord } from "../../domain/record/RequestRecord.js"
import type { RecordBuffer, Waiting } from "./RecordBuffer.js"
import * as Sift from "./Sift.js"
import * as Watchdog from "./Watchdog.js"

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
  const watchdog = yield* Watchdog.make
  const counts = { withheld: 0, setAside: 0, lost: 0 }
  const state: State = { buffer, append, setAside, watchdog, counts, closing: false, failures: 0, probed: 0 }
  const writer: RowWriter = {
    writeBatch: writeBatch(state),
    close: () => {
      state.closing = true
      watchdog.close()
    },
    counts: () => counts,
    isHanging: () => watchdog.waited() > hangingAfter
  }
  return writer
})

interface State {
  readonly buffer: RecordBuffer
  readonly append: Append
  readonly setAside: SetAside | undefined
  readonly watchdog: Watchdog.Watchdog
  readonly counts: { withheld: number; setAside: number; lost: number }
  closing: boolean
  /** How often in a row nothing was taken. */
  failures: number
  /** Where the next row stands that is tried by itself. */
  probed: number
}

const writeBatch = (state: State): Effect.Effect<boolean, AppendFailed> =>
  Effect.suspend(() => {
    const { buffer } = state
    const batch = buffer.takeBatch()
    if (batch.length === 0) return Effect.succeed(false)
    return Effect.matchEffect(offer(state, batch), {
      onSuccess: (taken) =>
        Effect.sync(() => {
          buffer.putBack(batch.slice(taken))
          return taken < batch.length
        }),
      onFailure: (failure) => afterRefusal(state, batch, failure)
    })
  }).pipe(Effect.uninterruptible)

const afterRefusal = (
  state: State,
  batch: ReadonlyArray<Waiting>,
  failure: AppendFailed
): Effect.Effect<boolean, AppendFailed> => {
  state.failures++
  // Whoever waits is not kept waiting for a disk that takes nothing.
  for (const { settled } of batch) settled?.(false)
  state.buffer.putBack(batch)
  if (failure.passing === true) return failure
  if (state.closing) return sortOut(state)
  return Effect.flatMap(probe(state, failure), (taken) => (taken ? sortOut(state) : failure))
}

// Says whether anything is taken at all: one row by itself, each time another one.
const probe = (state: State, failure: AppendFailed): Effect.Effect<boolean> =>
  Effect.suspend(() => {
    const { buffer } = state
    const place = state.probed++
    const row = buffer.takeAt(place)
    if (row === undefined) return Effect.succeed(false)
    const alone = buffer.size() === 0
    if (alone && state.failures % refusals > 0) {
      buffer.putBack([row])
      return Effect.succeed(false)
    }
    const withheldAlone = () => Effect.zipRight(offerWithheld(state, row, failure), reportRefused(1, failure))
    return Effect.match(alone ? withheldAlone() : offer(state, [row]), {
      onSuccess: () => true,
      onFailure: () => {
        buffer.putBack([row], place)
        return false
      }
    })
  })

// Some of the oldest rows are not taken though others are.
const sortOut = Effect.fnUntraced(function* (state: State) {
  const { buffer } = state
  const { failure, left, refused } = yield* Sift.sift(buffer.takeBatch(), (rows) => offer(state, rows), blame)
  const [first] = refused
  for (const each of refused) yield* giveUp(state, each)
  if (first !== undefined) yield* reportRefused(refused.length, first.failure)
  if (failure === undefined) return buffer.size() > 0
  const rest: Array<Waiting> = []
  for (const row of left) {
    const withoutBodies = state.closing && failure.passing !== true
    const taken = withoutBodies && (yield* Effect.isSuccess(offerWithheld(state, row, failure)))
    if (!taken) rest.push(row)
  }
  buffer.putBack(rest)
  return rest.length === 0 ? buffer.size() > 0 : yield* failure
})

const giveUp = (state: State, { failure, row }: Sift.Refused<Waiting, AppendFailed>) =>
  Effect.catchAll(offerWithheld(state, row, failure), ({ passing }) =>
    passing === true ? Effect.sync(() => state.buffer.putBack([row])) : putAside(state, withheld(row.record, failure))
  )

const putAside = ({ counts, setAside }: State, record: LoggedRecord) => {
  const lost = Effect.sync(() => void counts.lost++)
  if (setAside === undefined) return lost
  return Effect.matchCauseEffect(setAside(record), {
    onSuccess: () => Effect.sync(() => void counts.setAside++),
    onFailure: () => lost
  })
}

const offer = (state: State, rows: ReadonlyArray<Waiting>) =>
  Effect.map(
    offerRecords(
      state,
      rows.map(({ record }) => record)
    ),
    (taken) => {
      for (const { settled } of rows.slice(0, taken)) settled?.(true)
      state.failures = 0
      return taken
    }
  )

const offerWithheld = (state: State, { record, settled }: Waiting, failure: AppendFailed) =>
  Effect.map(offerRecords(state, [withheld(record, failure)]), () => {
    settled?.(true)
    state.counts.withheld++
    state.failures = 0
  })

const offerRecords = ({ append, watchdog }: State, records: ReadonlyArray<LoggedRecord>) =>
  Effect.flatMap(
    watchdog.run(() => append(records)),
    (said) => {
      const taken = Math.min(Math.trunc(said), records.length)
      return taken > 0
        ? Effect.succeed(taken)
        : new AppendFailed({ path: "records", cause: new Error("no row was taken") })
    }
  )

const reportRefused = (count: number, failure: AppendFailed) =>
  Effect.logError(`${count} records were not taken as they are: ${failure.message}`)

const blame = ({ passing }: AppendFailed): Sift.Blame => (passing === true ? "passing" : "unknown")
