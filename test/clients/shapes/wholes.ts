import * as zlib from "node:zlib"
import { completion } from "../../support/ScriptedUpstream.js"
import type { Shape } from "../Shape.js"
import { answers, json, raw, usage } from "../Shape.js"

const counted = { usage: usage(3, 2) }
const message = (more: object, finish: unknown = "stop", choice: object = {}): object =>
  completion("", { choices: [{ index: 0, message: { role: "assistant", ...more }, finish_reason: finish, ...choice }] })

const shape = (
  name: string,
  proves: ReadonlyArray<string>,
  answer: Shape["answer"],
  expected: Shape["expected"] = answers("Hello", counted),
  more: Partial<Shape> = {}
): Shape => ({ name, proves, answer, expected, ...more })

/** Answers that come whole, whether a stream was asked for or not. */
export const wholes: ReadonlyArray<Shape> = [
  shape(
    "a whole answer that is already true to the contract",
    ["§0", "2.1 JSON where SSE was asked"],
    json(completion("Hello"))
  ),
  shape("blank lines before the JSON", ["5.26"], json(`\n\n\n  ${JSON.stringify(completion("Hello"))}`)),
  shape("no refusal, no logprobs, no role", ["1.2 required"], json(message({ content: "Hello", role: undefined }))),
  shape("a whole answer without a finish reason", ["5.42", "§0.4"], json(message({ content: "Hello" }, undefined))),
  shape("a whole answer with an empty finish reason", ["5.16"], json(message({ content: "Hello" }, ""))),
  shape(
    "a whole answer that ended for max_tokens",
    ["5 finish_reason map"],
    json(message({ content: "Hello" }, "max_tokens")),
    answers("Hello", { ...counted, finish: "length" })
  ),
  shape(
    "a whole answer with thinking and text in a list",
    ["5.32", "2.5 content array"],
    json(
      message({
        content: [
          { type: "thinking", thinking: [{ type: "text", text: "Hmm." }] },
          { type: "text", text: "Hello" }
        ]
      })
    ),
    answers("Hello", { ...counted, reasoning: "Hmm." })
  ),
  ...(["reasoning_content", "reasoning"] as const).map((key) =>
    shape(
      `a whole answer with ${key}`,
      ["5.11"],
      json(message({ content: "Hello", [key]: "Hmm." })),
      answers("Hello", { ...counted, reasoning: "Hmm.", reasoningKey: key })
    )
  ),
  shape(
    "a whole answer without usage",
    ["1.2 usage"],
    json({ ...completion("Hello"), usage: undefined }),
    answers("Hello")
  ),
  shape(
    "a whole answer with half the usage",
    ["1.2 usage completed"],
    json(completion("Hello", { usage: { prompt_tokens: 3, completion_tokens: 2 } }))
  ),
  shape(
    "a whole answer with the usage in its choice",
    ["5.37"],
    json({
      ...message({ content: "Hello" }, "stop", {
        usage: { prompt_tokens: 3, completion_tokens: 2, total_tokens: 5 }
      }),
      usage: undefined
    })
  ),
  shape(
    "a whole answer with empty names and error: null",
    ["5.5", "2.4 error: null"],
    json(completion("Hello", { id: "", object: "", created: 0, model: "", error: null }))
  ),
  shape(
    "a whole answer of a search with citations",
    ["5.39"],
    json(completion("Hello", { citations: ["https://example.com"], search_results: [] }))
  ),
  shape(
    "a whole answer compressed although it was not asked for",
    ["§3.3"],
    raw(
      200,
      { "content-type": "application/json", "content-encoding": "gzip" },
      zlib.gzipSync(JSON.stringify(completion("Hello")))
    )
  ),
  shape(
    "a whole answer under text/plain",
    ["2.1 Non-JSON content-type"],
    raw(200, { "content-type": "text/plain" }, JSON.stringify(completion("Hello"))),
    undefined,
    { asked: ["whole"] }
  ),
  shape(
    "a whole answer with an empty delta beside its message",
    ["5.39"],
    json(message({ content: "Hello" }, "stop", { delta: { role: "assistant", content: "" } }))
  ),
  shape(
    "a whole refusal",
    ["1.2 refusal"],
    json(message({ content: null, refusal: "I cannot." })),
    answers("", { ...counted, refusal: "I cannot." })
  )
]
