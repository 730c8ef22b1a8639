import type * as JsonObject from "../../src/domain/json/JsonObject.js"

/** Streams as real backends send them, for the fuzzer to spoil. */

type Chunks = ReadonlyArray<JsonObject.JsonObject>

const usage = { prompt_tokens: 9, completion_tokens: 4, total_tokens: 13, prompt_tokens_details: { cached_tokens: 2 } }

const of = (choices: unknown, more: JsonObject.JsonObject = {}): JsonObject.JsonObject => ({
  id: "chatcmpl-1",
  object: "chat.completion.chunk",
  created: 1_700_000_000,
  model: "m",
  choices,
  ...more
})

const delta = (fields: unknown, finish: unknown = null, more: JsonObject.JsonObject = {}) =>
  of([{ index: 0, delta: fields, finish_reason: finish, ...more }])

const call = (fields: JsonObject.JsonObject) => delta({ tool_calls: [fields] })

const logprobs = { content: [{ token: "a", logprob: -0.5, bytes: [97], top_logprobs: [] }], refusal: null }

const openAi: Chunks = [
  delta({ role: "assistant", content: "", refusal: null }, null, { logprobs: null }),
  delta({ content: "Hello" }, null, { logprobs }),
  delta({ content: " wörld 😀" }, null, { logprobs }),
  delta({}, "stop"),
  of([], { usage, system_fingerprint: "fp", service_tier: "default", obfuscation: "xyz" })
]

const tools: Chunks = [
  delta({ role: "assistant", content: null }),
  call({ index: 0, id: "call_a", type: "function", function: { name: "f", arguments: "" } }),
  call({ index: 0, function: { arguments: '{"x"' } }),
  call({ index: 0, function: { arguments: ":1}" } }),
  call({ index: 1, id: "call_b", type: "function", function: { name: "g", arguments: "" } }),
  call({ index: 1, function: { arguments: "{}" } }),
  call({ index: 2, id: "call_c", type: "custom", custom: { name: "h", input: "a" } }),
  delta({}, "tool_calls")
]

const sloppyTools: Chunks = [
  call({ id: "a", function: { name: "f", arguments: { x: [1] } } }),
  call({ index: 0, id: "b", function: { name: "g" }, extra_content: { google: { thought_signature: "s" } } }),
  call({ index: 0, id: null, type: null, function: { name: null, arguments: null } }),
  delta({ role: "assistant", content: "", tool_calls: null }, "stop")
]

const choices: Chunks = [
  of([{ index: 1, delta: { role: "assistant", content: "b" }, finish_reason: "" }]),
  of([
    { index: 0, delta: { role: "assistant", content: "a" }, finish_reason: null },
    { index: 2, delta: { refusal: "no" }, finish_reason: "content_filter" }
  ]),
  of([{ index: 0, delta: {}, finish_reason: "length" }]),
  of([{ index: 1, delta: {}, finish_reason: "eos" }])
]

const reasoning: Chunks = [
  delta({ role: "assistant", reasoning_content: "hm", reasoning_details: [{ index: 0, type: "t", text: "a" }] }),
  delta({ reasoning: "so", reasoning_details: [{ index: 0, text: "b" }] }),
  delta({ content: [{ type: "thinking", thinking: [{ type: "text", text: "x" }] }] }),
  delta({ content: [{ type: "text", text: "answer" }], annotations: [{ type: "url_citation" }] }),
  delta({}, "end_turn")
]

const azure: Chunks = [
  of([], { id: "", object: "", created: 0, model: "", prompt_filter_results: [{}] }),
  delta({ role: "assistant", content: "hi" }),
  delta({}, "stop", { content_filter_results: {} }),
  of([{ index: 0, content_filter_offsets: {}, finish_reason: null }], { id: "", usage: null, error: null })
]

const groq: Chunks = [
  delta({ role: "assistant", content: "hi" }),
  { ...delta({}, "stop", { usage }), x_groq: { id: "r", usage } },
  of([], { usage }),
  of([], { cost: "0" })
]

const miniMax: Chunks = [
  delta({ role: "", content: "hi" }),
  delta({ function_call: { name: "f", arguments: "{" } }),
  delta({ function_call: { arguments: "}" } }),
  of([{ index: 0, message: { role: "assistant", content: "hi", audio: null }, finish_reason: "stop" }], {
    object: "chat.completion",
    usage
  })
]

const spoken: Chunks = [
  delta({ role: "assistant", audio: { id: "x", transcript: "a" } }),
  delta({ audio: { data: "AAAA" } }),
  delta({ audio: { expires_at: 1_700_000_009 } })
]

const failing: Chunks = [
  delta({ role: "assistant", content: "hi" }),
  of([], { error: { code: 429, message: "slow down", metadata: {}, type: null } }),
  delta({ content: "" }, "error")
]

const legacy: Chunks = [
  of([{ index: 0, text: "a", logprobs: { tokens: ["a"], token_logprobs: [-1] }, finish_reason: null }]),
  of([{ index: 1, text: "b", logprobs: null, finish_reason: "" }]),
  of([{ index: 1, text: "", finish_reason: "length" }]),
  of([{ index: 0, text: "c", finish_reason: "stop" }], { object: "text_completion", usage })
]

/** The streams. */
export const streams: readonly [Chunks, ...ReadonlyArray<Chunks>] = [
  openAi,
  tools,
  sloppyTools,
  choices,
  reasoning,
  azure,
  groq,
  miniMax,
  spoken,
  failing,
  legacy
]

const whole = (choices: unknown, more: JsonObject.JsonObject = {}): JsonObject.JsonObject => ({
  ...of(choices, { usage, ...more }),
  object: "chat.completion"
})

/** Whole answers. */
export const bodies: readonly [JsonObject.JsonObject, ...ReadonlyArray<JsonObject.JsonObject>] = [
  whole([{ index: 0, message: { role: "assistant", content: "hi", refusal: null }, logprobs, finish_reason: "stop" }]),
  whole([
    { index: 0, message: { content: "a", reasoning: "r" }, finish_reason: null },
    { index: 1, message: { content: null, tool_calls: [{ function: { name: "f", arguments: {} } }] } }
  ]),
  whole([{ message: { function_call: { name: "f", arguments: "{}" }, audio: { id: "x", expires_at: 5 } } }]),
  whole([{ index: 0, text: "legacy", logprobs: null, finish_reason: "length" }], { object: "text_completion" }),
  whole(null, { error: { code: 503, message: { detail: [{ msg: "busy" }] } } }),
  { object: "error", message: "no", type: "BadRequestError", param: null, code: 400 }
]
