import * as Duration from "effect/Duration"
import type { Backend } from "../../domain/backend/Backend.js"
import { FirstTokenTimedOut, HeadersTimedOut, TotalTimedOut } from "../../domain/failure/Failure.js"
import type { Limit } from "../../flow/Alarm.js"
import type { SteadyClock } from "../../flow/SteadyClock.js"
import { BodyLate } from "../UpstreamCall.js"
import type { Patience } from "../UpstreamCall.js"

/** What the limits of an attempt are reckoned from. */
export interface Times {
  readonly clock: SteadyClock
  readonly timeouts: Backend["timeouts"]
  /** When the attempt began, in ms since the epoch. */
  readonly startedAt: number
  /** When `timeouts.total` has passed, in ms since the epoch. */
  readonly deadline: number
}

/** How long the head may take; that of an answer that is not streamed comes with the answer, minutes later for some models. */
export const head = (times: Times, isStream: boolean): Limit<HeadersTimedOut | TotalTimedOut> => {
  const { deadline, startedAt, timeouts } = times
  const most = isStream ? Duration.toMillis(timeouts.headers) : Infinity
  const left = deadline - startedAt
  return left < most
    ? { after: left, failure: () => new TotalTimedOut({ after: timeouts.total }) }
    : { after: most, failure: () => new HeadersTimedOut({ after: timeouts.headers }) }
}

/** Until the first content of a stream. */
export const untilContent = ({ clock, deadline, startedAt, timeouts }: Times): Patience => {
  const at = startedAt + Duration.toMillis(timeouts.firstToken)
  return deadline < at
    ? until(clock, deadline, "total", timeouts.total)
    : until(clock, at, "first_token", timeouts.firstToken)
}

/** Until the end of an answer that is not streamed, or of an error's body if that does not take longer than `most` ms. */
export const untilEnd = ({ clock, deadline, timeouts }: Times, most = Infinity): Patience =>
  until(clock, Math.min(deadline, clock.now() + most), "total", timeouts.total)

/** Between two reads of a stream that has begun. */
export const betweenReads = ({ clock, deadline, timeouts }: Times): Patience => {
  const idle = Duration.toMillis(timeouts.idle)
  return () => {
    const left = deadline - clock.now()
    return left < idle ? late(left, "total", timeouts.total) : late(idle, "idle", timeouts.idle)
  }
}

/** The failure of an attempt that waited too long. */
export const timedOut = ({ after, limit }: BodyLate): FirstTokenTimedOut | TotalTimedOut =>
  limit === "first_token" ? new FirstTokenTimedOut({ after }) : new TotalTimedOut({ after })

const until =
  (clock: SteadyClock, at: number, limit: BodyLate["limit"], after: Duration.Duration): Patience =>
  () =>
    late(at - clock.now(), limit, after)

const late = (left: number, limit: BodyLate["limit"], after: Duration.Duration): Limit<BodyLate> => ({
  after: left,
  failure: () => new BodyLate({ limit, after })
})
