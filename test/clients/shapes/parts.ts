import { chunk, usageChunk } from "../../support/ScriptedUpstream.js"
import type { Shape } from "../Shape.js"
import { answers, calls, done, json, stream } from "../Shape.js"
import { counted, either, message, says, shape, start, tail } from "./pieces.js"

const picture = (name: string): object => ({
  type: "image_url",
  image_url: { url: `data:image/png;base64,${Buffer.from(name).toString("base64")}` }
})
const text = (text: string): object => ({ type: "text", text })
const weather = { name: "get_weather", args: { city: "Paris" } }

/** Parts of a content, whole and streamed, and what they must become. */
const part = (name: string, content: ReadonlyArray<unknown>, expected: Shape["expected"]): Shape =>
  shape(name, ["2.5 content parts"], says({ content }), expected)

/** A list in two deltas, and the same in one message. */
const inTwo = (name: string, key: string, list: readonly [object, object], more: object = {}): Shape =>
  shape(
    name,
    ["1.3 lists"],
    either(
      stream(start, chunk({ content: "Hello", [key]: [list[0]] }), chunk({ [key]: [list[1]], ...more }), ...tail),
      json(message({ content: "Hello", [key]: list }))
    ),
    answers("Hello", { ...counted, extras: { [`message.${key}`]: list } })
  )

/** The same, but a stream whatever is asked for, so that the gateway puts it together. */
const putTogether = (name: string, key: string, list: readonly [object, object]): Shape =>
  shape(
    name,
    ["1.3 lists", "2.1 SSE where JSON was asked"],
    stream(start, chunk({ content: "Hello", [key]: [list[0]] }), chunk({ [key]: [list[1]] }), ...tail),
    answers("Hello", { ...counted, extras: { [`message.${key}`]: list } })
  )

const call = (more: object, inner: object): object => ({
  index: 0,
  id: "call_1",
  type: "function",
  ...more,
  function: { name: "get_weather", arguments: '{"city":"Paris"}', ...inner }
})
const keeps = (name: string, made: object, extras: Readonly<Record<string, unknown>>): Shape =>
  shape(
    name,
    ["§0.5 what a backend adds"],
    either(
      stream(start, chunk({ tool_calls: [made] }), chunk({}, "tool_calls"), usageChunk(3, 2), done),
      json(message({ content: null, tool_calls: [{ ...made, index: undefined }] }, "tool_calls"))
    ),
    calls([weather], { ...counted, extras })
  )

/** What may be in an answer besides its text. */
export const parts: ReadonlyArray<Shape> = [
  part(
    "a picture among the parts",
    [text("Hello"), picture("a")],
    answers("Hello", { ...counted, extras: { "message.images": [picture("a")] } })
  ),
  part(
    "two pictures among the parts, and text between",
    [picture("a"), text("Hello"), picture("b")],
    answers("Hello", { ...counted, extras: { "message.images": [picture("a"), picture("b")] } })
  ),
  part(
    "a picture of the type image",
    [text("Hello"), { type: "image", image: { data: "AAAA", mime_type: "image/png" } }],
    answers("Hello", {
      ...counted,
      extras: { "message.images": [{ type: "image", image: { data: "AAAA", mime_type: "image/png" } }] }
    })
  ),
  shape(
    "pictures in two deltas, as parts",
    ["2.5 content parts", "1.3 lists"],
    stream(
      start,
      chunk({ content: [picture("a")] }),
      chunk({ content: [text("Hello")] }),
      chunk({ content: [picture("b")] }),
      ...tail
    ),
    answers("Hello", { ...counted, extras: { "message.images": [picture("a"), picture("b")] } })
  ),
  part(
    "an answer that is a picture alone",
    [picture("a")],
    answers("", { ...counted, extras: { "message.images": [picture("a")] } })
  ),
  part(
    "a thought with a summary",
    [{ type: "reasoning", summary: [{ type: "summary_text", text: "Hmm." }] }, text("Hello")],
    answers("Hello", { ...counted, reasoning: "Hmm." })
  ),
  part(
    "a thought with a summary of two parts",
    [
      {
        type: "reasoning",
        summary: [
          { type: "summary_text", text: "Hmm, " },
          { type: "summary_text", text: "yes." }
        ]
      },
      text("Hello")
    ],
    answers("Hello", { ...counted, reasoning: "Hmm, yes." })
  ),
  part(
    "a thought of the type reasoning",
    [{ type: "reasoning", text: "Hmm." }, text("Hello")],
    answers("Hello", { ...counted, reasoning: "Hmm." })
  ),
  part(
    "a thought that is a text",
    [{ type: "thinking", thinking: "Hmm." }, text("Hello")],
    answers("Hello", { ...counted, reasoning: "Hmm." })
  ),
  part(
    "a thought that is a list of texts",
    [{ type: "thinking", thinking: ["Hmm, ", { type: "text", text: "yes." }] }, text("Hello")],
    answers("Hello", { ...counted, reasoning: "Hmm, yes." })
  ),
  part(
    "a refusal among the parts",
    [{ type: "refusal", refusal: "I cannot." }],
    answers("", { ...counted, refusal: "I cannot." })
  ),
  part(
    "references among the parts",
    [text("Hello"), { type: "reference", reference_ids: [1, 2] }],
    answers("Hello", { ...counted, extras: { "message.reference": [{ type: "reference", reference_ids: [1, 2] }] } })
  ),
  part(
    "a file among the parts",
    [text("Hello"), { type: "file", file: { file_id: "file_1", filename: "a.pdf" } }],
    answers("Hello", {
      ...counted,
      extras: { "message.file": [{ type: "file", file: { file_id: "file_1", filename: "a.pdf" } }] }
    })
  ),
  part(
    "parts of a kind that nobody knows",
    [text("Hello"), { type: "chart", points: [1, 2] }, { type: "chart", points: [3] }],
    answers("Hello", {
      ...counted,
      extras: {
        "message.chart": [
          { type: "chart", points: [1, 2] },
          { type: "chart", points: [3] }
        ]
      }
    })
  ),
  part(
    "text among the parts as output_text",
    [
      { type: "output_text", text: "Hel" },
      { type: "output_text", text: "lo" }
    ],
    answers("Hello", counted)
  ),
  part("a null among the parts", [null, text("Hello")], answers("Hello", counted)),
  inTwo("pictures beside the text", "images", [picture("a"), picture("b")]),
  inTwo("annotations in two deltas", "annotations", [
    { type: "url_citation", url_citation: { url: "https://example.com/a", title: "a", start_index: 0, end_index: 1 } },
    { type: "url_citation", url_citation: { url: "https://example.com/b", title: "b", start_index: 1, end_index: 2 } }
  ]),
  putTogether("pictures beside the text, put together", "images", [picture("a"), picture("b")]),
  putTogether("annotations, put together", "annotations", [
    { type: "url_citation", url_citation: { url: "https://example.com/a" } },
    { type: "url_citation", url_citation: { url: "https://example.com/b" } }
  ]),
  putTogether("details of thoughts, put together", "reasoning_details", [
    { type: "reasoning.encrypted", data: "AAAA", id: "rs_1", index: 0 },
    { type: "reasoning.encrypted", data: "BBBB", id: "rs_2", index: 1 }
  ]),
  keeps("a thought signature inside a function", call({}, { thought_signature: "c2ln" }), {
    "call.0.function.thought_signature": "c2ln"
  }),
  keeps("a thought signature beside a function", call({ thought_signature: "c2ln" }, {}), {
    "call.0.thought_signature": "c2ln"
  }),
  keeps("extra content beside a function", call({ extra_content: { google: { thought_signature: "c2ln" } } }, {}), {
    "call.0.extra_content": { google: { thought_signature: "c2ln" } }
  }),
  keeps("a description inside a function", call({}, { description: "Looks", strict: true }), {
    "call.0.function.description": "Looks",
    "call.0.function.strict": true
  }),
  shape(
    "a signature with the last piece of a call",
    ["§0.5 what a backend adds"],
    stream(
      start,
      chunk({
        tool_calls: [
          { index: 0, id: "call_1", type: "function", function: { name: "get_weather", arguments: '{"city":' } }
        ]
      }),
      chunk({ tool_calls: [{ index: 0, function: { arguments: '"Paris"}', thought_signature: "c2ln" } }] }),
      chunk({}, "tool_calls"),
      usageChunk(3, 2),
      done
    ),
    calls([weather], { ...counted, extras: { "call.0.function.thought_signature": "c2ln" } })
  )
]
