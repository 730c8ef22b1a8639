import { chunk, completion, usageChunk } from "../../support/ScriptedUpstream.js"
import type { Shape } from "../Shape.js"
import { answers, done, errored, rejected, json, late, refused, stream } from "../Shape.js"
import { choice, counted, either, hello, message, shape, start, tail, goesOnWith, usual } from "./pieces.js"

/** After the text, as a word or as anything else. */
const ends = (reason: unknown): Shape["answer"] =>
  either(
    stream(...hello, choice({ delta: {}, finish_reason: reason }), usageChunk(3, 2), done),
    json(message({ content: "Hello" }, reason))
  )

const means = (family: string, finish: string, words: ReadonlyArray<string>): ReadonlyArray<Shape> =>
  words.map((word) =>
    shape(`${family}, in the word ${word}`, ["5 finish reasons"], ends(word), answers("Hello", { ...counted, finish }))
  )

const broken = [
  "network_error",
  "insufficient_system_resource",
  "abort",
  "aborted",
  "ERROR",
  "Network-Error",
  "MALFORMED_FUNCTION_CALL",
  "UNEXPECTED_TOOL_CALL",
  "cancelled",
  "failed",
  "internal_error",
  "server_error"
]

const unknown = ["OTHER", "LANGUAGE", "tuesday"]

/** What backends say at the end, by its meaning. */
export const finishes: ReadonlyArray<Shape> = [
  ...broken.map((word) =>
    shape(
      `an answer broken off, in the word ${word}`,
      ["5 finish reasons", "2.4 finish_reason"],
      either(goesOnWith(chunk({}, word), usageChunk(3, 2), done), json(message({ content: "Hello" }, word))),
      errored("Hello", "The model provider")
    )
  ),
  shape(
    "an answer broken off, in the word timeout",
    ["5 finish reasons", "2.4 finish_reason"],
    goesOnWith(chunk({}, "timeout"), usageChunk(3, 2), done),
    errored("Hello", "The model provider"),
    { asked: ["stream"] }
  ),
  ...["network_error", "MALFORMED_FUNCTION_CALL"].map((word) =>
    shape(
      `an answer broken off before its content, in the word ${word}`,
      ["5 finish reasons", "§0.11"],
      either(stream(start, chunk({}, word), usageChunk(3, 2), done), json(message({ content: null }, word))),
      rejected(502, "The model provider broke the answer off")
    )
  ),
  shape(
    "an answer broken off in the chunk of its last text",
    ["5 finish reasons", "2.4 finish_reason"],
    late(hello.slice(0, 2), (call) => {
      call.events(chunk({ content: "lo" }, "network_error"))
      call.write(done)
      call.end()
    }),
    errored("Hello", "The model provider")
  ),
  ...means("an answer that was cut", "length", [
    "model_context_window_exceeded",
    "max_output_tokens",
    "MAX_LENGTH",
    "max_completion_tokens",
    "context_length_exceeded",
    "token_limit",
    "length_limit",
    "max-tokens",
    "maxTokens"
  ]),
  ...means("an answer that was filtered", "content_filter", [
    "PROHIBITED_CONTENT",
    "SPII",
    "BLOCKLIST",
    "IMAGE_SAFETY",
    "content_filter: self_harm",
    "content_filtered",
    "Content-Filter"
  ]),
  ...unknown.map((word) =>
    shape(
      `an end in the word ${word}, which nobody knows`,
      ["5 finish reasons"],
      ends(word),
      answers("Hello", { ...counted, extras: { "choice.native_finish_reason": word } })
    )
  ),
  shape("an end that is an object with a type", ["5 finish reasons"], ends({ type: "stop" })),
  shape(
    "an end that is an object with a reason",
    ["5 finish reasons"],
    ends({ reason: "max_tokens" }),
    answers("Hello", { ...counted, finish: "length" })
  ),
  shape(
    "an end that is an object with a type and more",
    ["5 finish reasons"],
    ends({ type: "length", length: 2 }),
    answers("Hello", { ...counted, finish: "length" })
  ),
  shape(
    "the backend's own word beside the finish",
    ["5 finish reasons"],
    either(
      stream(
        ...hello,
        choice({ delta: {}, finish_reason: "stop", native_finish_reason: "STOP" }),
        usageChunk(3, 2),
        done
      ),
      json(message({ content: "Hello" }, "stop", { native_finish_reason: "STOP" }))
    ),
    answers("Hello", { ...counted, extras: { "choice.native_finish_reason": "STOP" } })
  ),
  shape(
    "an error in the choice, after its text",
    ["2.4 an error in a choice"],
    goesOnWith(choice({ delta: {}, finish_reason: null, error: { code: 502, message: "Upstream died" } }), done),
    errored("Hello", "Upstream died", "502")
  ),
  shape(
    "an error in the choice, with the finish reason error",
    ["2.4 an error in a choice"],
    goesOnWith(
      choice({ delta: { content: "" }, finish_reason: "error", error: { code: 502, message: "Upstream died" } }),
      done
    ),
    errored("Hello", "Upstream died", "502")
  ),
  shape(
    "an error in the choice, before any text",
    ["2.4 an error in a choice", "§0.11"],
    either(
      stream(start, choice({ delta: {}, finish_reason: "error", error: { code: 429, message: "Slow down" } }), done),
      json(
        completion("", {
          choices: [
            {
              index: 0,
              message: { role: "assistant", content: "" },
              finish_reason: "error",
              error: { code: 429, message: "Slow down" }
            }
          ]
        })
      )
    ),
    refused(429, "Slow down", "429")
  ),
  shape(
    "an error in the choice of a whole answer, with half a text",
    ["2.4 an error in a choice"],
    json(message({ content: "Hel" }, "error", { error: { code: 400, message: "Bad words" } })),
    refused(400, "Bad words", "400")
  ),
  shape(
    "error: null in the choice",
    ["§0.6"],
    either(
      stream(
        ...hello.map((each) => ({ ...each })),
        choice({ delta: {}, finish_reason: "stop", error: null }),
        usageChunk(3, 2),
        done
      ),
      json(message({ content: "Hello" }, "stop", { error: null }))
    ),
    usual
  ),
  shape(
    "stop, more text, and length at last",
    ["5 after the finish"],
    stream(start, chunk({ content: "Hel" }, "stop"), chunk({ content: "lo" }, "length"), usageChunk(3, 2), done),
    answers("Hello", { ...counted, finish: "length" })
  ),
  shape(
    "an old completion broken off",
    ["5 finish reasons", "1.4"],
    late(
      [{ id: "cmpl-1", object: "text_completion", choices: [{ index: 0, text: "Hello", finish_reason: null }] }],
      (call) => {
        call.events({
          id: "cmpl-1",
          object: "text_completion",
          choices: [{ index: 0, text: "", finish_reason: "abort" }]
        })
        call.write(done)
        call.end()
      }
    ),
    errored("Hello", "The model provider"),
    { kind: "completion" }
  ),
  shape(
    "an old completion that was filtered",
    ["5 finish reasons", "1.4"],
    json({ id: "cmpl-1", object: "text_completion", choices: [{ index: 0, text: "Hello", finish_reason: "SAFETY" }] }),
    answers("Hello", { finish: "content_filter" }),
    { kind: "completion", asked: ["whole"] }
  ),
  shape(
    "an end in capitals under its other name",
    ["5 finish reasons"],
    stream(...hello, choice({ delta: {}, finishReason: "MAX_TOKENS" }), ...tail.slice(1)),
    answers("Hello", { ...counted, finish: "length" })
  )
]
