import * as Cause from "effect/Cause"
import * as FiberId from "effect/FiberId"
import * as HashSet from "effect/HashSet"
import { RelayEnd } from "../domain/failure/Outcome.js"

/** Who interrupts an exchange whose caller has left. */
export const callerLeft: FiberId.FiberId = FiberId.runtime(-497, 0)

/** Who interrupts an exchange that is cut at the drain deadline. */
export const cutByDrain: FiberId.FiberId = FiberId.runtime(-498, 0)

/** How an exchange ended that was interrupted: by whoever it was, the caller has left unless it was cut. */
export const endOf = (cause: Cause.Cause<unknown>): RelayEnd =>
  HashSet.has(Cause.interruptors(cause), cutByDrain) ? RelayEnd.CutByDrain() : RelayEnd.CallerLeft()
