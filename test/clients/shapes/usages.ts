import * as JsonObject from "../../../src/domain/json/JsonObject.js"
import { chunk, usageChunk } from "../../support/ScriptedUpstream.js"
import type { Shape } from "../Shape.js"
import { answers, done, stream, usage } from "../Shape.js"

const start = chunk({ role: "assistant", content: "" })
const hello = [start, chunk({ content: "Hel" }), chunk({ content: "lo" })]
const stop = chunk({}, "stop")
const counts = (prompt: number, completion: number): object => ({
  prompt_tokens: prompt,
  completion_tokens: completion,
  total_tokens: prompt + completion
})
const empty = chunk({}, null, { choices: [] })

const shape = (
  name: string,
  proves: ReadonlyArray<string>,
  events: ReadonlyArray<object>,
  counted = usage(3, 2)
): Shape => ({ name, proves, answer: stream(...events, done), expected: answers("Hello", { usage: counted }) })

/** Where the usage may hide. */
export const usages: ReadonlyArray<Shape> = [
  shape(
    "usage that grows in every chunk",
    ["5.13"],
    [...hello.map((one, at) => ({ ...one, usage: counts(3, at) })), { ...stop, usage: counts(3, 2) }, usageChunk(3, 2)]
  ),
  shape(
    "usage under x_groq with the finish, and once more",
    ["5.24"],
    [...hello, { ...stop, x_groq: { id: "req_1", usage: counts(3, 2) } }, usageChunk(3, 2)]
  ),
  shape("usage under x_groq only", ["5.24"], [...hello, { ...stop, x_groq: { id: "req_1", usage: counts(3, 2) } }]),
  shape(
    "usage in the first choice",
    ["5.37"],
    [...hello, chunk({}, null, { choices: [{ index: 0, delta: {}, finish_reason: "stop", usage: counts(3, 2) }] })]
  ),
  shape(
    "usage followed by an empty chunk",
    ["5.25", "2.5 usage chunk followed by any other chunk"],
    [...hello, stop, usageChunk(3, 2), empty]
  ),
  shape(
    "usage followed by a chunk that says usage: null",
    ["2.5 usage chunk followed by any other chunk"],
    [...hello, stop, usageChunk(3, 2), { ...empty, usage: null }]
  ),
  shape("usage before the finish", ["5.25"], [...hello, usageChunk(3, 2), stop]),
  shape("usage in the finish chunk", ["5.24"], [...hello, { ...stop, usage: counts(3, 2) }]),
  shape(
    "usage without a total",
    ["1.2 usage completed"],
    [...hello, stop, { ...empty, usage: { prompt_tokens: 3, completion_tokens: 2 } }]
  ),
  shape("usage twice", ["5.24"], [...hello, stop, usageChunk(3, 1), usageChunk(3, 2)]),
  shape("no usage although it was asked for", ["1.2 may be missing"], [...hello, stop], null),
  shape(
    "usage with details",
    ["1.2 usage details"],
    [
      ...hello,
      stop,
      {
        ...JsonObject.orEmpty(usageChunk(3, 2)),
        usage: { ...counts(3, 2), prompt_tokens_details: { cached_tokens: 1 }, completion_tokens_details: null }
      }
    ]
  )
]
