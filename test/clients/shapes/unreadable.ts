import { chunk, completion, usageChunk } from "../../support/ScriptedUpstream.js"
import type { Shape } from "../Shape.js"
import { answers, broke, calls, done, frame, invalid, json, late, stream } from "../Shape.js"
import { choice, counted, either, hello, shape, start, tail, goesOnWith, usual, written } from "./pieces.js"

const half = 'data: {"id":"chatcmpl-1","choices":[{"index":0,"delta":{"content":"not \n\n'
const weather = { name: "get_weather", args: { city: "Paris" } }
const called = (args: string, more: object = {}): object =>
  chunk({ tool_calls: [{ index: 0, ...more, function: { arguments: args } }] })

/** After the first content: the beginning and an error. */
const breaks = (name: string, ...events: ReadonlyArray<object | string>): Shape =>
  shape(
    name,
    ["2.4 what cannot be read", "§4"],
    goesOnWith(...events, chunk({ content: " there" }), ...tail),
    broke("Hello")
  )

/** A token whose probability is written in this way. */
const probable = (place: string): Shape =>
  shape(
    `a probability of ${place.replace("-", "minus ")}`,
    ["§4 numbers that are none"],
    either(
      stream(
        start,
        frame(
          written(
            choice({
              delta: { content: "Hello" },
              finish_reason: null,
              logprobs: { content: [{ token: "Hello", logprob: "@", bytes: null, top_logprobs: [] }] }
            }),
            place
          )
        ),
        ...tail
      ),
      json(
        written(
          completion("Hello", {
            choices: [
              {
                index: 0,
                message: { role: "assistant", content: "Hello" },
                finish_reason: "stop",
                logprobs: { content: [{ token: "Hello", logprob: "@", bytes: null, top_logprobs: [] }] }
              }
            ]
          }),
          place
        )
      )
    ),
    answers("Hello", { ...counted, logprobs: ["Hello"] })
  )

const skipped = (name: string, line: string): Shape =>
  shape(name, ["§4 what is not JSON"], stream(...hello.slice(0, 2), line, ...hello.slice(2), line, ...tail), usual)

/** Events and bodies that are no JSON, or not quite. */
export const unreadable: ReadonlyArray<Shape> = [
  shape(
    "an event in the middle that is cut off, and the rest as if nothing was",
    ["2.4 what cannot be read", "§4"],
    late([start, chunk({ content: "do " })], (call) => {
      call.write([half, frame(chunk({ content: "delete" })), frame(chunk({}, "stop")), done].join(""))
      call.end()
    }),
    broke("do ")
  ),
  breaks("two objects in one event", `data: ${JSON.stringify(hello[1])}${JSON.stringify(hello[2])}\n\n`),
  breaks("an event with a comma too many", 'data: {"choices":[{"index":0,"delta":{"content":"x"}},]}\n\n'),
  breaks("an event with quotation marks of another language", "data: {'choices': [{'delta': {'content': 'x'}}]}\n\n"),
  breaks("an event with None for null", 'data: {"choices":[{"delta":{"content":"x"},"finish_reason":None}]}\n\n'),
  breaks("an event that begins as a list and is cut off", 'data: [{"choices":[{"delta":{"content":"x"\n\n'),
  breaks("an event with a line end in a text", 'data: {"choices":[{"index":0,"delta":{"content":"a\nb"}}]}\n\n'),
  breaks("an event with a tab in a text", 'data: {"choices":[{"index":0,"delta":{"content":"a\tb"}}]}\n\n'),
  breaks("two events without a blank line between them", frame(hello[1] ?? "").trimEnd() + "\n"),
  breaks("an error that is cut off", 'data: {"error":{"message":"CUDA out of mem\n\n'),
  shape(
    "a piece of arguments that is cut off",
    ["2.4 what cannot be read", "§0.5"],
    late(
      [start, called('{"path":"/home/', { id: "call_1", type: "function", function: { name: "rm", arguments: "" } })],
      (call) => {
        call.write([half, frame(called('"}')), frame(chunk({}, "tool_calls")), done].join(""))
        call.end()
      }
    ),
    broke("")
  ),
  shape("the first event cut off", ["2.4 what cannot be read", "§0.11"], stream(half, ...hello, ...tail), invalid),
  shape(
    "the event of the role cut off",
    ["2.4 what cannot be read", "§0.11"],
    stream(start, half, ...hello, ...tail),
    invalid
  ),
  shape(
    "an old completion with an event that is cut off",
    ["2.4 what cannot be read", "1.4"],
    late(
      [{ id: "cmpl-1", object: "text_completion", choices: [{ index: 0, text: "do ", finish_reason: null }] }],
      (call) => {
        call.write('data: {"choices":[{"index":0,"text":"not \n\n')
        call.events({ choices: [{ index: 0, text: "delete", finish_reason: "stop" }] })
        call.write(done)
        call.end()
      }
    ),
    broke("do "),
    { kind: "completion" }
  ),
  shape(
    "a whole answer with more behind it",
    ["2.1 invalid JSON"],
    json(`${JSON.stringify(completion("Hello"))}}`),
    invalid
  ),
  shape(
    "a whole answer with a comma too many",
    ["2.1 invalid JSON"],
    json('{"choices":[{"message":{"content":"x"}},]}'),
    invalid
  ),
  skipped("words between the events", "data: ping\n\n"),
  skipped("a page between the events", "data: <p>wait</p>\n\n"),
  skipped("a time between the events", "data: 12:30:00\n\n"),
  skipped("the word undefined between the events", "data: undefined\n\n"),
  ...["-Infinity", "Infinity", "NaN"].map(probable),
  shape(
    "a speed that is infinite",
    ["§4 numbers that are none"],
    either(
      stream(...hello, frame(written({ ...chunk({}, "stop"), speed: "@" }, "Infinity")), usageChunk(3, 2), done),
      json(written(completion("Hello", { speed: "@" }), "Infinity"))
    )
  ),
  shape(
    "the words NaN and Infinity in a text",
    ["§4 numbers that are none"],
    stream(
      start,
      frame(written(chunk({ content: "NaN, -Infinity: " }), "")),
      frame(written(choice({ delta: { content: "[NaN]" }, x: "@" }), "NaN")),
      ...tail
    ),
    answers("NaN, -Infinity: [NaN]", counted)
  ),
  shape(
    "a character halved between two events",
    ["§4 split code points"],
    stream(
      start,
      frame(written(chunk({ content: "@" }), '"\\ud83d"')),
      frame(written(chunk({ content: "@" }), '"\\ude00"')),
      ...tail
    ),
    answers("😀", counted)
  ),
  shape(
    "arguments with a character halved between two events",
    ["§4 split code points", "§0.5"],
    stream(
      start,
      chunk({
        tool_calls: [{ index: 0, id: "call_1", type: "function", function: { name: "get_weather", arguments: "" } }]
      }),
      frame(written(called("@"), '"{\\"city\\":\\"Paris\\",\\"x\\":\\"\\ud83d"')),
      frame(written(called("@"), '"\\ude00\\"}"')),
      chunk({}, "tool_calls"),
      usageChunk(3, 2),
      done
    ),
    calls([{ ...weather, args: { city: "Paris", x: "😀" } }], counted)
  )
]
