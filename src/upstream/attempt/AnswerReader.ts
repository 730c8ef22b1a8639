import type * as Effect from "effect/Effect"
import type { Ask } from "../../domain/chat/Ask.js"
import type { Headers } from "../../domain/backend/Credentials.js"
import type { AttemptFailure } from "../../domain/failure/Failure.js"
import type { BackendProtocol } from "../../domain/protocol/BackendProtocol.js"
import type { Target } from "../../domain/routing/RouteTable.js"
import type { ByteLease } from "../../admission/ByteBudget.js"
import type { LightScope } from "../../flow/LightScope.js"
import type { UpstreamHead } from "../UpstreamHead.js"
import type { Times } from "./Limits.js"

/**
 * How the answer to one operation is read, from its head to where it can be committed to: steps of its attempt, for an
 * effect of its own costs a short request a microsecond or two.
 *
 * @category models
 * @since 0.1.0
 */
export type AnswerReader<A> = (head: UpstreamHead, context: Context) => Effect.fn.Return<A, AttemptFailure>

/** What is known of an answer before it comes. */
export interface Context {
  readonly id: string
  readonly ask: Ask
  /** In which it is asked. */
  readonly protocol: BackendProtocol
  readonly target: Target
  /** Comes before the first content. */
  readonly prefix: string
  readonly callerHeaders: Headers
  readonly times: Times
  /** What the exchange holds in memory, the answer that is held back included. */
  readonly bytes: ByteLease
  /** The attempt's: what it takes goes back when that closes. */
  readonly scope: LightScope
}
