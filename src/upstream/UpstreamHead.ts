import * as Data from "effect/Data"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as Stream from "effect/Stream"
import type { Headers } from "../domain/backend/Credentials.js"
import { ConnectionLost, TotalTimedOut } from "../domain/failure/Failure.js"
import type * as Alarm from "../flow/Alarm.js"
import { Gathered } from "../flow/Gathered.js"
import type { LightScope } from "../flow/LightScope.js"
import * as Source from "../flow/Source.js"
import type { Framing } from "../http1/Dispatch.js"

/** The head of an answer, with its body still to come. */
export interface UpstreamHead {
  readonly status: number
  readonly headers: Headers
  /**
   * What tells the end of the body: where that is `"close"`, one that was cut off ends as a whole one does. Undefined where
   * it is not known, as with a dispatcher of undici's.
   */
  readonly framing: Framing | undefined
  /** What each read from the socket brings; the backend is held back while nobody pulls. It can be run once. */
  readonly body: Stream.Stream<Uint8Array, BodyFailure>
  /** Says how long the body is waited for from now on. */
  readonly setPatience: (patience: Patience) => void
}

/** How long a body is waited for. */
export interface Patience {
  /** Each time that it is. */
  readonly each?: Alarm.Limit<BodyLate>
  /** Until it goes on no more, however it comes. */
  readonly total: Alarm.Limit<BodyLate>
  /** How much longer than {@link Patience.total} a body is waited for that shows life. */
  readonly alive?: Alive
}

/** What shows life: it has brought something in the last `within` ms, and goes on to. */
export interface Alive {
  readonly within: number
  /** Until even that is waited for no more. */
  readonly total: Alarm.Limit<BodyLate>
}

/** Why there is no more of a body. */
export type BodyFailure = BodyLost | BodyLate

/** The connection broke in the middle of the body. */
export class BodyLost extends Data.TaggedError("BodyLost")<{ readonly cause: unknown }> {}

/** The body did not go on in time. */
export class BodyLate extends Data.TaggedError("BodyLate")<{
  /** The limit that was passed, by its name in `timeouts`. */
  readonly limit: "first_token" | "first_token_max" | "idle" | "total"
  readonly after: Duration.Duration
}> {}

/** The text of a small body; of a larger one only the first `size` bytes. */
export const readText: (
  scope: LightScope,
  head: UpstreamHead,
  size: number
) => Effect.Effect<string, ConnectionLost | TotalTimedOut> = Effect.fnUntraced(function* (
  scope: LightScope,
  { body }: UpstreamHead,
  size: number
) {
  const source = yield* Source.of(body, scope)
  const gathered = new Gathered()
  while (true) {
    const more = yield* Source.next(source)
    for (const bytes of more.values) gathered.push(bytes)
    if (more.end !== undefined && Option.isSome(more.end)) return yield* lost(more.end.value)
    if (more.end !== undefined || gathered.size() >= size) return gathered.take().toString("utf8", 0, size)
  }
})

/** The failure of an attempt of which no more than a part of the body has come. */
export const lost = (failure: BodyFailure): ConnectionLost | TotalTimedOut =>
  failure._tag === "BodyLate"
    ? new TotalTimedOut({ after: failure.after })
    : new ConnectionLost({ requestSent: true, cause: failure.cause })
