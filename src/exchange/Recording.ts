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
  private isWritten = false

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

  /** The record of an exchange that has ended so; what was said first stays. */
  close(outcome: Outcome): RequestRecord {
    const { presumed } = this
    return (this.record ??= presumed?.Outcome === outcome._tag ? presumed : this.make(outcome))
  }

  /** Writes it; what was presumed of it is amended. */
  write(record: RequestRecord): Effect.Effect<void> | undefined {
    if (this.isWritten) return undefined
    this.isWritten = true
    const { presumed } = this
    if (presumed === record) return undefined
    return this.log.record(presumed === undefined ? record : { ...record, amends: true }, this.synced)
  }

  /** Writes it for an exchange that does not end although it was cut. */
  readonly letGo: Effect.Effect<void> = Effect.suspend(
    () => this.write(this.close(RelayEnd.CutByDrain())) ?? Effect.void
  )

  private presume(outcome: Outcome): Effect.Effect<void> {
    if (this.record !== undefined) return Effect.void
    return this.log.record((this.presumed ??= this.make(outcome)), true)
  }

  private make(outcome: Outcome): RequestRecord {
    return Journal.close(this.journal, outcome, this.clock.now())
  }
}
