import type { Shape } from "../Shape.js"
import { answers, broke, done, errored, rejected, json, late, stream, usage } from "../Shape.js"

const piece = (text: string | null, finish: string | null = null, more: object = {}): object => ({
  id: "cmpl-1",
  object: "text_completion",
  created: 1_700_000_000,
  model: "test-model",
  choices: [{ index: 0, text, logprobs: null, finish_reason: finish }],
  ...more
})
const counts = { prompt_tokens: 3, completion_tokens: 2, total_tokens: 5 }
const counted = { usage: usage(3, 2) }
const last = piece("", null, { choices: [], usage: counts })

const shape = (
  name: string,
  proves: ReadonlyArray<string>,
  answer: Shape["answer"],
  expected: Shape["expected"] = answers("Hello", counted),
  more: Partial<Shape> = {}
): Shape => ({ kind: "completion", name, proves, answer, expected, ...more })

/** The old completions. */
export const completions: ReadonlyArray<Shape> = [
  shape("an old completion, well-formed", ["1.4"], stream(piece("Hel"), piece("lo"), piece("", "stop"), last, done)),
  shape(
    "an old completion, whole",
    ["1.4", "2.1 JSON where SSE was asked"],
    json(piece("Hello", "stop", { usage: counts }))
  ),
  shape("an old completion without [DONE]", ["5.21"], stream(piece("Hel"), piece("lo", "stop"), last)),
  shape(
    "an old completion with empty finish reasons and comments",
    ["5.16", "5.1"],
    stream(": ping\n\n", piece("Hel", ""), piece("lo", ""), piece("", "eos"), last, done)
  ),
  shape(
    "an old completion with a null text",
    ["1.4"],
    stream(piece(null), piece("Hello"), piece(null, "stop"), last, done)
  ),
  shape(
    "an old completion with usage in every chunk",
    ["5.13"],
    stream(
      piece("Hel", null, { usage: { ...counts, completion_tokens: 1 } }),
      piece("lo", "stop", { usage: counts }),
      done
    )
  ),
  shape(
    "an old completion cut by its length",
    ["5 finish_reason map"],
    stream(piece("Hello", "MAX_TOKENS"), last, done),
    answers("Hello", { ...counted, finish: "length" })
  ),
  shape(
    "an old completion with empty names",
    ["5.5", "2.5 id empty/missing"],
    stream(
      piece("Hel", null, { id: "", object: "", model: "", created: 0 }),
      piece("lo", "stop", { id: "" }),
      last,
      done
    )
  ),
  shape(
    "an old completion that ends without a finish",
    ["5.22", "2.4 clean EOF"],
    late([piece("Hel")], (call) => call.end()),
    broke("Hel")
  ),
  shape(
    "an old completion with an error in the middle",
    ["2.4 error event"],
    late([piece("Hel")], (call) => {
      call.events({ error: { message: "Overloaded", code: "overloaded" } })
      call.end()
    }),
    errored("Hel", "Overloaded", "overloaded")
  ),
  shape(
    "an old completion refused inside a 200",
    ["5.41"],
    json({ error: "Unexpected endpoint" }),
    rejected(502, "Unexpected endpoint")
  )
]
