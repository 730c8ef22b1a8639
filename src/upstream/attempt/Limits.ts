import * as Duration from "effect/Duration"
import type { Backend } from "../../domain/backend/Backend.js"
import { FirstTokenTimedOut, HeadersTimedOut, TotalTimedOut } from "../../domain/failure/Failure.js"
import type { Limit } from "../../flow/Alarm.js"
import type { SteadyClock } from "../../flow/SteadyClock.js"
import { BodyLate } from "../UpstreamHead.js"
import type { Patience } from "../UpstreamHead.js"

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

/** Until the first content of a stream, and longer where there are signs that it will come. */
export const untilContent = (times: Times): Patience => {
  const { clock, deadline, startedAt, timeouts } = times
  const now = clock.now()
  const at = startedAt + Duration.toMillis(timeouts.firstToken)
  if (deadline < at) return { total: limit(deadline - now, "total", timeouts.total) }
  const total = limit(at - now, "first_token", timeouts.firstToken)
  const atMost = startedAt + Duration.toMillis(timeouts.firstTokenMax)
  if (atMost <= at) return { total }
  // What came at the beginning, such as the role of whoever is about to speak, is no such sign.
  const within = Math.min(Duration.toMillis(timeouts.firstToken) / 2, Duration.toMillis(timeouts.idle))
  const last =
    deadline < atMost
      ? limit(deadline - at, "total", timeouts.total)
      : limit(atMost - at, "first_token_max", timeouts.firstTokenMax)
  return { total, alive: { within, total: last } }
}

/** Until the end of an answer that is not streamed, or of an error's body if that does not take longer than `most` ms. */
export const untilEnd = ({ clock, deadline, timeouts }: Times, most = Infinity): Patience => ({
  total: limit(Math.min(deadline - clock.now(), most), "total", timeouts.total)
})

/** Between two reads of a stream that has begun, and to its end. */
export const betweenReads = ({ clock, deadline, timeouts }: Times): Patience => ({
  each: limit(Duration.toMillis(timeouts.idle), "idle", timeouts.idle),
  total: limit(deadline - clock.now(), "total", timeouts.total)
})

/** The failure of an attempt that waited too long. */
export const timedOut = ({ after, limit }: BodyLate): FirstTokenTimedOut | TotalTimedOut =>
  limit === "total" ? new TotalTimedOut({ after }) : new FirstTokenTimedOut({ after })

const limit = (after: number, name: BodyLate["limit"], most: Duration.Duration): Limit<BodyLate> => ({
  after,
  failure: () => new BodyLate({ limit: name, after: most })
})
