import type { Call } from "../../support/ScriptedUpstream.js"
import { chunk, completion, usageChunk } from "../../support/ScriptedUpstream.js"
import type { Shape } from "../Shape.js"
import { answers, done, frame, json, late, stream, usage } from "../Shape.js"

export const start = chunk({ role: "assistant", content: "" })
export const hello: ReadonlyArray<object> = [start, chunk({ content: "Hel" }), chunk({ content: "lo" })]
export const stop = chunk({}, "stop")
export const tail: ReadonlyArray<object | string> = [stop, usageChunk(3, 2), done]
export const counted = { usage: usage(3, 2) }

/** The usual answer. */
export const usual = answers("Hello", counted)

export const shape = (
  name: string,
  proves: ReadonlyArray<string>,
  answer: Shape["answer"],
  expected: Shape["expected"] = usual,
  more: Partial<Shape> = {}
): Shape => ({ name, proves, answer, expected, ...more })

/** A stream where one is asked for, and a whole answer where not. */
export const either =
  (streamed: Shape["answer"], whole: Shape["answer"]) =>
  (call: Call): void =>
    (call.received.body["stream"] === true ? streamed : whole)(call)

/** A chunk whose only choice is this. */
export const choice = (more: object): object => chunk({}, null, { choices: [{ index: 0, ...more }] })

/** A whole answer with this message. */
export const message = (more: object, finish: unknown = "stop", choice: object = {}): object =>
  completion("", { choices: [{ index: 0, message: { role: "assistant", ...more }, finish_reason: finish, ...choice }] })

/** Says this as a message or, where a stream is asked for, in one delta. */
export const says = (said: object): Shape["answer"] =>
  either(stream(start, chunk(said), ...tail), json(message({ content: null, ...said })))

/** What JSON cannot be made of: a text, with this in the place of `"@"`. */
export const written = (value: object | string, place: string): string =>
  (typeof value === "string" ? value : JSON.stringify(value)).replaceAll('"@"', place)

/** The same as {@link says}, with the value of a field written by hand in the place of `"@"`. */
export const saysWritten = (said: object, place: string): Shape["answer"] =>
  either(
    stream(start, frame(written(chunk(said), place)), ...tail),
    json(written(message({ content: null, ...said }), place))
  )

/** The beginning of an answer, and then these events, so that they come after the commit. */
export const goesOnWith = (...events: ReadonlyArray<object | string>): Shape["answer"] =>
  late(hello, (call) => {
    call.write(events.map((event) => (typeof event === "string" ? event : frame(event))).join(""))
    call.end()
  })
