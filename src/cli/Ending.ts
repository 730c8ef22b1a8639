import * as Cause from "effect/Cause"
import * as Console from "effect/Console"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Printable from "../domain/text/Printable.js"
import * as BootMessage from "./BootMessage.js"

/** Ends a command with exit code 1 when what it found, and has said, is not well. */
export class NotWell extends Data.TaggedError("NotWell") {
  override get message() {
    return "not well"
  }
}

/** Tells the operator of the failure or the defect that ends a command, unless the command has said it all. */
export const told = <A, E extends { readonly message: string }, R>(command: Effect.Effect<A, E, R>) =>
  Effect.tapErrorCause(command, (cause) => {
    const failure = Option.getOrUndefined(Cause.failureOption(cause))
    if (failure instanceof NotWell || Cause.isInterruptedOnly(cause)) return Effect.void
    return Console.error(failure === undefined ? Printable.lines(Cause.pretty(cause)) : BootMessage.of(failure))
  })
