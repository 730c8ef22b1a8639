import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import * as Schedule from "effect/Schedule"
import { AppendFailed } from "../../domain/failure/Failure.js"
import type { Spool } from "../spool/Spool.js"
import * as Insertion from "./Insertion.js"

/** Moves rows from the spool into their store. */
export interface Transfer {
  /** Takes note of rows that have come into the spool. */
  readonly spooled: (rows: number) => void
  /** Has the spool looked through at once. */
  readonly stir: Effect.Effect<void>
  /** Puts what is in the spool into the store, as it comes. */
  readonly run: Effect.Effect<never>
  /** Puts what is left there into the store, unless that does not take it though nobody else is writing. */
  readonly finish: Effect.Effect<void>
  /** Whether the store took what it was last offered. */
  readonly isFlowing: () => boolean
  /** Rows in the spool that wait because nothing takes them; 0 when all is well. */
  readonly waiting: () => number
}

/** After this long without a record the database is let go of, and the spool tidied. */
const restAfter = "5 seconds"
/** So long the rows that follow on others gather in the spool before they go into the database, and how many at most. */
const gatherFor = "500 millis"
const gathered = { rows: 500, bytes: 2 * 1024 ** 2 }
const retryInterval = Duration.seconds(1)
/** How soon a database that others write to is asked again, and how often before that is worth a word. */
const turnInterval = Duration.millis(100)
const turns = 3

/** From this spool to where `into` puts them. */
export const make = Effect.fnUntraced(function* (spool: Spool, into: Insertion.Insertion) {
  const stirred = yield* Effect.makeLatch(true)
  const crowded = yield* Effect.makeLatch()
  const state: State = { spool, into, stirred, crowded, failing: false, refusals: 0, gathering: 0, waiting: 0 }
  const transfer: Transfer = {
    spooled: (rows) => spooled(state, rows),
    stir: Effect.asVoid(stirred.open),
    run: Effect.forever(round(state)),
    finish: finish(state),
    isFlowing: () => state.refusals === 0,
    // What others have left is not counted, but waits all the same.
    waiting: () => (state.failing ? Math.max(1, state.waiting) : 0)
  }
  return transfer
})

interface State {
  readonly spool: Spool
  readonly into: Insertion.Insertion
  /** Open as long as there may be something in the spool. */
  readonly stirred: Effect.Latch
  /** Open as soon as enough has gathered. */
  readonly crowded: Effect.Latch
  /** Whether it has been said that the store takes nothing. */
  failing: boolean
  /** How often in a row the database has refused rows only because others were writing. */
  refusals: number
  /** Rows that have come into the spool since the database was last given what is there. */
  gathering: number
  /** Rows of this process that are in the spool. */
  waiting: number
}

const spooled = (state: State, rows: number): void => {
  state.into.counts.spooled += rows
  state.gathering += rows
  state.waiting += rows
  if (state.gathering >= gathered.rows || state.spool.pending() >= gathered.bytes) state.crowded.unsafeOpen()
  state.stirred.unsafeOpen()
}

const round = Effect.fnUntraced(function* (state: State) {
  const { crowded, into, stirred } = state
  const woken = yield* Effect.timeoutOption(stirred.await, restAfter)
  if (woken._tag === "None") yield* Effect.zipRight(rest(state), stirred.await)
  yield* stirred.close
  state.gathering = 0
  yield* crowded.close
  const before = into.counts.stored
  // A transaction for every batch would cost many times as much, and an index of a busy day most of all.
  if (yield* drain(state)) return yield* into.counts.stored > before ? gather(state) : Effect.void
  // Whoever else writes here may need to have the database to itself, and must not come back at the same moment.
  yield* into.store.release
  const interval = state.refusals < turns ? turnInterval : retryInterval
  yield* Effect.sleep(Duration.times(interval, 0.5 + (yield* Random.next)))
  yield* stirred.open
})

const rest = ({ into, spool }: State) => Effect.zipRight(spool.tidy, into.store.release)

const gather = ({ crowded }: State) => Effect.asVoid(Effect.timeoutOption(crowded.await, gatherFor))

// Puts into the store what is in the spool; false when the store does not take it.
const drain = (state: State): Effect.Effect<boolean> =>
  drainOne(state).pipe(
    Effect.repeat({ while: (more) => more }),
    Effect.zipRight(report(state, false, Effect.logInfo("Records reach their database again"))),
    Effect.map(() => {
      state.refusals = 0
      return true
    }),
    Effect.catchAllDefect((cause) => new AppendFailed({ path: state.into.path, cause })),
    Effect.catchAll((failure) => {
      state.refusals = failure.fault === "busy" ? state.refusals + 1 : turns
      const line = Effect.logError(`Records wait in the spool: ${failure.message}`)
      return Effect.as(state.refusals < turns ? Effect.void : report(state, true, line), false)
    })
  )

const drainOne = (state: State) =>
  Effect.gen(function* () {
    const unsettled = yield* state.spool.next
    if (unsettled === undefined) return false
    const { adopted, records, settle } = unsettled
    yield* Insertion.insertAround(state.into, records)
    if (adopted) state.into.counts.replayed += records.length
    else state.waiting -= records.length
    yield* settle
    return true
  }).pipe(Effect.uninterruptible)

const report = (state: State, fails: boolean, line: Effect.Effect<void>): Effect.Effect<void> =>
  Effect.suspend(() => {
    const changed = state.failing !== fails
    state.failing = fails
    return changed ? line : Effect.void
  })

const finish = (state: State) =>
  Effect.gen(function* () {
    const { spool } = state
    yield* Effect.repeat(drain(state), {
      until: (done) => done || state.refusals >= turns,
      schedule: Schedule.spaced(turnInterval)
    })
    if (spool.pending() > 0) yield* Effect.logWarning(`${spool.pending()} bytes of records stay in the spool`)
    yield* spool.tidy
  })
