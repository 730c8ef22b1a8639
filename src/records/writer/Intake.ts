import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as FiberId from "effect/FiberId"
import type { LogSettings } from "../../domain/config/GatewayConfig.js"
import { reasonOf } from "../../domain/failure/Failure.js"
import type { LoggedRecord } from "../../domain/record/RequestRecord.js"
import type { RecordStats } from "../read/RecordStats.js"
import * as RecordBuffer from "./RecordBuffer.js"
import * as RowWriter from "./RowWriter.js"

/** Takes records into memory, and has them written in batches. */
export interface Intake {
  /** Takes a record and does not wait for it. */
  readonly put: (record: LoggedRecord) => void
  /** Takes a record; ends when the row is on the disk, or will not get there for now. */
  readonly putSynced: (record: LoggedRecord) => Effect.Effect<void>
  readonly stats: () => Stats
}

/** What the log's memory has to say of itself; the rows that wait are those that nothing takes. */
export interface Stats extends Pick<
  RecordStats,
  "taken" | "buffered" | "bufferedBytes" | "lost" | "unsynced" | "withheld" | "setAside" | "waiting"
> {}

/** How rows leave the memory, and how many there may be of them. */
export interface Options {
  readonly append: RowWriter.Append
  readonly setAside: RowWriter.SetAside | undefined
  /** Asked again for every batch. */
  readonly settings: Effect.Effect<LogSettings>
  readonly limit: Parameters<typeof RecordBuffer.make>[0]
}

const batchInterval = "50 millis"
const retryInterval = "1 second"
/** How long the end of an answer waits for a disk that neither takes its row nor refuses it, in ms. */
const syncPatience = 5_000

/** An intake of which nothing is left in memory when the scope has closed. */
export const make = Effect.fnUntraced(function* ({ append, limit, setAside, settings }: Options) {
  const buffer = RecordBuffer.make(limit)
  const state: State = {
    buffer,
    rows: yield* RowWriter.make(buffer, append, setAside),
    settings,
    filled: yield* Effect.makeLatch(),
    full: yield* Effect.makeLatch(),
    failing: false,
    taken: 0,
    unsynced: 0,
    reported: 0
  }
  // Registered before the loop is forked, so that it runs after the loop has stopped.
  yield* Effect.addFinalizer(() => finish(state))
  yield* Effect.forkScoped(Effect.forever(guarded(state)))
  // Registered after it, so that it comes to its end.
  yield* Effect.addFinalizer(() => Effect.sync(state.rows.close))

  const intake: Intake = {
    put: (record) => put(state, { record }),
    putSynced: (record) => putSynced(state, record),
    stats: () => stats(state)
  }
  return intake
})

interface State {
  readonly buffer: RecordBuffer.RecordBuffer
  readonly rows: RowWriter.RowWriter
  readonly settings: Effect.Effect<LogSettings>
  /** Open when there are rows. */
  readonly filled: Effect.Latch
  /** Open when there is a batch of them. */
  readonly full: Effect.Latch
  /** Whether the last batch was not taken. */
  failing: boolean
  taken: number
  /** Rows of which it was not waited that they are on the disk, though it should have been. */
  unsynced: number
  /** Rows whose loss has been told. */
  reported: number
}

const put = (state: State, row: RecordBuffer.Waiting): void => {
  state.buffer.push(row)
  state.taken++
  if (state.buffer.hasBatch()) state.full.unsafeOpen()
  state.filled.unsafeOpen()
}

const putSynced = (state: State, record: LoggedRecord) =>
  Effect.suspend(() => {
    // A disk that has just refused a row keeps no more callers waiting until it takes one.
    if (state.failing) {
      state.unsynced++
      put(state, { record })
      return Effect.void
    }
    const done = Deferred.unsafeMake<void>(FiberId.none)
    let over = false
    const settled = (onDisk: boolean) => {
      clearTimeout(impatience)
      if (over) return
      over = true
      if (!onDisk) state.unsynced++
      Deferred.unsafeDone(done, Effect.void)
    }
    const impatience = setTimeout(() => settled(false), syncPatience)
    put(state, { record, settled })
    return Deferred.await(done)
  })

// The settings and the logger may be a host's.
const guarded = (state: State) =>
  Effect.catchAllDefect(round(state), (defect) =>
    Effect.logError(`Records wait in memory: ${reasonOf(defect)}`).pipe(
      Effect.zipRight(Effect.sleep(retryInterval)),
      Effect.zipRight(state.filled.open)
    )
  )

const round = Effect.fnUntraced(function* (state: State) {
  const { buffer, filled, full } = state
  yield* filled.await
  yield* filled.close
  yield* gather(state)
  yield* full.close
  // What comes meanwhile and is less than a batch may wait for more: a batch costs as much as many rows.
  const written = yield* writeWhile(state, buffer.hasBatch)
  yield* reportLost(state)
  if (!written) yield* Effect.sleep(retryInterval)
  if (buffer.size() > 0) yield* filled.open
})

const gather = ({ full, settings }: State) =>
  Effect.flatMap(settings, ({ durability }) =>
    durability === "sync" ? Effect.void : Effect.asVoid(Effect.timeoutOption(full.await, batchInterval))
  )

// Writes a batch, and more as long as it is said; false when nothing takes it.
const writeWhile = (state: State, more: () => boolean): Effect.Effect<boolean> =>
  Effect.matchEffect(Effect.repeat(state.rows.writeBatch, { while: (left) => left || more() }), {
    onSuccess: () => Effect.as(report(state, false, Effect.logInfo("Records are being written again")), true),
    onFailure: (failure) =>
      Effect.as(report(state, true, Effect.logError(`Records wait in memory: ${failure.message}`)), false)
  })

const report = (state: State, fails: boolean, line: Effect.Effect<void>): Effect.Effect<void> =>
  Effect.suspend(() => {
    const changed = state.failing !== fails
    state.failing = fails
    return changed ? line : Effect.void
  })

const reportLost = (state: State): Effect.Effect<void> =>
  Effect.suspend(() => {
    const lost = allLost(state)
    const news = lost - state.reported
    state.reported = lost
    return news === 0 ? Effect.void : Effect.logError(`${news} records were lost: the database took none`)
  })

const finish = (state: State) =>
  Effect.zipRight(
    writeWhile(state, () => state.buffer.size() > 0),
    Effect.suspend(() => {
      state.buffer.drop()
      return reportLost(state)
    })
  )

const stats = (state: State): Stats => {
  const { buffer, rows, taken, unsynced } = state
  const { setAside, withheld } = rows.counts()
  return {
    withheld,
    setAside,
    waiting: inMemory(state),
    taken,
    buffered: buffer.size(),
    bufferedBytes: buffer.weight(),
    lost: allLost(state),
    unsynced
  }
}

// What is under way to whoever does not answer is at least one.
const inMemory = ({ buffer, failing, rows }: State): number => {
  if (rows.isHanging()) return Math.max(1, buffer.size())
  return failing ? buffer.size() : 0
}

const allLost = ({ buffer, rows }: State): number => buffer.dropped() + rows.counts().lost
