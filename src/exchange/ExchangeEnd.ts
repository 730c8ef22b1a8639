import type * as Effect from "effect/Effect"
import type { Outcome } from "../domain/failure/Outcome.js"
import type { RequestRecord } from "../domain/record/RequestRecord.js"
import { guarded } from "../flow/Guarded.js"

/** How an exchange has ended: one value, told once to all who watch. */
export interface ExchangeEnd {
  readonly outcome: Outcome
  /** What is known of it, as the row that is written. */
  readonly record: RequestRecord
  /** When, in ms since the epoch by the system's clock. */
  readonly date: number
}

/** Whoever does something when an exchange has ended; undefined where it is done at once. */
export type Watcher = (end: ExchangeEnd) => Effect.Effect<void> | undefined

/** Tells the end to one after the other, whatever becomes of those before, as steps of whoever tells. */
export function* tell(watchers: ReadonlyArray<Watcher>, end: ExchangeEnd): Effect.fn.Return<void> {
  for (const watcher of watchers) {
    const done = guarded(() => watcher(end))
    if (done !== undefined) yield* done
  }
}
