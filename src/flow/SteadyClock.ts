import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as DefaultServices from "effect/DefaultServices"
import { oncePer } from "../domain/text/OncePer.js"

/** Tells the time for deadlines and spans, which nothing may make negative: however the system's clock is set, it goes on. */
export interface SteadyClock {
  /** In ms since the epoch, as the system's clock would have it had it not been set since the process began. */
  readonly now: () => number
  /** In ms since the epoch by the system's clock, for dates that others say or are told. */
  readonly date: () => number
}

/** The steady clock of a clock. */
export const of: (clock: Clock.Clock) => SteadyClock = oncePer((clock: Clock.Clock) => ({
  now: clock === live ? sinceOrigin : () => Number(clock.unsafeCurrentTimeNanos() / nanosInMilli),
  date: () => clock.unsafeCurrentTimeMillis()
}))

const nanosInMilli = 1_000_000n

const live = Context.get(DefaultServices.liveServices, Clock.Clock)

// The live clock says the same in a number of any length, which costs ten times as much; an exchange asks ten times.
const sinceOrigin = (): number => Math.floor(performance.timeOrigin + performance.now())
