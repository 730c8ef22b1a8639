import { chunk, usageChunk } from "../../support/ScriptedUpstream.js"
import type { Shape } from "../Shape.js"
import { answers, done, frame, json, stream } from "../Shape.js"
import { counted, either, says, saysWritten, shape, start, tail, written } from "./pieces.js"

/** What stands where a text belongs, as it is written, and what a reader would see of it. */
const values: ReadonlyArray<readonly [written: string, read: string]> = [
  ["5", "5"],
  ["0", "0"],
  ["5.0", "5.0"],
  ["-0.50", "-0.50"],
  ["1e2", "1e2"],
  ["12345678901234567890", "12345678901234567890"],
  ["true", "true"],
  ["false", "false"],
  ['{"a":1}', '{"a":1}'],
  ['{"a":1.0,"b":[true,null]}', '{"a":1.0,"b":[true,null]}'],
  ['["4","2"]', "42"],
  ['["Hel",{"type":"text","text":"lo"}]', "Hello"],
  ['{"type":"text","text":"Hello"}', "Hello"]
]

const piece = (text: unknown, finish: string | null = null): object => ({
  id: "cmpl-1",
  object: "text_completion",
  created: 1_700_000_000,
  model: "test-model",
  choices: [{ index: 0, text, logprobs: null, finish_reason: finish }]
})
const counts = { prompt_tokens: 3, completion_tokens: 2, total_tokens: 5 }

const old = (place: string, text: string): Shape =>
  shape(
    `an old completion whose text is ${place}`,
    ["2.5 content", "1.4"],
    either(
      stream(frame(written(piece("@"), place)), piece("", "stop"), { ...piece(""), choices: [], usage: counts }, done),
      json(written({ ...piece("@", "stop"), usage: counts }, place))
    ),
    answers(text, counted),
    { kind: "completion" }
  )

/** Content, thoughts and refusals that are no text. */
export const contents: ReadonlyArray<Shape> = [
  ...values.map(([place, text]) =>
    shape(`content that is ${place}`, ["2.5 content"], saysWritten({ content: "@" }, place), answers(text, counted))
  ),
  ...values
    .filter(([place]) => !place.includes("type"))
    .map(([place, text]) =>
      shape(
        `a thought that is ${place}`,
        ["2.5 content"],
        saysWritten({ content: "Hello", reasoning_content: "@" }, place),
        answers("Hello", { ...counted, reasoning: text })
      )
    ),
  shape(
    "a thought under reasoning that is a list of texts",
    ["2.5 content"],
    says({ content: "Hello", reasoning: ["Hmm, ", "a greeting."] }),
    answers("Hello", { ...counted, reasoning: "Hmm, a greeting.", reasoningKey: "reasoning" })
  ),
  shape(
    "a thought in pieces, some of them numbers",
    ["2.5 content"],
    stream(
      start,
      chunk({ reasoning_content: "6 × 7 = " }),
      chunk({ reasoning_content: 42 }),
      chunk({ content: 42 }),
      ...tail
    ),
    answers("42", { ...counted, reasoning: "6 × 7 = 42" })
  ),
  shape(
    "an answer in pieces, some of them numbers",
    ["2.5 content"],
    stream(
      start,
      chunk({ content: "1 + 1 = " }),
      chunk({ content: 2 }),
      chunk({ content: ", " }),
      chunk({ content: true }),
      ...tail
    ),
    answers("1 + 1 = 2, true", counted)
  ),
  shape(
    "a refusal that is a list of texts",
    ["2.5 content"],
    says({ refusal: ["I ", "cannot."] }),
    answers("", { ...counted, refusal: "I cannot." })
  ),
  ...(["5", "5.0", "true", '{"a":1}', '["4","2"]'] as const).map((place) =>
    old(place, place === '["4","2"]' ? "42" : place)
  ),
  shape(
    "an answer that is a number alone",
    ["2.5 content", "§0.11"],
    stream(chunk({ role: "assistant", content: 42 }, "stop"), usageChunk(3, 2), done),
    answers("42", counted)
  )
]
