import type { Call } from "../../support/ScriptedUpstream.js"
import { chunk } from "../../support/ScriptedUpstream.js"
import type { Shape } from "../Shape.js"
import { broke, done, errored, frame, late, refused } from "../Shape.js"

const begin = [chunk({ role: "assistant", content: "" }), chunk({ content: "Hel" }), chunk({ content: "lo" })]

const shape = (
  name: string,
  proves: ReadonlyArray<string>,
  expected: Shape["expected"],
  ...then: ReadonlyArray<object | string>
): Shape => ({
  name,
  proves,
  answer: late(begin, (call) => {
    call.write(then.map((piece) => (typeof piece === "string" ? piece : frame(piece))).join(""))
    call.end()
  }),
  expected
})

const cut = (name: string, proves: ReadonlyArray<string>, then: (call: Call) => void): Shape => ({
  name,
  proves,
  answer: late(begin, then),
  expected: broke("Hello")
})

const whole = (status: number, message: string, code: string | null) => ({ status, message, code })

/** Failures in the middle of an answer: the beginning and an error inside the stream for every client. */
export const endings: ReadonlyArray<Shape> = [
  shape(
    "an error event in the middle",
    ["2.4 error event"],
    errored("Hello", "quota is spent", "insufficient_quota", 400),
    {
      error: { message: "Your quota is spent.", type: "requests", param: null, code: "insufficient_quota", status: 400 }
    }
  ),
  shape(
    "event: error in the middle, nested",
    ["2.4 event: error nested"],
    errored("Hello", "Overloaded", "overloaded", 503),
    'event: error\ndata: {"error":{"message":"Overloaded","code":"overloaded"}}\n\n'
  ),
  shape(
    "event: error in the middle, flat",
    ["2.4 event: error flat"],
    errored("Hello", "Overloaded", "overloaded", 503),
    'event: error\ndata: {"message":"Overloaded","code":"overloaded"}\n\n'
  ),
  shape(
    "event: error in the middle with text that is no JSON",
    ["2.4 event: error flat"],
    errored("Hello", "Overloaded", null, 503),
    "event: error\ndata: Overloaded\n\n"
  ),
  shape("an error as text in the middle", ["2.4 string error"], errored("Hello", "Overloaded", null, 503), {
    error: "Overloaded"
  }),
  shape(
    "an error field in the middle, then [DONE]",
    ["5.19", "2.4 error: SSE field"],
    errored("Hello", "slot lost", "500", 500),
    'error: {"code":500,"message":"slot lost","type":"server_error"}\n\n',
    done
  ),
  shape(
    "an error field without a blank line at the end",
    ["5.19", "5.20"],
    errored("Hello", "slot lost", "500", 500),
    'error: {"code":500,"message":"slot lost","type":"server_error"}'
  ),
  shape(
    "an error with the finish reason error",
    ["5.3", "5.4", "2.4 error with finish_reason"],
    errored("Hello", "Provider disconnected", "502"),
    {
      ...chunk({ content: "" }, "error"),
      error: { code: 502, message: "Provider disconnected", metadata: { provider_name: "X" } }
    },
    done
  ),
  shape(
    "an error with no choices",
    ["5.3"],
    errored("Hello", "Provider disconnected", "server_error"),
    chunk({}, null, { choices: [], error: { code: "server_error", message: "Provider disconnected" } }),
    done
  ),
  shape(
    "the finish reason error alone",
    ["5.3", "5 finish_reason map"],
    errored("Hello", "The model provider"),
    chunk({}, "error"),
    done
  ),
  shape("an error as an event of its own kind", ["5.40"], errored("Hello", "Request failed during generation", null), {
    error: "Request failed during generation: Server error",
    error_type: "generation"
  }),
  shape("a flat error event in the middle", ["5.10", "5.49"], errored("Hello", "engine died", "500", 500), {
    object: "error",
    message: "engine died",
    type: "InternalServerError",
    param: null,
    code: 500
  }),
  shape("the end without a finish reason", ["5.22", "2.4 clean EOF"], broke("Hello"), ""),
  shape("[DONE] without a finish reason", ["5.22", "2.4 [DONE] without finish_reason"], broke("Hello"), done),
  shape(
    "usage and [DONE] without a finish reason",
    ["5.22"],
    broke("Hello"),
    { ...chunk({}), choices: [], usage: { prompt_tokens: 3, completion_tokens: 2, total_tokens: 5 } },
    done
  ),
  shape("only empty finish reasons, then [DONE]", ["5.16", "5.22"], broke("Hello"), chunk({ content: "" }, ""), done),
  shape("the end inside an event", ["2.4 EOF inside an event"], broke("Hello"), 'data: {"id":"chatcmpl-1","choi'),
  shape(
    "one of two choices without a finish",
    ["2.4 clean EOF"],
    broke("Hello"),
    chunk({}, null, { choices: [{ index: 1, delta: { content: "" }, finish_reason: null }] }),
    chunk({}, "stop")
  ),
  cut("a socket reset in the middle", ["2.4 socket reset"], (call) => call.destroy()),
  cut("a socket reset inside an event", ["2.4 socket reset", "2.4 EOF inside an event"], (call) =>
    call.response.write('data: {"id":"chatcmpl-1","choi', () => call.destroy())
  ),
  {
    name: "silence in the middle",
    proves: ["2.6 timeouts"],
    answer: late(begin, () => {}),
    expected: {
      _tag: "Broken",
      text: "Hello",
      error: { status: null, message: "fell silent", code: "upstream_stalled" },
      whole: whole(504, "did not answer in time", "upstream_timeout")
    },
    backend: "hasty",
    asked: ["stream"],
    direct: "never ends"
  },
  {
    name: "a tool call that is cut off",
    proves: ["2.4 clean EOF"],
    answer: late(
      [
        chunk({
          role: "assistant",
          content: null,
          tool_calls: [
            { index: 0, id: "call_1", type: "function", function: { name: "get_weather", arguments: '{"ci' } }
          ]
        })
      ],
      (call) => call.end()
    ),
    expected: broke("")
  },
  {
    name: "half a JSON body and a socket reset",
    proves: ["2.4 socket reset"],
    answer: (call) => {
      call.response.writeHead(200, { "content-type": "application/json" })
      call.response.write('{"id":"chatcmpl-1","choices":[', () => call.destroy())
    },
    expected: refused(502, "could not be reached or sent no valid answer", "upstream_unavailable")
  }
]
