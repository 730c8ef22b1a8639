import type * as Clock from "effect/Clock"
import { oncePer } from "../domain/OncePer.js"

/** Tells the time for deadlines and spans, which nothing may make negative: however the system's clock is set, it goes on. */
export interface SteadyClock {
  /** In ms since the epoch, as the system's clock would have it had it not been set since the process began. */
  readonly now: () => number
  /** In ms since the epoch by the system's clock, for dates that others say or are told. */
  readonly date: () => number
}

/** The steady clock of a clock. */
export const of: (clock: Clock.Clock) => SteadyClock = oncePer((clock: Clock.Clock) => ({
  now: () => Number(clock.unsafeCurrentTimeNanos() / nanosInMilli),
  date: () => clock.unsafeCurrentTimeMillis()
}))

const nanosInMilli = 1_000_000n
