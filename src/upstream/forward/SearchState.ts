import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import type { Ask } from "../../domain/chat/Ask.js"
import type { AttemptFailure } from "../../domain/failure/Failure.js"
import type { Journal } from "../../domain/record/Journal.js"
import type { Target } from "../../domain/routing/RouteTable.js"
import type { LightScope } from "../../flow/LightScope.js"
import type { AnswerReader } from "../attempt/AnswerReader.js"
import type { Backends } from "../Backends.js"
import type { Candidates } from "./Candidates.js"
import type { Forwarded, Options } from "./Forwarded.js"
import type { Asked } from "./NoAnswer.js"

/** One exchange's search for an answer: all that it knows. */
export interface Search<A> {
  readonly options: Options
  readonly ask: Ask
  readonly reader: AnswerReader<A>
  readonly plan: ReadonlyArray<Target>
  readonly candidates: Candidates
  readonly backends: Context.Tag.Service<Backends>
  /** Of the attempts so far, in order. */
  readonly failures: Array<AttemptFailure>
  /** Those of them that are the caller's own fault. */
  readonly callers: Set<AttemptFailure>
  /** Of those that asked to be left alone, what they asked last. */
  readonly asked: Map<Target, Asked>
  /** Learns of its attempts: the exchange's own, but of a rival until that is ahead. */
  journal: Journal
  /** When the attempt that is under way began, in ms since the epoch. */
  askedAt: number | undefined
  /** Of the last call, unless it is over. */
  call: LightScope | undefined
  /** Who searches beside it since its backend fell silent. */
  rival: Rival<A> | undefined
  readonly isRival: boolean
}

/** A search beside another, for what both are to find. */
export interface Rival<A> {
  readonly search: Search<A>
  readonly fiber: Fiber.RuntimeFiber<Forwarded<A> | undefined>
  /** Whether it has found an answer, and has broken the other's attempt off. */
  readonly isAhead: () => boolean
}

/** Lets go of what a search holds: one that is given up says nothing of the backend that it was waiting for. */
export const letGo = <A>({ call, candidates }: Search<A>): Effect.Effect<void> | undefined => {
  const told = candidates.letGo()
  const closed = call?.close(Exit.fail("let go"))
  return told === undefined || closed === undefined ? (told ?? closed) : Effect.zipRight(closed, told)
}
