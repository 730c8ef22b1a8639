import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Journal from "../domain/record/Journal.js"
import { RelayEnd } from "../domain/failure/Outcome.js"
import type { Outcome } from "../domain/failure/Outcome.js"
import type { RequestRecord } from "../domain/record/RequestRecord.js"
import type { RequestLog } from "../records/RequestLog.js"
import type { SteadyClock } from "../flow/SteadyClock.js"

/** The record of one exchange, which is written once, whoever says how the exchange ended. */
export interface Recording {
  /** What is to be run before the caller can see the end, under `log.durability: sync`. */
  readonly beforeEnd: ((presumed: Outcome) => Effect.Effect<void>) | undefined
  /** The record of an exchange that has ended so; what was said first stays. */
  readonly close: (outcome: Outcome) => RequestRecord
  /** Writes it, once; what was presumed of it is amended. */
  readonly write: (record: RequestRecord) => Effect.Effect<void> | undefined
  /** Writes it for an exchange that does not end although it was cut. */
  readonly letGo: Effect.Effect<void>
  /** What is known of an exchange that has run for a while, where that is more than when it was last asked. */
  readonly news: () => RequestRecord | undefined
}

/** Most exchanges end within this time, in ms, and nothing need be known of them before. */
const shortest = 100

/** The recording of an exchange; where it is `synced`, the record is on the disk before the caller can see the end. */
export const make = (
  log: Context.Tag.Service<RequestLog>,
  journal: Journal.Journal,
  clock: SteadyClock,
  synced: boolean
): Recording => {
  /** What was written before the caller could see the end. */
  let presumed: RequestRecord | undefined
  let closed: RequestRecord | undefined
  let isWritten = false
  /** How far it had come when it was last asked for. */
  let told = -1

  const recordOf = (outcome: Outcome) => Journal.close(journal, outcome, clock.now())

  const presume = (outcome: Outcome) =>
    Effect.suspend(() => (closed === undefined ? log.record((presumed ??= recordOf(outcome)), true) : Effect.void))

  const close = (outcome: Outcome) => (closed ??= presumed?.Outcome === outcome._tag ? presumed : recordOf(outcome))

  const write = (record: RequestRecord) => {
    if (isWritten) return undefined
    isWritten = true
    if (presumed === record) return undefined
    return log.record(presumed === undefined ? record : { ...record, amends: true }, synced)
  }

  const news = () => {
    if (closed !== undefined || presumed !== undefined) return undefined
    const now = clock.now()
    const stage = Journal.stageOf(journal)
    if (stage === told || now - journal.startedAt < shortest) return undefined
    told = stage
    return Journal.soFar(journal, now)
  }

  return {
    beforeEnd: synced ? presume : undefined,
    close,
    write,
    letGo: Effect.suspend(() => write(close(RelayEnd.CutByDrain())) ?? Effect.void),
    news
  }
}
