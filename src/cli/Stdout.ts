import * as Effect from "effect/Effect"

/** Writes text to the standard output when there is room for it; ends the command when nobody reads on. */
export const write = (text: string): Effect.Effect<void> =>
  Effect.async<void>((resume) => {
    process.stdout.once("error", ignore)
    process.stdout.write(text, (error) => {
      process.stdout.off("error", ignore)
      resume(error === null || error === undefined ? Effect.void : Effect.interrupt)
    })
  })

/** Writes lines, as {@link write}. */
export const print = (text: string): Effect.Effect<void> => write(`${text}\n`)

/** How wide a line may be: a terminal's width, or as long as it likes in a file or pipe. */
export const width = (): number => (process.stdout.isTTY ? process.stdout.columns : Infinity)

const ignore = () => {}
