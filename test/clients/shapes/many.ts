import { chunk, completion, usageChunk } from "../../support/ScriptedUpstream.js"
import type { Shape } from "../Shape.js"
import { answers, calls, done, json, stream } from "../Shape.js"
import { counted, either, message, shape, start } from "./pieces.js"

const times = <A>(count: number, make: (at: number) => A): ReadonlyArray<A> =>
  Array.from({ length: count }, (_, at) => make(at))

const oneChoice = {
  "AI SDK": "reads one choice only, and mixes the texts of several",
  LangChain: "reads one choice only, and mixes the texts of several"
}

const usageOf = { prompt_tokens: 3, completion_tokens: 2, total_tokens: 5 }
const [first = "", ...others] = times(150, (at) => `choice ${at}`)
const [one = "", ...more] = times(200, (at) => `answer ${at}`)

const piece = (choices: ReadonlyArray<object>, rest: object = {}): object => ({
  id: "cmpl-1",
  object: "text_completion",
  created: 1_700_000_000,
  model: "test-model",
  choices,
  ...rest
})
const old = times(200, (index) => ({ index, text: `answer ${index}`, logprobs: null, finish_reason: "stop" }))

const call = (at: number, index: object = { index: at }): object => ({
  ...index,
  id: `call_${at}`,
  type: "function",
  function: { name: "get_weather", arguments: `{"city":${at}}` }
})
const made = times(150, (at) => ({ name: "get_weather", args: { city: at } }))

/** More than anybody thought of. */
export const many: ReadonlyArray<Shape> = [
  shape(
    "150 choices",
    ["2.5 no hidden limits"],
    either(
      stream(
        ...times(150, (index) =>
          chunk({}, null, {
            choices: [{ index, delta: { role: "assistant", content: `choice ${index}` }, finish_reason: null }]
          })
        ),
        ...times(150, (index) => chunk({}, null, { choices: [{ index, delta: {}, finish_reason: "stop" }] })),
        usageChunk(3, 2),
        done
      ),
      json(
        completion("", {
          choices: times(150, (index) => ({
            index,
            message: { role: "assistant", content: `choice ${index}` },
            finish_reason: "stop"
          }))
        })
      )
    ),
    answers(first, { ...counted, others }),
    // The helper of openai refuses more than 128 from anybody.
    { helper: false, unable: oneChoice }
  ),
  shape(
    "answers to 200 prompts",
    ["2.5 no hidden limits", "1.4"],
    either(
      stream(...old.map((choice) => piece([choice])), piece([], { usage: usageOf }), done),
      json(piece(old, { usage: usageOf }))
    ),
    answers(one, { ...counted, others: more }),
    { kind: "completion", unable: oneChoice }
  ),
  shape(
    "150 calls of tools",
    ["2.5 no hidden limits", "§0.5"],
    either(
      stream(
        start,
        ...times(150, (at) => chunk({ tool_calls: [call(at)] })),
        chunk({}, "tool_calls"),
        usageChunk(3, 2),
        done
      ),
      json(message({ content: null, tool_calls: times(150, (at) => call(at, {})) }, "tool_calls"))
    ),
    calls(made, counted),
    // The helper of openai refuses more than 128 from anybody.
    { helper: false }
  ),
  shape(
    "150 calls of tools in one delta",
    ["2.5 no hidden limits", "§0.5"],
    stream(start, chunk({ tool_calls: times(150, (at) => call(at)) }, "tool_calls"), usageChunk(3, 2), done),
    calls(made, counted),
    { helper: false }
  ),
  shape(
    "one event of 18 megabytes",
    ["2.5 no hidden limits", "§4"],
    stream(chunk({ role: "assistant", content: "x".repeat(18_000_000) }, "stop"), usageChunk(3, 2), done),
    answers("x".repeat(18_000_000), counted),
    { asked: ["whole"] }
  ),
  shape(
    "700 pieces of one word each",
    ["2.5 no hidden limits"],
    stream(start, ...times(700, (at) => chunk({ content: `${at} ` })), chunk({}, "stop"), usageChunk(3, 2), done),
    answers(times(700, (at) => `${at} `).join(""), counted)
  )
]
