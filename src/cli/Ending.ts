import * as Console from "effect/Console"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as BootMessage from "./BootMessage.js"

/** Ends a command with exit code 1 when what it found, and has said, is not well. */
export class NotWell extends Data.TaggedError("NotWell") {
  override get message() {
    return "not well"
  }
}

/** Tells the operator of the failure that ends a command, unless the command has said it all. */
export const told = <A, E extends { readonly message: string }, R>(command: Effect.Effect<A, E, R>) =>
  Effect.tapError(command, (failure) =>
    failure instanceof NotWell ? Effect.void : Console.error(BootMessage.of(failure))
  )
