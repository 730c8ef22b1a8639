import * as Cause from "effect/Cause"
import * as ConfigError from "effect/ConfigError"
import { ConfigInvalid } from "../domain/failure/Failure.js"
import * as Printable from "../domain/text/Printable.js"

/** What an operator reads of a failure that ends a command: a line, or one for each thing that is wrong. */
export const of = (failure: { readonly message: string }): string =>
  // A ConfigError's own message does not say which variable it is about; its text does.
  ConfigError.isConfigError(failure)
    ? Cause.prettyErrors(Cause.fail(failure))
        .map(({ message }) => Printable.brief(message))
        .join("\n")
    : failure instanceof ConfigInvalid
      ? failure.message // one printable line for each issue
      : Printable.brief(failure.message)
