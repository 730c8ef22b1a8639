import * as Cause from "effect/Cause"
import * as Either from "effect/Either"
import * as Exit from "effect/Exit"
import * as FiberId from "effect/FiberId"
import * as HashSet from "effect/HashSet"
import type { AnswerFailure } from "../domain/failure/AnswerFailure.js"
import { RelayEnd } from "../domain/failure/Outcome.js"

/** Who interrupts an exchange whose caller has left. */
export const callerLeft: FiberId.FiberId = FiberId.runtime(-497, 0)

/** Who interrupts an exchange that is cut at the drain deadline. */
export const cutByDrain: FiberId.FiberId = FiberId.runtime(-498, 0)

/** How an exchange ended that was interrupted: by whoever it was, the caller has left unless it was cut. */
export const endOf = (cause: Cause.Cause<unknown>): RelayEnd =>
  HashSet.has(Cause.interruptors(cause), cutByDrain) ? RelayEnd.CutByDrain() : RelayEnd.CallerLeft()

/**
 * How the moving of an answer ended: after the commit ends are values, what it failed with or whoever interrupted it. Only a
 * defect is none.
 */
export const ofRun = (exit: Exit.Exit<void, AnswerFailure>): Either.Either<RelayEnd, Cause.Cause<never>> => {
  if (Exit.isSuccess(exit)) return Either.right(RelayEnd.Completed())
  const failure = Cause.failureOrCause(exit.cause)
  if (Either.isLeft(failure)) return Either.right(failure.left)
  return Cause.isInterruptedOnly(failure.right) ? Either.right(endOf(failure.right)) : Either.left(failure.right)
}
