import { completion } from "../../support/ScriptedUpstream.js"
import type { Shape } from "../Shape.js"
import { done, errored, json, refused, rejected, stream } from "../Shape.js"
import { either, hello, shape, start, stop, tail, goesOnWith, usual } from "./pieces.js"

/** Where an answer was to come, before any of it. */
const instead = (body: unknown): Shape["answer"] =>
  either(stream(`data: ${JSON.stringify(body)}\n\n`, done), json(body))

/** An error in an envelope of another kind, with the status and the words that it stands for. */
interface Envelope {
  readonly name: string
  readonly body: unknown
  readonly status: number
  readonly words: string
}

const envelopes: ReadonlyArray<Envelope> = [
  {
    name: "base_resp, for too many requests",
    body: { base_resp: { status_code: 1002, status_msg: "rate limit triggered" } },
    status: 429,
    words: "rate limit triggered"
  },
  {
    name: "base_resp, for a wrong parameter",
    body: { id: "1", choices: null, base_resp: { status_code: 2013, status_msg: "invalid params, tools is empty" } },
    status: 400,
    words: "invalid params, tools is empty"
  },
  {
    name: "code and msg, as a word",
    body: { code: "InvalidParameter", msg: "Range of temperature is 0 to 2" },
    status: 400,
    words: "Range of temperature is 0 to 2"
  },
  {
    name: "code and msg, as a status",
    body: { code: 429, msg: "Too many requests, slow down", data: null },
    status: 429,
    words: "Too many requests, slow down"
  },
  {
    name: "code and message",
    body: { code: "InvalidParameter", message: "Unknown role: tester", request_id: "req_1" },
    status: 400,
    words: "Unknown role: tester"
  },
  {
    name: "status and message, as a number",
    body: { status: 429, message: "The engine is at its limit of requests" },
    status: 429,
    words: "The engine is at its limit of requests"
  },
  {
    name: "status and message, as a word",
    body: { status: "INVALID_ARGUMENT", message: "top_k must be positive" },
    status: 400,
    words: "top_k must be positive"
  },
  {
    name: "a list of errors",
    body: {
      success: false,
      result: null,
      messages: [],
      errors: [{ code: 400, message: "Bad input: seed is no number" }]
    },
    status: 400,
    words: "Bad input: seed is no number"
  },
  {
    name: "a detail",
    body: { detail: "Rate limit exceeded for this key" },
    status: 429,
    words: "Rate limit exceeded for this key"
  },
  {
    name: "type error, with the error inside",
    body: { type: "error", error: { type: "invalid_request_error", message: "messages: at least one is required" } },
    status: 400,
    words: "messages: at least one is required"
  },
  {
    name: "type error, flat",
    body: { type: "error", code: "invalid_request", message: "This model takes no pictures" },
    status: 400,
    words: "This model takes no pictures"
  },
  {
    name: "an error without a message, but with a msg",
    body: { error: { msg: "Stop words are too many", code: 400 } },
    status: 400,
    words: "Stop words are too many"
  }
]

const provider = (status: number) => ({
  error: {
    message: "Provider returned error",
    code: status,
    metadata: {
      raw: JSON.stringify({ error: { message: "Unsupported value: 'temperature' does not support 3.", code: 400 } }),
      provider_name: "Example"
    }
  },
  user_id: "user_1"
})

const blocked = (name: string, body: object): Shape =>
  shape(name, ["2.1 blocked"], either(stream(body, done), json(body)), refused(400, "filter", "content_filter"))

const names = { id: "chatcmpl-1", object: "chat.completion", created: 1_700_000_000, model: "test-model" }

/** Errors in envelopes of other kinds, and what errors say besides their four fields. */
export const envelopings: ReadonlyArray<Shape> = [
  ...envelopes.flatMap(({ body, name, status, words }) => [
    shape(`${name}, in a 200`, ["2.1 other envelopes"], instead(body), rejected(status, words)),
    shape(`${name}, in a ${status}`, ["2.1 other envelopes"], json(body, status), rejected(status, words)),
    shape(
      `${name}, in the middle`,
      ["2.4 other envelopes"],
      goesOnWith(`data: ${JSON.stringify(body)}\n\n`, done),
      errored("Hello", words, undefined, status)
    )
  ]),
  shape(
    "base_resp that says that all is well",
    ["2.1 other envelopes"],
    either(
      stream(...hello, { ...stop, base_resp: { status_code: 0, status_msg: "" } }, ...tail.slice(1)),
      json(completion("Hello", { base_resp: { status_code: 0, status_msg: "success" } }))
    ),
    usual
  ),
  shape(
    "code and msg that say that all is well",
    ["2.1 other envelopes"],
    either(
      stream(...[...hello, stop].map((each) => ({ ...each, code: 0, msg: "ok" })), ...tail.slice(1)),
      json(completion("Hello", { code: 200, msg: "success", success: true }))
    ),
    usual
  ),
  shape("an error of the provider behind the backend", ["2.1 other fields", "5.4"], json(provider(400), 400), {
    _tag: "Refused",
    error: {
      status: 400,
      message: "Unsupported value: 'temperature'",
      fields: { metadata: provider(400).error.metadata }
    }
  }),
  shape(
    "too many requests to the provider behind the backend",
    ["2.1 other fields", "5.4"],
    json(
      {
        error: {
          message: "Provider returned error",
          code: 429,
          metadata: { raw: "example/model is rate-limited upstream", provider_name: "Example" }
        }
      },
      429,
      { "retry-after": "20" }
    ),
    rejected(429, "example/model is rate-limited upstream")
  ),
  shape(
    "an error of the provider behind the backend, in the middle",
    ["2.4 other fields", "5.3"],
    goesOnWith({ ...provider(400), choices: [{ index: 0, delta: { content: "" }, finish_reason: "error" }] }, done),
    {
      _tag: "Broken",
      text: "Hello",
      error: {
        status: null,
        message: "Unsupported value: 'temperature'",
        fields: { metadata: provider(400).error.metadata }
      },
      whole: { status: 400, message: "Unsupported value: 'temperature'" }
    }
  ),
  shape(
    "what a model generated and nobody could read",
    ["2.1 other fields"],
    json(
      {
        error: {
          message: "Failed to call a function. Please adjust your prompt.",
          type: "invalid_request_error",
          code: "tool_use_failed",
          failed_generation: '<function=get_weather>{"city": }'
        }
      },
      400
    ),
    refused(400, "Failed to call a function", "tool_use_failed", {
      failed_generation: '<function=get_weather>{"city": }'
    })
  ),
  shape(
    "the size of the context, beside the error",
    ["2.1 other fields", "2.2 context length"],
    json(
      {
        error: {
          code: 400,
          message: "the request exceeds the available context size, try increasing it",
          type: "exceed_context_size_error",
          n_prompt_tokens: 5_001,
          n_ctx: 4_096
        }
      },
      400
    ),
    refused(400, "exceeds the available context size", "context_length_exceeded", {
      n_ctx: 4_096,
      n_prompt_tokens: 5_001
    })
  ),
  shape(
    "an error inside the message of an error",
    ["2.1 the innermost reason"],
    json(
      { error: { message: '{"error":{"message":"Invalid schema for function get_weather","code":400}}', code: 400 } },
      400
    ),
    rejected(400, "Invalid schema for function get_weather")
  ),
  shape(
    "an error inside an error",
    ["2.1 the innermost reason"],
    json({ error: { message: "Request failed", error: { message: "Image is too large to read" } } }, 400),
    rejected(400, "Image is too large to read")
  ),
  shape(
    "an error as the data of an event, in a 400",
    ["2.1 other envelopes"],
    json('data: {"error":{"message":"No such tool","code":"no_such_tool"}}\n\n', 400),
    refused(400, "No such tool", "no_such_tool")
  ),
  shape(
    "an error in a list, in a 200",
    ["2.1 other envelopes", "5.36"],
    either(
      stream('data: [{"error":{"code":400,"message":"Unknown field: seed","status":"INVALID_ARGUMENT"}}]\n\n'),
      json([{ error: { code: 400, message: "Unknown field: seed", status: "INVALID_ARGUMENT" } }])
    ),
    rejected(400, "Unknown field: seed")
  ),
  shape(
    "an error in a list, in the middle",
    ["2.4 other envelopes", "5.36"],
    goesOnWith('data: [{"error":{"code":400,"message":"Unknown field: seed","status":"INVALID_ARGUMENT"}}]\n\n'),
    errored("Hello", "Unknown field: seed", undefined, 400)
  ),
  blocked("no choices, for the prompt was filtered", {
    ...names,
    choices: [],
    prompt_filter_results: [{ prompt_index: 0, content_filter_results: { hate: { filtered: true, severity: "high" } } }]
  }),
  blocked("no choices, for the prompt was blocked", {
    ...names,
    choices: [],
    promptFeedback: { blockReason: "SAFETY" }
  }),
  shape(
    "an answer whose prompt was looked at and found well",
    ["2.1 blocked"],
    stream(
      {
        ...start,
        choices: [],
        prompt_filter_results: [{ prompt_index: 0, content_filter_results: { hate: { filtered: false } } }]
      },
      ...hello,
      ...tail
    ),
    usual
  )
]
