import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import { reasonOf } from "../domain/failure/Failure.js"

/** The standard output does not take what is written to it: it is a file on a full disk. */
export class OutputRefused extends Data.TaggedError("OutputRefused")<{ readonly cause: unknown }> {
  override get message() {
    return `The output cannot be written: ${reasonOf(this.cause)}`
  }
}

/** Writes text to the standard output when there is room for it; ends the command without a word when nobody reads on. */
export const write = (text: string): Effect.Effect<void, OutputRefused> =>
  Effect.async((resume) => {
    // The stream tells of a failure once more after the callback has been told, and nobody listening ends the process.
    if (process.stdout.listenerCount("error", ignore) === 0) process.stdout.on("error", ignore)
    process.stdout.write(text, (cause) => resume(cause === null || cause === undefined ? Effect.void : refused(cause)))
  })

/** Writes lines, as {@link write}. */
export const print = (text: string): Effect.Effect<void, OutputRefused> => write(`${text}\n`)

/** How wide a line may be: a terminal's width, or as long as it likes in a file or pipe. */
export const width = (): number => (process.stdout.isTTY ? process.stdout.columns : Infinity)

const refused = (cause: Error): Effect.Effect<never, OutputRefused> =>
  "code" in cause && cause.code === "EPIPE" ? Effect.interrupt : new OutputRefused({ cause })

const ignore = () => {}
