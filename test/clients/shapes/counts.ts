import { chunk, completion, usageChunk } from "../../support/ScriptedUpstream.js"
import type { Shape } from "../Shape.js"
import { answers, done, frame, json, stream, usage } from "../Shape.js"
import { choice, counted, either, hello, shape as any, start, stop, tail, usual, written } from "./pieces.js"

const empty = (more: object): object => chunk({}, null, { choices: [], ...more })
const counts = { prompt_tokens: 3, completion_tokens: 2, total_tokens: 5 }
const zeros = { prompt_tokens: 0, completion_tokens: 0, total_tokens: 0 }
const others = { input_tokens: 3, output_tokens: 2 }
const gemini = { promptTokenCount: 3, candidatesTokenCount: 2, totalTokenCount: 5 }
const llama = { prompt_n: 3, prompt_ms: 1.5, predicted_n: 2, predicted_ms: 20.25, predicted_per_second: 98.7 }

const shape = (
  name: string,
  events: ReadonlyArray<object | string>,
  expected: Shape["expected"] = usual,
  more: Partial<Shape> = {}
): Shape => any(name, ["1.2 usage", "§0.7"], stream(...events, done), expected, more)

/** In the last chunk of a stream, and in a whole answer. */
const says = (name: string, said: object): Shape =>
  any(
    name,
    ["1.2 usage"],
    either(stream(...hello, stop, empty(said), done), json(completion("Hello", { usage: undefined, ...said }))),
    usual
  )

const oneChoice = {
  "AI SDK": "reads one choice only, and mixes the texts of several",
  LangChain: "reads one choice only, and mixes the texts of several"
}

/** Token counts under other names and in other places, and what else stands around the choices. */
export const countings: ReadonlyArray<Shape> = [
  shape("zeros after the real counts", [...hello, stop, usageChunk(3, 2), empty({ usage: zeros })]),
  shape("real counts in the middle and zeros at the end", [
    ...hello.slice(0, 2),
    { ...chunk({ content: "lo" }), usage: counts },
    { ...stop, usage: zeros }
  ]),
  shape("an empty usage after the real counts", [...hello, stop, usageChunk(3, 2), empty({ usage: {} })]),
  shape("counts of the prompt first, of the answer last", [
    { ...start, usage: { prompt_tokens: 3 } },
    ...hello.slice(1),
    stop,
    empty({ usage: { completion_tokens: 2 } })
  ]),
  shape("counts of the prompt first, with a zero for the answer", [
    { ...start, usage: { prompt_tokens: 3, completion_tokens: 0, total_tokens: 3 } },
    ...hello.slice(1),
    stop,
    empty({ usage: { completion_tokens: 2 } })
  ]),
  shape("counts of the prompt in one chunk, and zeros for them later", [
    { ...start, usage: { prompt_tokens: 3, completion_tokens: 0, total_tokens: 3 } },
    ...hello.slice(1),
    stop,
    empty({ usage: { prompt_tokens: 0, completion_tokens: 2, total_tokens: 2 } })
  ]),
  says("usage in input_tokens and output_tokens", { usage: others }),
  says("usage in input_tokens and output_tokens, with a total", { usage: { ...others, total_tokens: 5 } }),
  says("usage under usageMetadata", { usageMetadata: gemini }),
  says("usage under usage in Gemini's words", { usage: gemini }),
  says("usage in the timings of llama.cpp", { timings: llama }),
  says("usage beside the timings of llama.cpp", { usage: counts, timings: { ...llama, prompt_n: 1 } }),
  any(
    "the timings of llama.cpp with the finish",
    ["1.2 usage"],
    stream(...hello, { ...stop, timings: llama }, done),
    usual
  ),
  any(
    "counts written with a fraction",
    ["1.2 usage"],
    either(
      stream(
        ...hello,
        stop,
        frame(written(empty({ usage: "@" }), '{"prompt_tokens":3.0,"completion_tokens":2.0,"total_tokens":5.0}')),
        done
      ),
      json(
        written(completion("Hello", { usage: "@" }), '{"prompt_tokens":3.0,"completion_tokens":2.0,"total_tokens":5.0}')
      )
    ),
    usual
  ),
  shape("usage with the finish that nobody asked for", [...hello, { ...stop, usage: counts }], usual, {
    usage: "unasked"
  }),
  shape(
    "usage in every chunk that nobody asked for",
    [
      ...hello.map((each, at) => ({ ...each, usage: { ...counts, completion_tokens: at, total_tokens: 3 + at } })),
      { ...stop, usage: counts }
    ],
    usual,
    { usage: "unasked", unable: { LangChain: "adds up the counts of all chunks" } }
  ),
  any(
    "no fingerprint",
    ["1.2 system_fingerprint"],
    either(
      stream(...[...hello, stop].map((each) => ({ ...each, system_fingerprint: null })), ...tail.slice(1)),
      json(completion("Hello", { system_fingerprint: null }))
    ),
    usual
  ),
  any(
    "a fingerprint in every chunk",
    ["1.2 system_fingerprint"],
    either(
      stream(...[...hello, stop].map((each) => ({ ...each, system_fingerprint: "fp_1" })), ...tail.slice(1)),
      json(completion("Hello", { system_fingerprint: "fp_1" }))
    ),
    answers("Hello", { ...counted, extras: { system_fingerprint: "fp_1" } })
  ),
  any(
    "a tier that OpenAI does not have",
    ["1.2 service_tier"],
    either(
      stream(...[...hello, stop].map((each) => ({ ...each, service_tier: "on_demand" })), ...tail.slice(1)),
      json(completion("Hello", { service_tier: "on_demand" }))
    ),
    answers("Hello", { ...counted, extras: { native_service_tier: "on_demand" } })
  ),
  any(
    "events of a name of their own between the pieces",
    ["§4 events of their own"],
    stream(
      start,
      'event: agent.progress\ndata: {"step":1,"label":"thinking"}\n\n',
      ...hello.slice(1),
      'event: agent.progress\ndata: {"step":2}\n\n',
      ...tail
    ),
    answers("Hello", { ...counted, extras: { step: undefined, label: undefined } })
  ),
  any(
    "an event of a name of its own before the answer",
    ["§4 events of their own"],
    stream('event: metadata\ndata: {"run":"run_1"}\n\n', ...hello, ...tail),
    answers("Hello", { ...counted, extras: { run: undefined } })
  ),
  any(
    "two choices in one chunk without numbers",
    ["0.4 choices by position"],
    either(
      stream(
        chunk({}, null, {
          choices: [{ delta: { role: "assistant", content: "Hel" } }, { delta: { role: "assistant", content: "Bon" } }]
        }),
        chunk({}, null, { choices: [{ delta: { content: "lo" } }, { delta: { content: "jour" } }] }),
        chunk({}, null, {
          choices: [
            { delta: {}, finish_reason: "stop" },
            { delta: {}, finish_reason: "stop" }
          ]
        }),
        usageChunk(3, 2),
        done
      ),
      json(
        completion("", {
          choices: ["Hello", "Bonjour"].map((content) => ({
            message: { role: "assistant", content },
            finish_reason: "stop"
          }))
        })
      )
    ),
    answers("Hello", { ...counted, others: ["Bonjour"] }),
    { unable: oneChoice }
  ),
  any(
    "fields that nobody knows, in chunks, choices and deltas",
    ["1.2 unknown fields"],
    either(
      stream(
        start,
        {
          ...choice({ delta: { content: "Hello", mood: "well" }, finish_reason: null, stop_sequence: "x" }),
          provider: "X"
        },
        ...tail
      ),
      json(
        completion("Hello", {
          provider: "X",
          choices: [
            {
              index: 0,
              message: { role: "assistant", content: "Hello", mood: "well" },
              finish_reason: "stop",
              stop_sequence: "x"
            }
          ]
        })
      )
    ),
    answers("Hello", { ...counted, extras: { provider: "X", "choice.stop_sequence": "x", "message.mood": "well" } })
  ),
  any(
    "a model's own cost beside the counts",
    ["1.2 usage"],
    stream(...hello, stop, empty({ usage: { ...counts, cost: 0.001 }, provider: "X" }), done),
    answers("Hello", { usage: usage(3, 2), extras: { provider: "X" } })
  )
]
