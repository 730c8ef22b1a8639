import { chunk, usageChunk } from "../../support/ScriptedUpstream.js"
import type { Shape } from "../Shape.js"
import { answers, calls, done, json, stream } from "../Shape.js"
import { counted, either, message, shape as any, start, stop } from "./pieces.js"

const weather = { name: "get_weather", args: { city: "Paris" } }
const rome = { name: "get_weather", args: { city: "Rome" } }
const time = { name: "get_time", args: { zone: "CET" } }
const parisText = '{"city":"Paris"}'
const romeText = '{"city":"Rome"}'
const cetText = '{"zone":"CET"}'

/** A delta of these calls. */
const delta = (...list: ReadonlyArray<object>): object => chunk({ tool_calls: list })
const named = (at: object, name: string, args: unknown, more: object = {}): object =>
  delta({ ...at, ...more, function: { name, arguments: args } })
const goesOn = (at: object, args: unknown): object => delta({ ...at, function: { arguments: args } })
const call = (id: string): object => ({ id, type: "function" })
const zero = { index: 0 }

const shape = (
  name: string,
  deltas: ReadonlyArray<object>,
  toolCalls: Parameters<typeof calls>[0] = [weather],
  more: Parameters<typeof calls>[1] = {}
): Shape =>
  any(
    name,
    ["§0.5", "2.5 calls"],
    stream(start, ...deltas, chunk({}, "tool_calls"), usageChunk(3, 2), done),
    calls(toolCalls, { ...counted, ...more })
  )

/** How a careful reader puts calls together. */
export const assembly: ReadonlyArray<Shape> = [
  shape(
    "calls numbered 0 without ids, with different names",
    [named(zero, "get_weather", parisText), named(zero, "get_time", cetText)],
    [weather, time]
  ),
  shape(
    "calls numbered 0 without ids, in pieces, with different names",
    [
      named(zero, "get_weather", ""),
      goesOn(zero, '{"city":'),
      goesOn(zero, '"Paris"}'),
      named(zero, "get_time", ""),
      goesOn(zero, cetText)
    ],
    [weather, time]
  ),
  shape(
    "calls numbered 0 without ids, of one function",
    [named(zero, "get_weather", parisText), named(zero, "get_weather", romeText)],
    [weather, rome]
  ),
  shape(
    "calls without numbers and ids, of one function",
    [named({}, "get_weather", parisText), named({}, "get_weather", romeText)],
    [weather, rome]
  ),
  shape(
    "calls without numbers and ids, in one delta",
    [
      delta(
        { function: { name: "get_weather", arguments: parisText } },
        { function: { name: "get_weather", arguments: romeText } },
        { function: { name: "get_time", arguments: cetText } }
      )
    ],
    [weather, rome, time]
  ),
  shape(
    "calls without numbers and ids, in pieces",
    [
      named({}, "get_weather", '{"city":'),
      goesOn({}, '"Paris"}'),
      named({}, "get_time", '{"zone":'),
      goesOn({}, '"CET"}')
    ],
    [weather, time]
  ),
  shape(
    "numbers of calls as texts",
    [
      named({ index: "0" }, "get_weather", '{"city":', call("call_1")),
      goesOn({ index: "0" }, '"Paris"}'),
      named({ index: "1" }, "get_time", '{"zone":', call("call_2")),
      goesOn({ index: "1" }, '"CET"}')
    ],
    [weather, time]
  ),
  shape(
    "numbers of calls as texts, mixed",
    [
      named({ index: "0" }, "get_weather", "", call("call_1")),
      named({ index: "1" }, "get_time", "", call("call_2")),
      goesOn({ index: "0" }, parisText),
      goesOn({ index: "1" }, cetText)
    ],
    [weather, time]
  ),
  shape("a null for the number of a call", [
    named({ index: null }, "get_weather", '{"city":', call("call_1")),
    goesOn({ index: null }, '"Paris"}')
  ]),
  shape(
    "two calls whose pieces are mixed",
    [
      named(zero, "get_weather", '{"city":', call("call_1")),
      named({ index: 1 }, "get_time", '{"zone":', call("call_2")),
      goesOn(zero, '"Paris"}'),
      goesOn({ index: 1 }, '"CET"}')
    ],
    [weather, time]
  ),
  shape(
    "two calls told by their ids alone, mixed",
    [
      named({}, "get_weather", '{"city":', call("call_1")),
      named({}, "get_time", '{"zone":', call("call_2")),
      goesOn({ id: "call_1" }, '"Paris"}'),
      goesOn({ id: "call_2" }, '"CET"}')
    ],
    [weather, time]
  ),
  shape("the same id under another number", [
    named(zero, "get_weather", '{"city":', call("call_1")),
    named({ index: 1 }, "get_weather", '"Paris"}', call("call_1"))
  ]),
  shape(
    "the same id sent anew after another call",
    [
      named(zero, "get_weather", '{"city":', call("call_1")),
      named({ index: 1 }, "get_time", cetText, call("call_2")),
      named({ index: 2 }, "get_weather", '"Paris"}', call("call_1"))
    ],
    [weather, time]
  ),
  shape("{} in the place of the arguments, and then the arguments", [
    named(zero, "get_weather", "{}", call("call_1")),
    goesOn(zero, parisText)
  ]),
  shape("{} in the place of the arguments, and then their pieces", [
    named(zero, "get_weather", "{}", call("call_1")),
    goesOn(zero, '{"city":'),
    goesOn(zero, '"Paris"}')
  ]),
  shape("an empty object in the place of the arguments, and then their pieces", [
    named(zero, "get_weather", {}, call("call_1")),
    goesOn(zero, '{"city":'),
    goesOn(zero, '"Paris"}')
  ]),
  shape(
    "{} in the place of the arguments, and nothing more",
    [named(zero, "get_time", "{}", call("call_1"))],
    [{ name: "get_time", args: {} }]
  ),
  shape("all arguments once more at the end", [
    named(zero, "get_weather", "", call("call_1")),
    goesOn(zero, '{"city":'),
    goesOn(zero, '"Paris"}'),
    goesOn(zero, parisText)
  ]),
  shape("the whole call once more at the end", [
    named(zero, "get_weather", "", call("call_1")),
    goesOn(zero, '{"city":'),
    goesOn(zero, '"Paris"}'),
    named(zero, "get_weather", parisText, call("call_1"))
  ]),
  shape("all arguments once more at the end, with spaces", [
    named(zero, "get_weather", '{"city":', call("call_1")),
    goesOn(zero, '"Paris"}'),
    goesOn(zero, '{ "city": "Paris" }')
  ]),
  shape(
    "two calls, both once more at the end",
    [
      named(zero, "get_weather", parisText, call("call_1")),
      named({ index: 1 }, "get_time", cetText, call("call_2")),
      delta(
        { index: 0, ...call("call_1"), function: { name: "get_weather", arguments: parisText } },
        { index: 1, ...call("call_2"), function: { name: "get_time", arguments: cetText } }
      )
    ],
    [weather, time]
  ),
  shape("an empty call before the call", [
    delta({ index: 0, id: "", type: "function", function: { name: "", arguments: "" } }),
    named(zero, "get_weather", parisText, call("call_1"))
  ]),
  shape("an id that comes with the last piece", [
    named(zero, "get_weather", '{"city":', { type: "function" }),
    goesOn({ index: 0, id: "call_1" }, '"Paris"}')
  ]),
  shape("an object as arguments after an empty text", [
    named(zero, "get_weather", "", call("call_1")),
    goesOn(zero, { city: "Paris" })
  ]),
  shape("nulls in the pieces that say nothing", [
    named(zero, "get_weather", null, call("call_1")),
    goesOn(zero, '{"city":'),
    delta({ index: 0, id: null, type: null, function: null }),
    goesOn(zero, '"Paris"}')
  ]),
  any(
    "stop after the text, then a call, then tool_calls",
    ["5 after the finish", "§0.5"],
    stream(
      start,
      chunk({ content: "Let me look." }),
      stop,
      named(zero, "get_weather", parisText, call("call_1")),
      chunk({}, "tool_calls"),
      usageChunk(3, 2),
      done
    ),
    calls([weather], { ...counted, text: "Let me look." })
  ),
  any(
    "stop, and then a call",
    ["5 after the finish", "§0.5"],
    stream(
      start,
      chunk({ content: "Let me look." }, "stop"),
      named(zero, "get_weather", parisText, call("call_1")),
      usageChunk(3, 2),
      done
    ),
    calls([weather], { ...counted, text: "Let me look." })
  ),
  any(
    "tool_calls without a call",
    ["§0.5"],
    either(
      stream(start, chunk({ content: "Hello" }), chunk({}, "tool_calls"), usageChunk(3, 2), done),
      json(message({ content: "Hello" }, "tool_calls"))
    ),
    answers("Hello", { ...counted, finish: "tool_calls" })
  ),
  any(
    "a call that is cut by its length",
    ["§0.5"],
    stream(
      start,
      named(zero, "get_weather", '{"city":"Pa', call("call_1")),
      chunk({}, "length"),
      usageChunk(3, 2),
      done
    ),
    answers("", {
      ...counted,
      finish: "length",
      toolCalls: [{ name: "get_weather", args: { unreadable: '{"city":"Pa' } }]
    }),
    {
      helper: false,
      unable: {
        "AI SDK": "shows an error for arguments that are cut",
        LangChain: "mends arguments that are cut"
      }
    }
  ),
  any(
    "a whole answer with calls numbered by texts, and no ids",
    ["§0.5"],
    json(
      message(
        {
          content: "",
          tool_calls: [
            { index: "0", function: { name: "get_weather", arguments: parisText } },
            { index: "1", function: { name: "get_time", arguments: { zone: "CET" } } }
          ]
        },
        "stop"
      )
    ),
    calls([weather, time], counted)
  ),
  any(
    "a whole answer with two calls of one function, both numbered 0",
    ["§0.5"],
    json(
      message(
        {
          content: null,
          tool_calls: [
            { index: 0, id: "", type: "function", function: { name: "get_weather", arguments: parisText } },
            { index: 0, id: "", type: "function", function: { name: "get_weather", arguments: romeText } }
          ]
        },
        "tool_calls"
      )
    ),
    calls([weather, rome], counted)
  )
]
