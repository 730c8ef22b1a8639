import type { Asked, Case, Expected } from "../Case.js"
import type { Call } from "../../support/ScriptedUpstream.js"
import * as Say from "./Say.js"

const answer = (
  name: string,
  title: string,
  asked: Asked,
  play: (call: Call) => void,
  expected: ReadonlyArray<Expected> = [Say.right]
): Case => ({ name, title, kind: "answer", asked, expected, play })

const streamed =
  (...data: ReadonlyArray<object | string>) =>
  (call: Call) => {
    call.events(...data)
    call.end()
  }

const late = { hate: { filtered: false, severity: "safe" } }

export const answers: ReadonlyArray<Case> = [
  answer("whole", "a whole answer", {}, (call) => call.json(200, Say.completion([Say.message]))),
  answer(
    "whole-tools",
    "a whole answer with a call",
    { tools: true },
    (call) => call.json(200, Say.completion([Say.calling])),
    [Say.rightCall]
  ),
  answer(
    "whole-two",
    "a whole answer of two choices",
    { n: 2 },
    (call) => call.json(200, Say.completion([Say.message, Say.other])),
    [Say.right, Say.rightOther]
  ),
  answer(
    "whole-filter",
    "a whole answer that a filter cut",
    {},
    (call) => call.json(200, Say.completion([{ ...Say.message, finish_reason: "content_filter" }])),
    [{ ...Say.right, finish: "content_filter" }]
  ),
  answer("whole-tier", "a whole answer with the service tier on_demand", {}, (call) =>
    call.json(200, Say.completion([Say.message], { service_tier: "on_demand" }))
  ),
  answer("stream", "a stream", { stream: true }, streamed(...Say.spoken, Say.finish("stop"), "[DONE]")),
  answer(
    "stream-usage",
    "a stream with counts",
    { stream: true, usage: true },
    streamed(...Say.spoken, Say.finish("stop"), Say.usage, "[DONE]")
  ),
  answer(
    "stream-tools",
    "a stream with a call",
    { stream: true, tools: true },
    streamed(...Say.called, Say.finish("tool_calls"), "[DONE]"),
    [Say.rightCall]
  ),
  answer(
    "stream-two",
    "a stream of two choices",
    { stream: true, n: 2 },
    streamed(...Say.spoken, ...Say.spokenOther, Say.finish("stop"), Say.finish("stop", 1), "[DONE]"),
    [Say.right, Say.rightOther]
  ),
  answer(
    "stream-two-unfinished",
    "a stream of two choices, one of which never finishes, with [DONE]",
    { stream: true, n: 2 },
    streamed(...Say.spoken, ...Say.spokenOther, Say.finish("stop"), "[DONE]"),
    [Say.right, Say.rightOther]
  ),
  answer(
    "stream-filter",
    "a stream that a filter cut",
    { stream: true },
    streamed(...Say.spoken, Say.finish("content_filter"), "[DONE]"),
    [{ ...Say.right, finish: "content_filter" }]
  ),
  answer(
    "stream-late-text",
    "a stream with text after its finish",
    { stream: true },
    streamed(...Say.spoken.slice(0, -1), Say.finish("stop"), ...Say.spoken.slice(-1), "[DONE]")
  ),
  answer(
    "stream-late-filter",
    "a stream with Azure's filter results after its finish",
    { stream: true },
    streamed(
      ...Say.spoken,
      Say.finish("stop"),
      Say.chunk({}, null, 0, { choices: [{ index: 0, finish_reason: null, content_filter_results: late }] }),
      "[DONE]"
    )
  ),
  answer(
    "stream-late-usage",
    "a stream with Azure's filter results between its finish and its counts",
    { stream: true, usage: true },
    streamed(
      ...Say.spoken,
      Say.finish("stop"),
      Say.chunk({}, null, 0, { choices: [{ index: 0, delta: {}, finish_reason: null, content_filter_results: late }] }),
      Say.usage,
      "[DONE]"
    )
  ),
  answer(
    "stream-always-stop",
    "a stream that says stop in every delta",
    { stream: true },
    streamed(...Say.pieces.map((content) => Say.chunk({ role: "assistant", content }, "stop")), "[DONE]")
  ),
  answer(
    "stream-tier",
    "a stream with the service tier on_demand",
    { stream: true },
    streamed(
      ...Say.pieces.map((content) => Say.chunk({ role: "assistant", content }, null, 0, { service_tier: "on_demand" })),
      Say.chunk({}, "stop", 0, { service_tier: "on_demand" }),
      "[DONE]"
    )
  )
]
