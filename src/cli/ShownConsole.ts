import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Printable from "../domain/text/Printable.js"

/**
 * Runs what prints by the console, as the reader of the arguments does with those that it does not understand: colours
 * and ends of lines go through, everything else that a terminal acts upon is shown.
 */
export const run = <A, E, R>(program: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Console.consoleWith((console) =>
    Effect.withConsole(program, {
      ...console,
      log: (...args) => console.log(...args.map(shown)),
      error: (...args) => console.error(...args.map(shown))
    })
  )

const shown = (value: unknown): unknown =>
  typeof value === "string" ? value.split(colour).map(betweenColours).join("") : value

// Of what is split, every second part is a colour.
const betweenColours = (part: string, n: number): string => (n % 2 === 0 ? Printable.lines(part) : part)

const colour = /(\u001b\[[\d;]*m)/
