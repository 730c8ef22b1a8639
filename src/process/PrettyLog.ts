import { inspect } from "node:util"
import * as Cause from "effect/Cause"
import * as HashMap from "effect/HashMap"
import * as Inspectable from "effect/Inspectable"
import * as Logger from "effect/Logger"
import * as Printable from "../domain/text/Printable.js"

/**
 * The log for people, on stderr, with nothing from a caller or a backend in it that a terminal acts upon: a text is one
 * line, and what has lines of its own, such as a defect's stack, stands indented below the line that it belongs to.
 */
export const make = (): Logger.Logger<unknown, void> =>
  Logger.mapInputOptions(Logger.prettyLogger({ stderr: true }), (line) => {
    const parts = [line.message].flat()
    const [first] = parts
    const [title, rest] = typeof first === "string" ? [Printable.brief(first), parts.slice(1)] : ["", parts]
    const cause = Cause.isEmpty(line.cause) ? [] : [blockOf(Cause.pretty(line.cause, { renderErrorCause: true }))]
    return {
      ...line,
      message: [title, ...cause, ...rest.map(shown)],
      cause: Cause.empty,
      annotations: HashMap.fromIterable(
        [...line.annotations].map(([name, value]) => [Printable.brief(name), shown(value)] as const)
      )
    }
  })

// Numbers keep their colour.
const shown = (value: unknown): unknown => {
  if (typeof value === "string") return Printable.brief(value)
  return value === null || typeof value !== "object" ? value : blockOf(inspect(Inspectable.redact(value)))
}

const blockOf = (text: string): string =>
  text
    .split("\n")
    .map((line) => Printable.brief(line))
    .join("\n")
