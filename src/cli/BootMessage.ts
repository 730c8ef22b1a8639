import * as Cause from "effect/Cause"
import * as ConfigError from "effect/ConfigError"

/** What an operator reads of a failure that ends a command. */
export const of = (failure: { readonly message: string }): string =>
  // A ConfigError's own message does not say which variable it is about; its text does.
  ConfigError.isConfigError(failure)
    ? Cause.prettyErrors(Cause.fail(failure))
        .map(({ message }) => message)
        .join("\n")
    : failure.message
