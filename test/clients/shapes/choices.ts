import { chunk, usageChunk } from "../../support/ScriptedUpstream.js"
import type { Shape } from "../Shape.js"
import { answers, done, stream, usage } from "../Shape.js"

const start = chunk({ role: "assistant", content: "" })
const hello = [start, chunk({ content: "Hel" }), chunk({ content: "lo" })]
const stop = chunk({}, "stop")
const tail = [stop, usageChunk(3, 2), done]
const counted = { usage: usage(3, 2) }

const choice = (more: object): object => chunk({}, null, { choices: [{ index: 0, ...more }] })
const second = (delta: object, finish: string | null = null): object =>
  chunk({}, null, { choices: [{ index: 1, delta, finish_reason: finish }] })

const shape = (
  name: string,
  proves: ReadonlyArray<string>,
  events: ReadonlyArray<object | string>,
  expected: Shape["expected"] = answers("Hello", counted),
  more: Partial<Shape> = {}
): Shape => ({ name, proves, answer: stream(...events), expected, ...more })

const oneChoice = {
  "AI SDK": "reads one choice only, and mixes the texts of several",
  LangChain: "reads one choice only, and mixes the texts of several"
}

const reasons: ReadonlyArray<readonly [legal: string, ...said: ReadonlyArray<string>]> = [
  ["stop", "eos", "end_turn", "stop_sequence", "complete", "STOP"],
  ["length", "length", "max_tokens", "MAX_TOKENS", "model_length"],
  ["content_filter", "content_filter", "safety", "SAFETY", "RECITATION", "guardrail_intervened", "refusal", "sensitive"]
]

const finishes = reasons.flatMap(([finish, ...said]) =>
  said.map((reason) =>
    shape(
      `the finish reason ${reason}`,
      reason === "end_turn" || reason === "stop_sequence" ? ["5.42", "5 finish_reason map"] : ["5 finish_reason map"],
      [...hello, chunk({}, reason), usageChunk(3, 2), done],
      answers("Hello", { ...counted, finish })
    )
  )
)

/** What may stand in a choice, apart from tools. */
export const choices: ReadonlyArray<Shape> = [
  ...finishes,
  shape(
    "an empty finish reason in every chunk",
    ["5.16"],
    [chunk({ role: "assistant", content: "Hel" }, ""), chunk({ content: "lo" }, ""), ...tail]
  ),
  shape(
    "nulls for role and tool calls, an empty finish reason and matched_stop",
    ["5.15"],
    [
      chunk({ role: "assistant", content: "Hel", tool_calls: null, reasoning_content: null }, ""),
      chunk({ role: null, content: "lo", tool_calls: null }, "", { usage: null }),
      choice({ delta: { role: null, content: null, tool_calls: null }, finish_reason: "stop", matched_stop: 2 }),
      usageChunk(3, 2),
      done
    ]
  ),
  shape(
    "finish reasons left out until the end",
    ["5.42", "§0.4"],
    [choice({ delta: { role: "assistant", content: "Hel" } }), choice({ delta: { content: "lo" } }), ...tail]
  ),
  shape(
    "the finish in the chunk of the last content",
    ["5.12"],
    [chunk({ role: "assistant", content: "Hel" }), chunk({ content: "lo" }, "stop"), usageChunk(3, 2), done]
  ),
  shape(
    "a first chunk whose content is null",
    ["5.20"],
    [chunk({ role: "assistant", content: null }), ...hello.slice(1), ...tail]
  ),
  shape("the finish reason twice", ["2.5 finish_reason twice"], [...hello, stop, stop, usageChunk(3, 2), done]),
  shape(
    "a null delta with the finish",
    ["5.6", "§0.4"],
    [...hello, choice({ delta: null, finish_reason: "stop" }), ...tail.slice(1)]
  ),
  shape("no delta with the finish", ["5.6", "§0.4"], [...hello, choice({ finish_reason: "stop" }), ...tail.slice(1)]),
  shape(
    "no index",
    ["§0.4"],
    [
      chunk({}, null, { choices: [{ delta: { role: "assistant", content: "Hello" }, finish_reason: null }] }),
      chunk({}, null, { choices: [{ delta: {}, finish_reason: "stop" }] }),
      ...tail.slice(1)
    ]
  ),
  shape(
    "the role in every delta",
    ["2.5 role in every delta"],
    [
      chunk({ role: "assistant", content: "Hel" }),
      chunk({ role: "assistant", content: "lo" }),
      chunk({ role: "assistant" }, "stop"),
      ...tail.slice(1)
    ]
  ),
  shape(
    "an empty role",
    ["5.38", "2.5 role"],
    [chunk({ role: "", content: "Hel" }), chunk({ role: "", content: "lo" }), ...tail]
  ),
  shape(
    "the role model",
    ["2.5 role"],
    [chunk({ role: "model", content: "Hel" }), chunk({ role: "model", content: "lo" }), ...tail]
  ),
  shape("no role at all", ["2.5 role never sent"], [...hello.slice(1), ...tail]),
  shape("an answer with no text", ["§0.4"], [start, ...tail], answers("", counted)),
  shape(
    "content as a list of thinking and text",
    ["5.32", "2.5 content array"],
    [
      chunk({ role: "assistant", content: [{ type: "thinking", thinking: [{ type: "text", text: "Hmm, " }] }] }),
      chunk({ content: [{ type: "thinking", thinking: [{ type: "text", text: "a greeting." }] }] }),
      chunk({ content: [{ type: "text", text: "Hel" }] }),
      chunk({ content: "lo" }),
      ...tail
    ],
    answers("Hello", { ...counted, reasoning: "Hmm, a greeting." })
  ),
  ...(["reasoning_content", "reasoning"] as const).map((key) =>
    shape(
      `reasoning under ${key}`,
      ["5.11"],
      [start, chunk({ [key]: "Hmm, " }), chunk({ [key]: "a greeting." }), ...hello.slice(1), ...tail],
      answers("Hello", { ...counted, reasoning: "Hmm, a greeting.", reasoningKey: key })
    )
  ),
  shape(
    "a refusal",
    ["1.3 refusal"],
    [chunk({ role: "assistant", refusal: "I " }), chunk({ refusal: "cannot." }), ...tail],
    answers("", { ...counted, refusal: "I cannot." })
  ),
  shape(
    "log probabilities",
    ["1.3 logprobs"],
    [
      start,
      ...["Hel", "lo"].map((token) =>
        choice({ delta: { content: token }, finish_reason: null, logprobs: { content: [{ token, logprob: -0.1 }] } })
      ),
      ...tail
    ],
    answers("Hello", { ...counted, logprobs: ["Hel", "lo"] })
  ),
  shape(
    "two choices, mixed",
    ["1.3 choices by index"],
    [
      ...hello.slice(0, 2),
      second({ role: "assistant", content: "Bon" }),
      chunk({ content: "lo" }),
      second({ content: "jour" }),
      stop,
      second({}, "stop"),
      ...tail.slice(1)
    ],
    answers("Hello", { ...counted, others: ["Bonjour"] }),
    { unable: oneChoice }
  ),
  shape(
    "choice 1 before choice 0",
    ["2.5 choice 1 before choice 0"],
    [second({ role: "assistant", content: "Bonjour" }), ...hello, second({}, "stop"), ...tail],
    answers("Hello", { ...counted, others: ["Bonjour"] }),
    { unable: oneChoice }
  ),
  shape(
    "a whole message as the last frame, with the usage",
    ["5.38"],
    [
      chunk({ role: "assistant", content: "Hel" }, null, { usage: { total_tokens: 0 } }),
      chunk({ content: "lo" }, "stop"),
      {
        id: "chatcmpl-1",
        object: "chat.completion",
        created: 1_700_000_000,
        model: "test-model",
        choices: [{ index: 0, finish_reason: "stop", message: { role: "assistant", content: "Hello" } }],
        usage: { prompt_tokens: 3, completion_tokens: 2, total_tokens: 5 }
      },
      done
    ]
  ),
  shape(
    "a growing message and usage beside each delta",
    ["5.39"],
    [
      ...["Hel", "lo"].map((content, at) => ({
        ...choice({
          delta: { role: "assistant", content },
          message: { role: "assistant", content: "Hello".slice(0, 3 + 2 * at) },
          finish_reason: null
        }),
        usage: { prompt_tokens: 3, completion_tokens: at + 1, total_tokens: at + 4 },
        citations: ["https://example.com"],
        search_results: []
      })),
      {
        ...choice({
          delta: { role: "assistant", content: "" },
          message: { role: "assistant", content: "Hello" },
          finish_reason: "stop"
        }),
        usage: { prompt_tokens: 3, completion_tokens: 2, total_tokens: 5 }
      },
      done
    ]
  ),
  shape(
    "content that grows is not told from content that repeats",
    ["5.29"],
    [chunk({ role: "assistant", content: "ha" }), chunk({ content: "haha" }), ...tail],
    answers("hahaha", counted)
  ),
  shape(
    "content that grows, from a backend that is known to do so",
    ["5.29"],
    [
      chunk({ role: "assistant", content: "", reasoning_content: "Hm" }),
      chunk({ content: "", reasoning_content: "Hmm." }),
      chunk({ content: "Hel", reasoning_content: "Hmm." }),
      chunk({ content: "Hello", reasoning_content: "Hmm." }),
      chunk({ content: "Hello", reasoning_content: "Hmm." }, "stop"),
      usageChunk(3, 2),
      done
    ],
    answers("Hello", { ...counted, reasoning: "Hmm." }),
    { backend: "growing" }
  ),
  shape(
    "the finish reason with every delta",
    ["5 after the finish"],
    [
      chunk({ role: "assistant", content: "Hel" }, "stop"),
      chunk({ content: "l" }, "stop"),
      chunk({ content: "o" }, "stop"),
      usageChunk(3, 2),
      done
    ]
  ),
  shape(
    "text after the finish",
    ["5 after the finish"],
    [chunk({ role: "assistant", content: "Hel" }), stop, chunk({ content: "lo" }), usageChunk(3, 2), done]
  ),
  shape(
    "a spoken answer that ends without a finish reason",
    ["1.2 audio"],
    [
      chunk({ role: "assistant", audio: { id: "audio_1", transcript: "Hel" } }),
      chunk({ audio: { transcript: "lo", data: "AAAA" } }),
      chunk({ audio: { expires_at: 1_800_000_000 } }),
      usageChunk(3, 2),
      done
    ],
    answers("", { ...counted, transcript: "Hello" })
  ),
  shape(
    "text parts as content",
    ["2.5 content array"],
    [chunk({ role: "assistant", content: [{ type: "text", text: "Hello" }] }), ...tail]
  ),
  shape("usage that was not asked for", ["§0.7"], [...hello, ...tail], answers("Hello", counted), { usage: false })
]
