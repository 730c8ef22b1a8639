import * as JsonObject from "../../../src/domain/json/JsonObject.js"
import type { Call } from "../../support/ScriptedUpstream.js"
import { chunk } from "../../support/ScriptedUpstream.js"
import type { Shape } from "../Shape.js"
import { answers, done, failed, invalid, json, raw, refused, rejected, shapeOf as shape, stream } from "../Shape.js"

const page = (title: string) =>
  `<!DOCTYPE html><html><head><title>${title}</title></head><body><h1>${title}</h1>cloudflare</body></html>`
const html = { "content-type": "text/html; charset=UTF-8", server: "cloudflare" }

const good = JSON.stringify({
  id: "chatcmpl-1",
  object: "chat.completion",
  created: 1_700_000_000,
  model: "test-model",
  choices: [{ index: 0, message: { role: "assistant", content: "Hello" }, finish_reason: "stop" }]
})

const when =
  (accepts: (call: Call) => boolean, otherwise: Shape["answer"]) =>
  (call: Call): void =>
    accepts(call) ? call.json(200, good) : otherwise(call)

const azure400 = {
  error: {
    message: "The response was filtered due to the prompt triggering the content management policy.",
    type: null,
    param: "prompt",
    code: "content_filter",
    status: 400,
    innererror: { code: "ResponsibleAIPolicyViolation", content_filter_result: { hate: { filtered: true } } }
  }
}

const late = refused(504, "did not answer in time", "upstream_timeout")
const full = refused(503, "no capacity at the moment", "upstream_overloaded")

const messagesOf = ({ received }: Call): ReadonlyArray<JsonObject.JsonObject> =>
  JsonObject.listOf(received.body["messages"]).map(JsonObject.orEmpty)

/** The ids of the calls that a request tells of, those of the results too. */
const callIds = (call: Call): ReadonlyArray<unknown> =>
  messagesOf(call).flatMap(({ tool_call_id: answered, tool_calls: calls }) => [
    ...JsonObject.listOf(calls).map((each) => JsonObject.orEmpty(each)["id"]),
    ...(answered === undefined ? [] : [answered])
  ])

/** Errors before anything of an answer: an HTTP error for every client. */
export const errors: ReadonlyArray<Shape> = [
  shape(
    "400 as OpenAI says it",
    ["2.1 nested"],
    json({ error: { message: "boom", type: "invalid_request_error", param: "top_p", code: "bad_value" } }, 400),
    refused(400, "boom", "bad_value")
  ),
  shape(
    "400 with a number as code",
    ["5.4", "2.1 error.code number"],
    json({ error: { message: "No endpoints found.", code: 404 } }, 404),
    refused(404, "No endpoints found.", "404")
  ),
  shape(
    "400 with type null and an inner error",
    ["5.7", "2.1 error.type null"],
    json(azure400, 400),
    refused(400, "content management policy", "content_filter")
  ),
  shape("400 with the error as text", ["2.1 string error"], json({ error: "boom" }, 400), refused(400, "boom")),
  shape(
    "400 flat, as older vLLM says it",
    ["5.10", "5.49", "2.1 flat"],
    json({ object: "error", message: "max_tokens is too large", type: "BadRequestError", param: null, code: 400 }, 400),
    refused(400, "max_tokens is too large", "400")
  ),
  shape(
    "422 with a detail list",
    ["2.1 detail", "5.49"],
    json({ detail: [{ loc: ["body", "n"], msg: "extra fields not permitted", type: "value_error.extra" }] }, 422),
    refused(422, "extra fields not permitted")
  ),
  shape(
    "422 whose message is an object",
    ["5.30", "5.31"],
    json(
      {
        object: "error",
        message: {
          detail: [{ type: "extra_forbidden", loc: ["body", "store"], msg: "Extra inputs are not permitted" }]
        },
        type: "invalid_request_error",
        param: null,
        code: "3280"
      },
      422
    ),
    refused(422, "Extra inputs are not permitted", "3280")
  ),
  shape(
    "400 as a list",
    ["5.36", "2.1 list"],
    json([{ error: { code: 400, message: "Unknown name: seed", status: "INVALID_ARGUMENT" } }], 400),
    refused(400, "Unknown name: seed", "400")
  ),
  shape(
    "400 as plain text",
    ["2.1 HTML / text"],
    raw(400, { "content-type": "text/plain" }, "boom"),
    refused(400, "boom")
  ),
  shape(
    "400 as a page",
    ["2.1 HTML / text"],
    raw(400, html, page("Bad Request")),
    refused(400, "answered with status 400")
  ),
  shape("500 with an empty body", ["2.1 empty"], raw(500, {}, ""), failed),
  shape("520 as a page", ["5.44"], raw(520, html, page("520: Web server is returning an unknown error")), failed),
  ...[504, 522, 524].map((status) =>
    shape(`${status} as a page`, ["5.44"], raw(status, html, page(`${status}: A timeout occurred`)), late)
  ),
  shape("a challenge page", ["5.44"], raw(403, html, page("Just a moment...")), invalid),
  shape("200 with a page", ["5.44", "2.1 HTML / text"], raw(200, html, page("Just a moment...")), invalid),
  shape(
    "429 with a retry-after beyond our patience",
    ["2.3 retry-after"],
    json({ error: { message: "Slow down.", type: "rate_limit_error", code: "rate_limit_exceeded" } }, 429, {
      "retry-after": "20"
    }),
    refused(429, "Slow down.", "rate_limit_exceeded")
  ),
  shape(
    "400 for a prompt that is too long",
    ["2.2 context length"],
    json(
      { error: { message: "This model's maximum context length is 4096 tokens.", type: "BadRequestError", code: 400 } },
      400
    ),
    refused(400, "maximum context length is 4096", "context_length_exceeded")
  ),
  shape(
    "400 for max_tokens",
    ["5.8"],
    json(
      {
        error: {
          message: "Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead.",
          type: "invalid_request_error",
          param: "max_tokens",
          code: "unsupported_parameter"
        }
      },
      400
    ),
    refused(400, "Use 'max_completion_tokens' instead", "unsupported_parameter")
  ),
  shape(
    "400 unless max_tokens goes by its new name",
    ["5.8"],
    when(
      ({ received }) => received.body["max_completion_tokens"] === 64 && !("max_tokens" in received.body),
      json({ error: { message: "Unsupported parameter: 'max_tokens'.", code: "unsupported_parameter" } }, 400)
    ),
    answers("Hello"),
    { backend: "renaming" }
  ),
  shape(
    "422 for fields of the body and of messages, and for an empty list of tools",
    ["5.30"],
    when(
      (call) =>
        !("store" in call.received.body) &&
        messagesOf(call).every((message) => !("reasoning_content" in message)) &&
        !(Array.isArray(call.received.body["tools"]) && call.received.body["tools"].length === 0),
      json({ object: "error", message: { detail: [{ type: "extra_forbidden", msg: "no" }] } }, 422)
    ),
    answers("Hello"),
    { backend: "strict", history: "reasoned" }
  ),
  shape(
    "400 unless ids of calls are nine letters or digits",
    ["5.33"],
    when(
      (call) => {
        const [first, second] = callIds(call)
        return /^[A-Za-z0-9]{9}$/.test(String(first)) && first === second
      },
      json({ message: "Tool call id was call_1 but must be a-z, A-Z, 0-9, with a length of 9." }, 400)
    ),
    answers("Hello"),
    { backend: "nine", history: "reasoned" }
  ),
  shape(
    "400 for stream_options, which are not sent then",
    ["5.24"],
    when(
      ({ received }) => !("stream_options" in received.body),
      json({ error: { message: "property 'stream_options' is unsupported" } }, 400)
    ),
    answers("Hello"),
    { backend: "shy" }
  ),
  shape(
    "400 for stream_options",
    ["5.24"],
    when(
      ({ received }) => !("stream_options" in received.body),
      json({ error: { message: "property 'stream_options' is unsupported", type: "invalid_request_error" } }, 400)
    ),
    refused(400, "property 'stream_options' is unsupported"),
    { asked: ["stream"] }
  ),
  shape(
    "no stream_options where no stream is asked for",
    ["5.24", "1.2 stream_options"],
    when(({ received }) => !("stream_options" in received.body), json({ error: { message: "no" } }, 400)),
    answers("Hello"),
    { asked: ["whole"] }
  ),
  shape(
    "400 unless reasoning is sent back",
    ["5.27", "5.11"],
    when(
      ({ received }) =>
        JsonObject.listOf(received.body["messages"]).some(
          (message) => JsonObject.orEmpty(message)["reasoning_content"] === "I should look."
        ),
      json({ error: { message: "Missing reasoning_content." } }, 400)
    ),
    answers("Hello"),
    { history: "reasoned", unable: { LangChain: "does not send reasoning back" } }
  ),
  shape(
    "a key header, a query and a path of its own",
    ["5.9"],
    when(
      ({ received }) =>
        received.headers["api-key"] === "azure-key-1" &&
        received.headers.authorization === undefined &&
        received.path === "/v1/openai/deployments/gpt/chat/completions?api-version=2024-10-21",
      json({ error: { message: "Resource not found", code: "404" } }, 404)
    ),
    answers("Hello"),
    { backend: "azure" }
  ),
  shape(
    "a key header of its own, a query and a path for each model",
    ["5.9"],
    when(
      ({ received }) =>
        received.headers["api-key"] === "azure-key-1" &&
        received.headers.authorization === undefined &&
        received.path ===
          `/v1/openai/deployments/${String(received.body["model"])}/chat/completions?api-version=2024-10-21`,
      json({ error: { message: "Resource not found", code: "404" } }, 404)
    ),
    answers("Hello"),
    { backend: "deployed" }
  ),
  shape(
    "200 with an error as JSON",
    ["5.2", "5.4", "2.1 HTTP 200 with an error"],
    json({ error: { code: 429, message: "Rate limit exceeded: free-models-per-min." } }),
    refused(429, "Rate limit exceeded", "429")
  ),
  shape(
    "200 with an error of the backend's own backend",
    ["5.2", "5.4"],
    json({
      error: { code: 502, message: 'Provider returned error: {"error":{"message":"overloaded"}}', metadata: {} },
      user_id: "user_1"
    }),
    rejected(502, "Provider returned error")
  ),
  shape(
    "200 with the error as text",
    ["5.41"],
    json({ error: "Unexpected endpoint or method. (POST /chat/completions)" }),
    rejected(502, "Unexpected endpoint or method")
  ),
  shape(
    "200 with a flat error",
    ["5.10"],
    json({ object: "error", message: "no such model", type: "NotFoundError", code: 404 }),
    refused(404, "no such model", "404")
  ),
  shape("200 with choices: null", ["5.43"], json({ id: "", object: "", created: 0, model: "", choices: null }), full),
  shape("200 with no choices", ["5.43"], json({ id: "chatcmpl-1", choices: [] }), full),
  shape("200 with half a body", ["2.1 invalid JSON"], json('{"id":"chatcmpl-1","choices":[{"ind'), invalid),
  shape("200 with an empty body", ["2.1 empty"], json(""), invalid),
  shape("200 with a list", ["2.1 list"], json("[1]"), invalid),
  shape(
    "an error as the first event",
    ["5.3", "2.4 error event"],
    stream({ error: { message: "Rate limited.", type: "rate_limit_error", param: null, code: "rate_limit_exceeded" } }),
    refused(429, "Rate limited.", "rate_limit_exceeded")
  ),
  shape(
    "event: error as the first event, nested",
    ["2.4 event: error nested"],
    stream('event: error\ndata: {"error":{"message":"bad prompt","code":400}}\n\n'),
    refused(400, "bad prompt", "400")
  ),
  shape(
    "event: error as the first event, flat",
    ["2.4 event: error flat"],
    stream('event: error\ndata: {"message":"bad prompt","code":"invalid_prompt","status":400}\n\n'),
    refused(400, "bad prompt", "invalid_prompt")
  ),
  shape(
    "an error as text as the first event",
    ["2.4 string error"],
    stream({ error: "overloaded" }),
    rejected(503, "overloaded")
  ),
  shape(
    "an error field as the first line",
    ["5.19", "2.4 error: SSE field"],
    stream(
      'error: {"code":400,"message":"the request exceeds the available context size","type":"invalid_request_error"}\n\n',
      done
    ),
    refused(400, "exceeds the available context size", "context_length_exceeded")
  ),
  shape(
    "an error event after the role, before any content",
    ["5.40", "2.4 error event"],
    stream(chunk({ role: "assistant", content: "" }), {
      error: "Input validation error",
      error_type: "validation",
      code: 422
    }),
    refused(422, "Input validation error", "422")
  ),
  shape("an empty stream", ["2.4 empty stream"], stream(), invalid),
  shape("a stream of comments only", ["2.4 empty stream"], stream(": ping\n\n", ": ping\n\n"), invalid),
  shape("only [DONE]", ["2.4 only [DONE]"], stream(done), invalid),
  shape(
    "a stream with the role only",
    ["2.4 clean EOF"],
    stream(chunk({ role: "assistant", content: "" }), done),
    invalid
  ),
  shape("a stream that is not JSON", ["2.1 mismatches"], stream("data: <html>\n\n", done), invalid),
  shape(
    "a page under the type of a stream",
    ["5.44"],
    raw(200, { "content-type": "text/event-stream" }, page("Oops")),
    invalid
  ),
  shape("a socket reset before the head", ["2.4 socket reset"], (call) => call.destroy(), invalid),
  shape(
    "a socket reset before the first event",
    ["2.4 socket reset"],
    (call) => {
      call.open()
      setTimeout(() => call.destroy(), 20)
    },
    invalid
  ),
  shape(
    "silence after the head",
    ["2.6 timeouts"],
    (call) => call.open(),
    refused(504, "did not answer in time", "upstream_timeout"),
    { backend: "hasty", asked: ["stream"], direct: "never ends" }
  )
]
