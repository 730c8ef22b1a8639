import type * as Effect from "effect/Effect"
import type { ByteLease } from "../../admission/ByteBudget.js"
import type { Snapshot } from "../../config/ConfigRef.js"
import type { Ask } from "../../domain/chat/Ask.js"
import type { AnswerFailure } from "../../domain/failure/AnswerFailure.js"
import type {
  BodyMalformed,
  ModelNotFound,
  NoBackendAvailable,
  Overloaded,
  Rejected
} from "../../domain/failure/Failure.js"
import type { RelayEnd } from "../../domain/failure/Outcome.js"
import type { Journal } from "../../domain/record/Journal.js"
import type { SteadyClock } from "../../flow/SteadyClock.js"
import type * as Attempt from "../attempt/Attempt.js"

/**
 * Why no answer was obtained.
 *
 * @category failures
 * @since 0.1.0
 */
export type ForwardFailure = BodyMalformed | ModelNotFound | NoBackendAvailable | Overloaded | Rejected

/**
 * What is known of the exchange whose request is forwarded.
 *
 * @category models
 * @since 0.1.0
 */
export interface Options {
  /** Learns of every attempt. */
  readonly journal: Journal
  readonly clock: SteadyClock
  readonly snapshot: Snapshot
  /** What the exchange holds in memory. */
  readonly bytes: ByteLease
  /** Has something done when the exchange ends: whatever is still held then is let go. */
  readonly atEnd: (finalizer: () => Effect.Effect<void> | undefined) => void
}

/**
 * An answer in hand; whoever relays it says how it ended, and may ask for another to go on with it.
 *
 * @category models
 * @since 0.1.0
 */
export interface Forwarded<A> {
  readonly ask: Ask
  readonly answer: Attempt.Answer<A>
  /** Tells how the answer ended: its call is over, and its place at the backend is given back. */
  readonly conclude: (end: RelayEnd) => Effect.Effect<void>
  /** Asks the next candidate after this answer broke off; undefined when nobody is left who could help. */
  readonly rescue: (failure: AnswerFailure, resumption: Attempt.Resumption) => Effect.Effect<Forwarded<A> | undefined>
}
