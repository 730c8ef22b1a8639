import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Journal from "../domain/record/Journal.js"
import { RelayEnd } from "../domain/failure/Outcome.js"
import type { Outcome } from "../domain/failure/Outcome.js"
import type { RequestRecord } from "../domain/record/RequestRecord.js"
import type { RequestLog } from "../records/RequestLog.js"
import type { SteadyClock } from "../flow/SteadyClock.js"

/** The record of one exchange, which is written once, whoever says how the exchange ended. */
export class Recording {
  /** What was written before the caller could see the end. */
  private presumed: RequestRecord | undefined = undefined
  private record: RequestRecord | undefined = undefined

  constructor(
    private readonly log: Context.Tag.Service<RequestLog>,
    private readonly journal: Journal.Journal,
    private readonly clock: SteadyClock,
    private readonly synced: boolean
  ) {}

  /** What is to be run before the caller can see the end, under `log.durability: sync`. */
  beforeEnd(): ((presumed: Outcome) => Effect.Effect<void>) | undefined {
    return this.synced ? (presumed) => Effect.suspend(() => this.presume(presumed)) : undefined
  }

  /** Writes it, for an exchange that has ended; what was presumed of it is amended. The record as it is then. */
  readonly end = (outcome: Outcome): Effect.Effect<RequestRecord> => {
    // It was let go meanwhile.
    if (this.record !== undefined) return Effect.succeed(this.record)
    const { presumed } = this
    if (presumed?.Outcome === outcome._tag) return Effect.succeed((this.record = presumed))
    const record = (this.record = this.close(outcome))
    if (presumed === undefined) return Effect.as(this.log.record(record, this.synced), record)
    return Effect.as(this.log.record({ ...record, amends: true }, this.synced), record)
  }

  /** Writes it for an exchange that does not end although it was cut. */
  readonly letGo: Effect.Effect<void> = Effect.suspend(() => this.end(RelayEnd.CutByDrain()))

  private presume(outcome: Outcome): Effect.Effect<void> {
    if (this.record !== undefined) return Effect.void
    return this.log.record((this.presumed ??= this.close(outcome)), true)
  }

  private close(outcome: Outcome): RequestRecord {
    return Journal.close(this.journal, outcome, this.clock.now())
  }
}
