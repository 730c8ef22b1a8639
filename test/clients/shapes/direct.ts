import type { Shape } from "../Shape.js"
import { answers, calls, done, frame, json, late, rejected, refused, shapeOf as shape, stream } from "../Shape.js"
import { chunk } from "../../support/ScriptedUpstream.js"

const start = chunk({ role: "assistant", content: "" })
const hello = chunk({ content: "Hello" })
const stop = chunk({}, "stop")
const usage = { prompt_tokens: 3, completion_tokens: 2, total_tokens: 5 }
const counts = chunk({}, null, { choices: [], usage })

const filter = { content_filter_results: { hate: { filtered: false, severity: "safe" } } }
const filtered = chunk({}, null, { choices: [{ index: 0, delta: {}, finish_reason: null, ...filter }] })

const failing = (status: number, headers: Readonly<Record<string, string>> = {}) =>
  json({ error: { message: `It failed: ${status}.`, type: "server_error", code: "its_own" } }, status, headers)

const several = {
  "AI SDK": "it reads one choice",
  LangChain: "it reads one choice"
}

/** What no caller may have less of than with a direct line: classes of errors, finishes that come last, and their words. */
export const direct: ReadonlyArray<Shape> = [
  ...([500, 501, 503] as const).map((status) =>
    shape(
      `${status} in JSON`,
      ["2.2 its class stays"],
      failing(status),
      refused(status, `It failed: ${status}.`, "its_own")
    )
  ),
  shape("529 in JSON", ["2.2 its class stays"], failing(529), refused(503, "It failed: 529.", "its_own")),
  shape(
    "503 in JSON with a wait",
    ["2.3 retry-after"],
    failing(503, { "retry-after": "30" }),
    refused(503, "It failed: 503.", "its_own")
  ),
  ...([500, 503] as const).map((status) =>
    shape(
      `a ${status} as the first event`,
      ["2.2 its class stays"],
      stream({ error: { message: `It failed: ${status}.`, type: "server_error", code: "its_own", status } }),
      refused(status, `It failed: ${status}.`, "its_own")
    )
  ),
  shape(
    "a picture that the model does not take, as a 500",
    ["2.2 input that the model does not take"],
    json(
      { error: { code: 500, message: "image input is not supported - hint: use mmproj", type: "server_error" } },
      500
    ),
    rejected(400, "image input is not supported")
  ),
  shape(
    "filter results after the finish",
    ["§0.4 the finish is the last"],
    stream(start, hello, stop, filtered, counts, done),
    answers("Hello", {
      usage: { prompt: 3, completion: 2, total: 5 },
      extras: { "choice.content_filter_results": filter.content_filter_results }
    }),
    { asked: ["stream"] }
  ),
  shape(
    "one of two choices without a finish, and [DONE]",
    ["§0.8 the others stop"],
    stream(
      start,
      hello,
      chunk({}, null, { choices: [{ index: 1, delta: { role: "assistant", content: "two" }, finish_reason: null }] }),
      stop,
      done
    ),
    answers("Hello", { others: ["two"] }),
    { asked: ["stream"], usage: false, unable: several }
  ),
  shape(
    "stop with every delta of text and of a call",
    ["§0.4 the finish is the last"],
    stream(
      start,
      chunk(
        { tool_calls: [{ index: 0, id: "c", type: "function", function: { name: "f", arguments: '{"a":' } }] },
        "stop"
      ),
      chunk({ tool_calls: [{ index: 0, function: { arguments: "1}" } }] }, "stop"),
      done
    ),
    calls([{ name: "f", args: { a: 1 } }]),
    { asked: ["stream"], usage: false }
  ),
  shape(
    "a finish, and then half a second without an end",
    ["§0.4 held back for at most 250 ms"],
    late([start, hello, stop], (answer) => {
      setTimeout(() => {
        answer.write(frame(counts) + done)
        answer.end()
      }, 500)
    }),
    answers("Hello", { usage: { prompt: 3, completion: 2, total: 5 } }),
    { asked: ["stream"] }
  )
]
