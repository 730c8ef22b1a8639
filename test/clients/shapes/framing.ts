import * as zlib from "node:zlib"
import { chunk, usageChunk } from "../../support/ScriptedUpstream.js"
import type { Shape } from "../Shape.js"
import { answers, done, frame, raw, stream, usage } from "../Shape.js"

const hello = [chunk({ role: "assistant", content: "" }), chunk({ content: "Hel" }), chunk({ content: "lo" })]
const end = [chunk({}, "stop"), usageChunk(3, 2)]
const whole = [...hello, ...end]
const text = [...whole.map(frame), done].join("")
const expected = answers("Hello", { usage: usage(3, 2) })
const events = { "content-type": "text/event-stream" }

const framed = (name: string, proves: ReadonlyArray<string>, answer: Shape["answer"]): Shape => ({
  name,
  proves,
  answer,
  expected
})

/** How the bytes of a good stream may be laid out. */
export const framing: ReadonlyArray<Shape> = [
  framed(
    "a stream that is already true to the contract",
    ["§0", "2.1 SSE where JSON was asked"],
    stream(...whole, done)
  ),
  framed("comments before the first token", ["5.1"], stream(": OPENROUTER PROCESSING\n\n".repeat(3), ...whole, done)),
  framed(
    "keep-alive comments while queued and between events",
    ["5.26"],
    stream(": keep-alive\n\n", ...hello, ": keep-alive\n\n", ...end, done)
  ),
  framed("a ping comment between all events", ["5.45"], stream(...whole.flatMap((each) => [": ping\n\n", each]), done)),
  framed("pings after id lines", ["5.46"], stream(...whole.flatMap((each) => ["id: 7\n", each, ": ping\n\n"]), done)),
  framed(
    "trailer comments after the finish and after [DONE]",
    ["5.46"],
    stream(...whole, ": x-cost: 0.1\n\n", done, ": x-request: 1\n\n")
  ),
  framed(
    "an empty JSON string as a ping before the first token",
    ["5.46"],
    stream('data: ""\n\n', ...hello, 'data: ""\n\n', ...end, done)
  ),
  framed(
    "contentless data frames",
    ["5.47", "5.20"],
    stream("data:\n\n", hello[0] ?? "", "data: \n\n", ...hello.slice(1), "data:\n\n", ...end, "data:\n\n", done)
  ),
  framed(
    "ping events with data",
    ["§4 event: ping"],
    stream('event: ping\ndata: {"type":"ping"}\n\n', ...hello, "event: ping\ndata: {}\n\n", ...end, done)
  ),
  framed(
    "no space after data: and the role in every delta",
    ["5.28", "2.5 role in every delta"],
    stream(
      `data:${JSON.stringify(chunk({ role: "assistant", content: "Hel" }))}\n\n`,
      `data:${JSON.stringify(chunk({ role: "assistant", content: "lo" }))}\n\n`,
      `data:${JSON.stringify(chunk({ role: "assistant", content: "" }, "stop"))}\n\n`,
      `data:${JSON.stringify(usageChunk(3, 2))}\n\n`,
      "data:[DONE]\n\n"
    )
  ),
  framed("lines that end in CRLF", ["§4 line ends"], stream(text.replaceAll("\n", "\r\n"))),
  framed("lines that end in CR", ["§4 line ends"], stream(text.replaceAll("\n", "\r"))),
  framed("a byte order mark", ["§4 BOM"], stream(`\uFEFF${text}`)),
  framed(
    "event, id and retry lines, some alone",
    ["§4 fields"],
    stream("retry: 3000\n\n", "id: 1\n\n", ...whole.map((each) => `event: message\nid: 2\n${frame(each)}`), done)
  ),
  framed("unknown fields and lines without a colon", ["§4 fields"], stream("x-field: 1\nnonsense\n\n", text)),
  framed(
    "one event over several data lines",
    ["§4 data lines"],
    stream(
      ...whole.map((each) => `data: ${JSON.stringify(each, null, 1).replaceAll("\n", "\ndata: ")}\n\n`),
      "data: [DONE]\n\n"
    )
  ),
  {
    name: "bytes cut in the middle of characters",
    proves: ["§4 split code points"],
    answer: (call) => {
      call.open()
      const bytes = Buffer.from(
        [frame(chunk({ role: "assistant", content: "Grüße 🌍" })), frame(end[0] ?? "")].join("")
      )
      const write = (at: number): void => {
        if (at >= bytes.length) return void call.response.end(done)
        call.response.write(bytes.subarray(at, at + 3), () => setImmediate(write, at + 3))
      }
      write(0)
    },
    expected: answers("Grüße 🌍")
  },
  framed("[DONE] without its blank line", ["5.20", "2.4 EOF inside an event"], stream(...whole, "data: [DONE]")),
  framed("[DONE] with a space behind it", ["§4 [DONE]"], stream(...whole, "data: [DONE] \n\n")),
  framed("[DONE] twice", ["§4 [DONE]"], stream(...whole, done, done)),
  framed(
    "more chunks after [DONE]",
    ["§4 [DONE]", "2.5 usage chunk followed by any other chunk"],
    stream(...whole, done, chunk({ content: " there" }), usageChunk(9, 9))
  ),
  {
    name: "a socket that is held open after [DONE]",
    proves: ["5.48"],
    answer: (call) => {
      call.open()
      call.write(text)
    },
    expected,
    direct: "never ends where no stream is asked for"
  },
  framed("no [DONE] at all", ["5.21", "2.4 no [DONE] but finish ok"], stream(...whole)),
  framed(
    "the last event without its blank line, and no [DONE]",
    ["5.21", "2.4 EOF inside an event"],
    stream(...hello, chunk({}, "stop"), frame(usageChunk(3, 2)).trimEnd())
  ),
  framed("a socket reset after the finish", ["5.21", "2.4 socket reset"], (call) => {
    call.open()
    call.response.write(whole.map(frame).join(""), () => setTimeout(() => call.destroy(), 30))
  }),
  {
    ...framed("events under text/plain", ["2.1 content type"], raw(200, { "content-type": "text/plain" }, text)),
    asked: ["stream"]
  },
  { ...framed("events without a content type", ["2.1 content type"], raw(200, {}, text)), asked: ["stream"] },
  framed(
    "a stream compressed although it was not asked for",
    ["§3.3"],
    raw(200, { ...events, "content-encoding": "gzip" }, zlib.gzipSync(text))
  ),
  {
    name: "one event of a megabyte",
    proves: ["2.5 8 MB single event"],
    answer: stream(chunk({ role: "assistant", content: "x".repeat(1_000_000) }), ...end, done),
    expected: answers("x".repeat(1_000_000), { usage: usage(3, 2) })
  }
]
