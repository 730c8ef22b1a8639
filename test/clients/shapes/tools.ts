import { chunk, completion, usageChunk } from "../../support/ScriptedUpstream.js"
import type { Shape } from "../Shape.js"
import { answers, calls, done, json, stream, usage } from "../Shape.js"

const start = chunk({ role: "assistant", content: null })
const weather = { name: "get_weather", args: { city: "Paris" } }
const time = { name: "get_time", args: { zone: "CET" } }
const counted = { usage: usage(3, 2) }

const delta = (...list: ReadonlyArray<object>): object => chunk({ tool_calls: list })
const call = (index: number, id: string, name: string, args: unknown = ""): object => ({
  index,
  id,
  type: "function",
  function: { name, arguments: args }
})
const more = (index: number, args: string): object => ({ index, function: { arguments: args } })
const without = (value: object, ...keys: ReadonlyArray<string>): object =>
  Object.fromEntries(Object.entries(value).filter(([key]) => !keys.includes(key)))

const shape = (
  name: string,
  proves: ReadonlyArray<string>,
  deltas: ReadonlyArray<object>,
  expected: Shape["expected"] = calls([weather], counted),
  finish = "tool_calls"
): Shape => ({ name, proves, answer: stream(start, ...deltas, chunk({}, finish), usageChunk(3, 2), done), expected })

const both = calls([weather, time], counted)
const parisText = '{"city":"Paris"}'
const cetText = '{"zone":"CET"}'
const whole = (message: object, finish: string): object =>
  completion("", { choices: [{ index: 0, message, finish_reason: finish }] })

/** How calls of tools may come. */
export const tools: ReadonlyArray<Shape> = [
  shape(
    "two calls in pieces, well-formed",
    ["§0.5"],
    [
      delta(call(0, "call_1", "get_weather")),
      delta(more(0, '{"city":')),
      delta(more(0, '"Paris"}')),
      delta(call(1, "call_2", "get_time")),
      delta(more(1, cetText))
    ],
    both
  ),
  shape(
    "id and name repeated in continuations",
    ["2.5 tool id/name repeated"],
    [delta(call(0, "call_1", "get_weather", '{"city":')), delta(call(0, "call_1", "get_weather", '"Paris"}'))]
  ),
  shape(
    "null id, type and name in continuations",
    ["2.5 null type/name"],
    [
      delta(call(0, "call_1", "get_weather", '{"city":')),
      delta({ index: 0, id: null, type: null, function: { name: null, arguments: '"Paris"}' } })
    ]
  ),
  shape(
    "empty id, type and name in continuations",
    ["2.5 null type/name"],
    [
      delta(call(0, "call_1", "get_weather", '{"city":')),
      delta({ index: 0, id: "", type: "", function: { name: "", arguments: '"Paris"}' } })
    ]
  ),
  shape(
    "whole calls without an index",
    ["5.17", "2.5 missing index"],
    [
      delta(without(call(0, "call_1", "get_weather", parisText), "index")),
      delta(without(call(0, "call_2", "get_time", cetText), "index"))
    ],
    both
  ),
  shape(
    "calls without an index that go on without an id",
    ["5.34", "2.5 missing index"],
    [
      delta(without(call(0, "call_1", "get_weather", '{"city":'), "index")),
      delta({ function: { arguments: '"Paris"}' } })
    ]
  ),
  shape(
    "parallel calls that are all numbered 0",
    ["5.17", "2.5 two calls both index 0"],
    [delta(call(0, "call_1", "get_weather", parisText)), delta(call(0, "call_2", "get_time", cetText))],
    both
  ),
  shape(
    "parallel calls numbered 0 in one delta, and stop",
    ["5.17", "5.18"],
    [delta(call(0, "call_1", "get_weather", parisText), call(0, "call_2", "get_time", cetText))],
    both,
    "stop"
  ),
  shape(
    "calls numbered from 1",
    ["2.5 index starting at 1"],
    [
      delta(call(1, "call_1", "get_weather")),
      delta(more(1, parisText)),
      delta(call(2, "call_2", "get_time")),
      delta(more(2, cetText))
    ],
    both
  ),
  shape(
    "calls numbered with a hole",
    ["§0.5"],
    [delta(call(0, "call_1", "get_weather", parisText)), delta(call(5, "call_2", "get_time", cetText))],
    both
  ),
  shape(
    "no type",
    ["2.5 missing type"],
    [delta(without(call(0, "call_1", "get_weather"), "type")), delta(more(0, parisText))]
  ),
  shape(
    "continuations without a function",
    ["2.5 missing function"],
    [delta(call(0, "call_1", "get_weather", parisText)), delta({ index: 0 })]
  ),
  shape(
    "a call whose name comes after its id",
    ["5.40"],
    [
      delta({ index: 0, id: "call_1", type: "function" }),
      delta({ index: 0, function: { name: "get_weather" } }),
      delta(more(0, parisText))
    ]
  ),
  shape("no id", ["5.34"], [delta(without(call(0, "", "get_weather", parisText), "id"))]),
  shape(
    "arguments as an object, and stop",
    ["5.18", "2.5 arguments as object"],
    [delta(call(0, "call_1", "get_weather", { city: "Paris" }))],
    undefined,
    "stop"
  ),
  shape(
    "null arguments at first",
    ["§0.5"],
    [delta(call(0, "call_1", "get_weather", null)), delta(more(0, parisText))]
  ),
  shape(
    "a call without arguments",
    ["§0.5"],
    [delta(call(0, "call_1", "get_time"))],
    calls([{ name: "get_time", args: {} }], counted)
  ),
  shape(
    "two calls, the first without arguments",
    ["§0.5"],
    [delta(call(0, "call_1", "get_time")), delta(call(1, "call_2", "get_weather", parisText))],
    calls([{ name: "get_time", args: {} }, weather], counted)
  ),
  {
    name: "a whole answer with a call without arguments",
    proves: ["§0.5", "5.18"],
    answer: json(
      whole({ role: "assistant", content: null, tool_calls: [call(0, "call_1", "get_time", null)] }, "stop")
    ),
    expected: calls([{ name: "get_time", args: {} }], counted)
  },
  shape(
    "a thought signature, no index, and stop",
    ["5.34", "5.35"],
    [
      delta({
        ...without(call(0, "call_1", "get_weather", parisText), "index"),
        extra_content: { google: { thought_signature: "c2ln" } }
      })
    ],
    undefined,
    "stop"
  ),
  {
    name: "the finish under finishReason, after a call",
    proves: ["5.35"],
    answer: stream(
      start,
      delta(call(0, "call_1", "get_weather", parisText)),
      chunk({}, null, { choices: [{ index: 0, delta: {}, finishReason: "STOP" }] }),
      usageChunk(3, 2),
      done
    ),
    expected: calls([weather], counted)
  },
  shape(
    "the finish reason tool_use",
    ["5.42", "5 finish_reason map"],
    [delta(call(0, "call_1", "get_weather", parisText))],
    undefined,
    "tool_use"
  ),
  shape(
    "ids of another provider's form",
    ["5.33"],
    [
      delta(call(0, "functions.get_weather:0", "get_weather", parisText)),
      delta(call(1, "functions.get_time:1", "get_time", cetText))
    ],
    both
  ),
  {
    name: "one call instead of a list, and stop",
    proves: ["5.40"],
    answer: stream(
      start,
      chunk({ tool_calls: call(0, "", "get_weather", "") }),
      chunk({ tool_calls: { index: 0, id: "", type: "function", function: { name: null, arguments: parisText } } }),
      chunk({}, "stop"),
      usageChunk(3, 2),
      done
    ),
    expected: calls([weather], counted)
  },
  {
    name: "text before a call",
    proves: ["§0.5"],
    answer: stream(
      start,
      chunk({ content: "Let me look." }),
      delta(call(0, "call_1", "get_weather", parisText)),
      chunk({}, "tool_calls"),
      usageChunk(3, 2),
      done
    ),
    expected: calls([weather], { ...counted, text: "Let me look." })
  },
  {
    name: "an empty list of calls in every chunk",
    proves: ["5.15"],
    answer: stream(
      chunk({ role: "assistant", content: "Hel", tool_calls: [] }),
      chunk({ content: "lo", tool_calls: [] }),
      chunk({ tool_calls: [] }, "stop"),
      usageChunk(3, 2),
      done
    ),
    expected: answers("Hello", counted)
  },
  {
    name: "a call of the old kind, a function",
    proves: ["5 finish_reason map", "1.3 function_call"],
    answer: stream(
      chunk({ role: "assistant", content: null, function_call: { name: "get_weather", arguments: "" } }),
      chunk({ function_call: { arguments: parisText } }),
      chunk({}, "function_call"),
      usageChunk(3, 2),
      done
    ),
    expected: calls([weather], { ...counted, finish: "function_call" }),
    unable: { "AI SDK": "does not know functions, only tools" }
  },
  {
    name: "a call of a custom tool",
    proves: ["1.3 custom"],
    answer: stream(
      start,
      delta({ index: 0, id: "call_1", type: "custom", custom: { name: "run", input: "" } }),
      delta({ index: 0, custom: { input: "ls -l" } }),
      chunk({}, "tool_calls"),
      usageChunk(3, 2),
      done
    ),
    expected: calls([{ name: "run", args: "ls -l" }], counted),
    helper: false,
    unable: {
      "AI SDK": "does not know custom tools in chat completions",
      LangChain: "takes a custom tool for a function"
    }
  },
  {
    name: "a whole answer with arguments as an object, no type, and stop",
    proves: ["5.18", "5.35"],
    answer: json(
      whole(
        {
          role: "assistant",
          content: "",
          tool_calls: [{ id: "call_1", function: { name: "get_weather", arguments: { city: "Paris" } } }]
        },
        "stop"
      )
    ),
    expected: calls([weather], counted)
  },
  {
    name: "a whole answer with two calls",
    proves: ["§0.5", "2.1 JSON where SSE was asked"],
    answer: json(
      whole(
        {
          role: "assistant",
          content: null,
          tool_calls: [
            without(call(0, "call_1", "get_weather", parisText), "index"),
            without(call(0, "call_2", "get_time", cetText), "index")
          ]
        },
        "tool_calls"
      )
    ),
    expected: both
  }
]
