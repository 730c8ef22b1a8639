import { chunk, usageChunk } from "../../support/ScriptedUpstream.js"
import type { Shape } from "../Shape.js"
import { calls, done, frame, json, stream } from "../Shape.js"
import { counted, either, message, shape, start, written } from "./pieces.js"

const call = (args: unknown): object => ({
  index: 0,
  id: "call_1",
  type: "function",
  function: { name: "get_weather", arguments: args }
})

/** A call with a number of this spelling, as an object or as text, whole and streamed. */
const number = (digits: string, isText: boolean): Shape => {
  const args = isText ? JSON.stringify(`{"city":${digits}}`) : `{"city":${digits}}`
  return shape(
    `${digits} in arguments that are ${isText ? "text" : "an object"}`,
    ["§0.5 numbers"],
    either(
      stream(
        start,
        frame(written(chunk({ tool_calls: [call("@")] }), args)),
        chunk({}, "tool_calls"),
        usageChunk(3, 2),
        done
      ),
      json(written(message({ content: null, tool_calls: [call("@")] }, "tool_calls"), args))
    ),
    calls([{ name: "get_weather", args: { city: Number(digits) } }], {
      ...counted,
      extras: { "call.0.digits": [digits] }
    })
  )
}

/** Numbers that `JSON.parse` does not keep. */
export const numbers: ReadonlyArray<Shape> = [
  "9223372036854775807",
  "9007199254740993",
  "1.0",
  "-0.50",
  "1e2",
  "0.12345678901234567890"
].flatMap((digits) => [number(digits, false), number(digits, true)])
