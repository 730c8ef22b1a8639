import { assert, describe, it } from "@effect/vitest"
import * as fc from "effect/FastCheck"
import * as Option from "effect/Option"
import * as AnswerRepair from "../../../src/domain/chat/answer/AnswerRepair.js"
import * as RetryPolicy from "../../../src/domain/failover/RetryPolicy.js"
import * as ErrorBody from "../../../src/domain/failure/ErrorBody.js"
import * as ReportedError from "../../../src/domain/failure/ReportedError.js"
import * as JsonObject from "../../../src/domain/json/JsonObject.js"
import { anyAnswer, chunk, delta, holds, options, repair, repairWhole } from "../generators.js"

/** The envelopes in which errors come, with the status and the words that they amount to. */
const envelopes: ReadonlyArray<readonly [who: string, body: JsonObject.JsonObject, status: number, message: string]> = [
  ["MiniMax, a rate", { base_resp: { status_code: 1002, status_msg: "rate limit" } }, 429, "rate limit"],
  ["MiniMax, a key", { base_resp: { status_code: 1004, status_msg: "login fail" } }, 401, "login fail"],
  ["MiniMax, a balance", { base_resp: { status_code: 1008, status_msg: "insufficient balance" } }, 402, "insufficient"],
  [
    "MiniMax, a parameter",
    { base_resp: { status_code: 2013, status_msg: "invalid params" }, choices: null },
    400,
    "invalid params"
  ],
  ["MiniMax, whatever it was", { base_resp: { status_code: 1000, status_msg: "unknown error" } }, 502, "unknown error"],
  ["Zhipu, a rate", { code: 1302, msg: "您的账户已达到速率限制", success: false }, 429, "您的账户已达到速率限制"],
  ["Zhipu, nested", { error: { code: "1305", message: "busy" } }, 429, "busy"],
  ["Zhipu, a model", { error: { code: "1211", message: "模型不存在" } }, 404, "模型不存在"],
  ["SiliconFlow, a model", { code: 20012, message: "Model does not exist.", data: null }, 404, "Model does not exist."],
  ["SiliconFlow, full", { code: 50505, message: "Model service overloaded.", data: null }, 503, "overloaded"],
  ["DashScope, a parameter", { code: "InvalidParameter", message: "bad", request_id: "r" }, 400, "bad"],
  [
    "DashScope, a key",
    { code: "InvalidApiKey", message: "Invalid API-key provided.", request_id: "r" },
    401,
    "API-key"
  ],
  ["DashScope, a rate", { code: "Throttling.RateQuota", message: "slow down", request_id: "r" }, 429, "slow down"],
  ["DashScope, a policy", { code: "DataInspectionFailed", message: "inappropriate", request_id: "r" }, 400, "inapp"],
  ["a code that is a status", { code: 503, msg: "wait" }, 503, "wait"],
  ["a status that is a number", { status: 429, message: "wait" }, 429, "wait"],
  ["a status that is digits", { status: "404", message: "no" }, 404, "no"],
  ["a status that is a name", { status: "UNAVAILABLE", message: "wait" }, 503, "wait"],
  ["a status that is a word", { status: "error", message: "no such model" }, 404, "no such model"],
  ["Spring", { timestamp: "t", status: 500, error: "Internal Server Error", path: "/" }, 500, "Internal Server Error"],
  [
    "Cloudflare",
    { success: false, errors: [{ code: 10000, message: "Authentication error" }], messages: [] },
    401,
    "Auth"
  ],
  ["Workers AI", { errors: [{ code: 3040, message: "Out of capacity" }], success: false, result: {} }, 503, "Out of"],
  ["errors that are texts", { errors: ["no"] }, 502, "no"],
  ["FastAPI", { detail: "Not authenticated" }, 401, "Not authenticated"],
  ["FastAPI, of a path", { detail: "Not Found" }, 404, "Not Found"],
  ["FastAPI, a list", { detail: [{ loc: ["body"], msg: "field required", type: "missing" }] }, 400, "field required"],
  ["Anthropic", { type: "error", error: { type: "overloaded_error", message: "Overloaded" } }, 503, "Overloaded"],
  ["Anthropic, a rate", { type: "error", error: { type: "rate_limit_error", message: "slow" } }, 429, "slow"],
  ["Anthropic, a request", { type: "error", error: { type: "invalid_request_error", message: "bad" } }, 400, "bad"],
  ["Anthropic, flat", { type: "error", message: "bad" }, 502, "bad"],
  ["a message alone", { message: "Unauthorized" }, 401, "Unauthorized"],
  ["AWS", { Message: "User is not authorized", __type: "AccessDeniedException" }, 403, "not authorized"],
  ["AWS, a rate", { message: "Rate exceeded", __type: "ThrottlingException" }, 429, "Rate exceeded"],
  ["an error that is a text", { error: "model 'm' not found, try pulling it first" }, 404, "not found"],
  ["TGI", { error: "Input validation error: bad", error_type: "validation" }, 400, "Input validation error"],
  ["TGI, full", { error: "Model is overloaded", error_type: "overloaded" }, 503, "Model is overloaded"],
  ["xAI", { code: "Some requested entity was not found", error: "The model m does not exist" }, 404, "does not exist"],
  ["Baidu, a rate", { error_code: 18, error_msg: "Open api qps request limit reached", id: "a" }, 429, "qps"],
  ["Baidu, a key", { error_code: 110, error_msg: "Access token invalid or no longer valid" }, 401, "Access token"],
  ["Gemini", { error: { code: 429, message: "quota", status: "RESOURCE_EXHAUSTED" } }, 429, "quota"],
  ["Gemini without a number", { error: { message: "bad", status: "INVALID_ARGUMENT" } }, 400, "bad"],
  ["OpenRouter", { error: { message: "Provider returned error", code: 429, metadata: { raw: "slow" } } }, 429, "slow"],
  ["OpenAI's names", { error: { message: "m", type: "insufficient_quota", code: "insufficient_quota" } }, 429, "m"],
  ["a key by its name", { error: { message: "m", type: "invalid_request_error", code: "invalid_api_key" } }, 401, "m"],
  [
    "a model by its name",
    { error: { message: "m", type: "invalid_request_error", code: "model_not_found" } },
    404,
    "m"
  ],
  ["a server's", { error: { message: "m", type: "server_error", code: null } }, 502, "m"],
  ["a prompt that is too long", { error: { message: "prompt is too long: 9 tokens > 8 maximum" } }, 400, "too long"],
  ["older vLLM", { object: "error", message: "m", type: "NotFoundError", param: null, code: 404 }, 404, "m"],
  ["an error beside a finish", { error: { code: 502, message: "m" }, choices: [{ finish_reason: "error" }] }, 502, "m"],
  ["Zhipu, digits and success", { code: "1113", msg: "m", success: false }, 429, "m"],
  ["MiniMax's own as digits", { base_resp: { status_code: "1039", status_msg: "m" } }, 429, "m"],
  ["another's number, as Zhipu's", { code: 1001, message: "no session" }, 502, "no session"],
  ["another's number, as Zhipu's, nested", { error: { code: 1302, message: "m" } }, 502, "m"],
  ["another's number, as MiniMax's", { status_code: 1004, message: "m" }, 502, "m"],
  ["another's number, as Baidu's", { error_code: 4, message: "m" }, 502, "m"],
  ["another's number, as SiliconFlow's", { code: 30001, message: "m" }, 502, "m"],
  ["another's digits, as SiliconFlow's", { code: "30001", msg: "m", data: null }, 502, "m"],
  ["a status beside another's number", { code: 1004, status: 409, message: "m" }, 409, "m"],
  ["a status of HTTP by name", { http_status: 503, message: "m" }, 503, "m"],
  ["a code in camels", { errorCode: 429, errorMessage: "m" }, 429, "m"],
  ["a type in camels", { errorType: "RateLimitError", message: "m" }, 429, "m"],
  ["a name of an exception", { name: "NotFoundError", message: "m" }, 404, "m"],
  ["the words of MiniMax alone", { status_msg: "access denied" }, 403, "access denied"],
  ["OAuth", { error_description: "invalid token" }, 401, "invalid token"],
  ["a problem of RFC 9457", { type: "about:blank", title: "Not Found", status: 404 }, 404, "Not Found"],
  ["a code that is described", { code: 500, description: "m" }, 500, "m"],
  ["no success, and a title", { success: false, title: "m" }, 502, "m"],
  ["choices that are none, and a code", { choices: [], code: "500", message: "m" }, 500, "m"],
  ["Tencent", { Response: { Error: { Code: "InvalidParameter", Message: "bad" }, RequestId: "r" } }, 400, "bad"],
  ["Tencent, a key", { Response: { Error: { Code: "AuthFailure.SecretIdNotFound", Message: "m" } } }, 401, "m"],
  ["Spark", { header: { code: 10013, message: "not allowed", sid: "s", status: 2 } }, 400, "not allowed"],
  ["Spark, full", { header: { code: 11202, message: "slow", sid: "s" } }, 429, "slow"],
  ["a ret", { ret: -1, errmsg: "no such model m" }, 404, "no such model m"],
  ["an errcode", { errcode: 40001, errmsg: "wrong token" }, 401, "wrong token"],
  ["a result's code", { result_code: 7, result_msg: "m" }, 502, "m"],
  ["a result's code in camels", { resultCode: "7", resultMsg: "m" }, 502, "m"],
  ["no success, and one of errors", { success: false, errors: { code: "forbidden", message: "m" } }, 403, "m"],
  ["one of errors", { errors: { code: 429, message: "m" } }, 429, "m"],
  ["errors of parameters", { errors: { temperature: ["must be less"] } }, 502, "temperature: must be less"],
  ["errors that are more texts", { errors: ["a bad", "b bad"] }, 502, "a bad; b bad"],
  ["an err", { err: { msg: "m", code: 503 } }, 503, "m"],
  ["Apigee", { fault: { faultstring: "access denied", detail: { errorcode: "a.b" } } }, 403, "access denied"],
  ["AWS, nested", { Error: { Code: "AccessDenied", Message: "m" } }, 403, "m"],
  ["MiniMax beside a choice in which nothing is", minimax({ index: 0, delta: {} }), 400, "m"],
  ["MiniMax beside an empty text", minimax({ index: 0, message: { role: "assistant", content: "" } }), 400, "m"],
  ["MiniMax beside nulls", minimax({ index: 0, finish_reason: null, delta: { tool_calls: null } }), 400, "m"],
  ["a word that sounds wrong", { code: "DataInspectionFailed", message: "m" }, 400, "m"],
  ["a word that says nothing, and words that do", { code: "e1", message: "Unauthorized" }, 401, "Unauthorized"],
  ["a word beside a number", { code: "queued", status_code: 503, message: "m" }, 503, "m"],
  ["an error's type beside a well code", { error: { code: 0, type: "server_error", message: "m" } }, 502, "m"],
  ["a list of errors", { error: [{ message: "m", code: 404 }] }, 404, "m"]
]

/** No error, whatever words or codes are in it. */
const well: ReadonlyArray<unknown> = [
  "none",
  "success",
  "OK",
  "No error",
  "000",
  0,
  { code: 0, message: "request ok" },
  { code: 0, message: "handled" },
  { code: "ok", message: "no error" },
  { code: "00000", message: "m" },
  { type: "none", message: null },
  { message: "Success", details: [] },
  { status_code: 200, message: "m" },
  [],
  [{ code: 0, message: "m" }],
  ["none"]
]

/** What is none before an answer has begun, and after it. */
const reports: ReadonlyArray<JsonObject.JsonObject> = [
  { type: "info", code: "cold_start", message: "Model is loading" },
  { code: "cold_start", message: "Model is loading" },
  { choices: [], code: "queued", message: "position 3" },
  { type: "rate_limit_info", message: "90% used" },
  { type: "rateLimitInfo", message: "90% used" },
  { event: "limits.status", message: "90% used" },
  { type: "queue_progress", code: 3, message: "m" },
  { msg: "success", code: "000000" },
  { code: 10000, message: "Success" },
  { code: 10000, msg: "Request succeeded." },
  { ret: 0, errmsg: "m" },
  { errcode: 0, errmsg: "ok" },
  { result_code: "0000", result_msg: "m" },
  { header: { code: 0, message: "Success", sid: "s" }, payload: {} },
  { Response: { RequestId: "r" } },
  { err: null },
  { err: {} },
  { fault: null },
  { errors: {} },
  { errors: [{}] },
  { reason: "stop" }
]

/** What belongs to an answer, or is nothing. */
const good: ReadonlyArray<readonly [what: string, body: JsonObject.JsonObject]> = [
  ["a chunk", { choices: [{ index: 0, delta: { content: "a" } }] }],
  [
    "a chunk with all that errors have",
    { choices: [{ delta: { content: "a" } }], code: 500, message: "m", base_resp: { status_code: 5 } }
  ],
  ["a chunk in which nothing is, and words", { choices: [{ index: 0, delta: {} }], code: 500, message: "m" }],
  ["a call beside MiniMax's code", minimax({ index: 0, delta: { tool_calls: [{ index: 0 }] } })],
  ["reasoning beside MiniMax's code", minimax({ index: 0, delta: { reasoning_content: "a" } })],
  ["a text beside MiniMax's code", minimax({ index: 0, text: "a" })],
  ["MiniMax's success", { base_resp: { status_code: 0, status_msg: "" }, choices: [] }],
  ["MiniMax's success in words", { base_resp: { status_code: 0, status_msg: "success" } }],
  ["usage", { choices: [], usage: { prompt_tokens: 1 } }],
  ["usage with a message", { choices: [], usage: { prompt_tokens: 1 }, message: "m", code: 5 }],
  [
    "Azure's first chunk",
    { choices: [], prompt_filter_results: [{ content_filter_results: { hate: { filtered: false } } }] }
  ],
  ["no error", { error: null }],
  ["an empty error", { error: {} }],
  ["an error in which nothing is said", { error: { message: "", code: null, type: "" } }],
  ["an error that is a success", { error: { code: 0, message: "success" } }],
  ["an error that is no", { error: false }],
  ["a list without errors", { error: [], errors: [] }],
  ["success by an error's code", { error_code: 0, error_msg: "m" }],
  ["success by code", { code: 0, message: "m" }],
  ["success by HTTP's number", { code: 200, msg: "ok", data: {} }],
  ["success by word", { code: "Success", message: "m" }],
  ["progress", { status: "processing", message: "You are the third in the queue." }],
  ["progress by number", { status: 102, message: "m" }],
  ["progress by type", { type: "progress", message: "m" }],
  ["a chunk by its name", { object: "chat.completion.chunk", message: "m" }],
  ["Ollama's own", { model: "m", message: { role: "assistant", content: "a" }, done: false }],
  ["an answer's start", { type: "message_start", message: { role: "assistant" } }],
  ["a message beside no choices", { choices: [], message: "m" }],
  ["a title", { title: "A chat of cats" }],
  ["a description of something", { type: "tool", description: "m" }],
  ["an answer's message beside a title", { message: { role: "assistant" }, title: "m", code: 5 }],
  ["something with a name", { name: "bob", message: "m" }],
  ["something else", { a: 1 }],
  ["nothing", {}]
]

function minimax(choice: JsonObject.JsonObject) {
  return { choices: [choice], base_resp: { status_code: 1027, status_msg: "m" } }
}

const data = (body: unknown) => JSON.stringify(body)
const errored = (end: AnswerRepair.StreamEnd | undefined) => (end?._tag === "Errored" ? end : undefined)

describe("ReportedError", () => {
  it("reads a number however it is written", () => {
    const statusOf = (json: string) =>
      ReportedError.inList([Option.getOrUndefined(JsonObject.parseValue(json))])?.status
    assert.strictEqual(statusOf('{"error":{"message":"m","code":4.29e2}}'), 429)
    assert.strictEqual(statusOf('{"code":404.0,"message":"m"}'), 404)
    assert.isUndefined(statusOf('{"base_resp":{"status_code":0.0,"status_msg":"m"}}'))
    assert.isUndefined(statusOf('{"code":0.0,"message":"m"}'))
  })

  for (const [who, body, status, message] of envelopes) {
    it(`is an error with its own words and status: ${who}`, () => {
      const reported = ReportedError.inAnswer(body)
      assert.strictEqual(reported?.status, status)
      assert.include(reported?.error.message, message)
    })

    it(`is the same in a 200, as an event at any time, in a list, and as an error response: ${who}`, () => {
      const whole = errored(repairWhole(body).end)
      const first = errored(repair([data(body)]).end)
      const later = errored(repair([data(delta({ content: "a" })), data(body)]).end)
      const listed = errored(repair([data([body])]).end)
      for (const each of [whole, first, later, listed, ReportedError.inList([body])]) {
        assert.deepStrictEqual([each?.status, each?.error], [status, ReportedError.inAnswer(body)?.error])
      }
      assert.deepStrictEqual(ErrorBody.read(data(body), status).error, whole?.error)
    })
  }

  for (const [what, body] of good) {
    it(`is none: ${what}`, () => assert.isUndefined(ReportedError.inAnswer(body)))
  }

  for (const error of well) {
    it(`is none beside an answer: ${data(error)}`, () => {
      const body = {
        ...chunk([{ index: 0, message: { role: "assistant", content: "a" }, finish_reason: "stop" }]),
        error
      }
      assert.isFalse(ReportedError.isError(error))
      assert.isUndefined(ReportedError.inAnswer(body))
      assert.strictEqual(repairWhole(body).end?._tag, "Finished")
    })
  }

  for (const body of reports) {
    it(`is none at any time: ${data(body)}`, () => {
      assert.isUndefined(ReportedError.inAnswer(body))
      assert.isUndefined(ReportedError.inAnswer(body, false, true))
    })
  }

  it("is none in the finish of an answer that has begun, whatever MiniMax's code", () => {
    const finish = minimax({ index: 0, delta: {}, finish_reason: "stop" })
    assert.isUndefined(ReportedError.inAnswer(finish, false, true))
    assert.isDefined(ReportedError.inAnswer(finish))
  })

  it("is none in an event with a name of its own, unless it is called one", () => {
    const progress = { message: "thinking", status: "error", code: 500 }
    assert.isUndefined(ReportedError.inAnswer(progress, true))
    for (const called of [{ error: "m" }, { type: "error", message: "m" }, { object: "error", message: "m" }]) {
      assert.strictEqual(ReportedError.inAnswer(called, true)?.error.message, "m")
    }
    const stream = AnswerRepair.make(options())
    assert.isUndefined(stream.push({ event: "agent.progress", data: data(progress) }).end)
    assert.strictEqual(stream.push({ event: "message", data: data(progress) }).end?._tag, "Errored")
  })

  it("is none in words alone once an answer has begun, unless they are an error's", () => {
    const words: ReadonlyArray<JsonObject.JsonObject> = [
      { message: "Searching the web" },
      { detail: "warming up" },
      { detail: { step: "warming up" } },
      { msg: "5 of 7" },
      { message: "Generation complete" },
      { detail: { tokens: 5 } },
      { status_msg: "Loading" },
      { model: "m", response: "x", message: "Loading" }
    ]
    for (const body of words) {
      assert.isUndefined(ReportedError.inAnswer(body, false, true), JSON.stringify(body))
      assert.isDefined(ReportedError.inAnswer(body), JSON.stringify(body))
      for (const more of [{ code: 500 }, { error_code: 7 }, { type: "server_error" }, { event: "failed" }]) {
        assert.isDefined(
          ReportedError.inAnswer({ ...body, ...more }, false, true),
          JSON.stringify({ ...body, ...more })
        )
      }
    }
    for (const message of ["Rate limit reached", "Service unavailable", "prompt is too long: 9 tokens > 8 maximum"]) {
      assert.isDefined(ReportedError.inAnswer({ message }, false, true), message)
    }
  })

  it("is in any envelope what it was, though an answer has begun", () => {
    for (const [who, body] of envelopes)
      assert.deepStrictEqual(ReportedError.inAnswer(body, false, true), ReportedError.inAnswer(body), who)
  })

  it("knows the names of events that are errors, however they are written", () => {
    const called = [
      "error",
      "Error",
      "ERROR",
      "failed",
      "response.failed",
      "response.error",
      "run_failed",
      "chat-error"
    ]
    for (const event of called) assert.isTrue(ReportedError.isCalledError(event), event)
    for (const event of [undefined, "", "message", "errors", "terror", "error.resolved", "failed_over", "progress"])
      assert.isFalse(ReportedError.isCalledError(event), event)
  })

  it("is none in any answer", () =>
    holds(anyAnswer, ({ body, chunks }) => {
      for (const each of [body, ...chunks]) assert.isUndefined(ReportedError.inAnswer(each))
    }))

  it("has for any value a status of an error, and words", () =>
    holds(fc.jsonValue(), (value) => {
      const { error, status } = ReportedError.of(value)
      assert.isTrue(status >= 400 && status < 600)
      assert.notStrictEqual(error.message.trim(), "")
    }))

  describe("of an answer that is empty because it was blocked", () => {
    const filtered = (is: boolean) => [
      { prompt_index: 0, content_filter_results: { hate: { filtered: is, severity: "high" } } }
    ]
    const feedback = { blockReason: "PROHIBITED_CONTENT" }
    const blocks: ReadonlyArray<readonly [who: string, body: JsonObject.JsonObject]> = [
      ["Gemini", { promptFeedback: feedback, usageMetadata: { promptTokenCount: 5 } }],
      ["Gemini's endpoint", { choices: [], promptFeedback: feedback, usage: { prompt_tokens: 5 } }],
      ["Azure", { choices: [], prompt_filter_results: filtered(true) }],
      ["Azure, with nothing that says so", { choices: [], prompt_filter_results: [{ prompt_index: 0 }] }],
      ["a moderation", { choices: [], moderation: { input: { results: [{ flagged: true }] } } }]
    ]
    for (const [who, body] of blocks) {
      it(`says so, and is nobody else's to answer: ${who}`, () => {
        const events = repair([data(body), "[DONE]"]).end
        for (const end of [errored(repairWhole(body).end), errored(events)]) {
          assert(end !== undefined)
          assert.deepStrictEqual([end.status, end.error.code], [400, "content_filter"])
          assert.include(end.error.message, "blocked")
          assert.isTrue(RetryPolicy.isPolicy(end.error))
          assert.isDefined(end.error.extras)
        }
      })
    }

    it("names Gemini's reason", () =>
      assert.include(ReportedError.inAnswer({ promptFeedback: feedback })?.error.message, "PROHIBITED_CONTENT"))

    it("but not where nothing was filtered", () => {
      const body = { choices: [], prompt_filter_results: filtered(false) }
      assert.strictEqual(errored(repairWhole(body).end)?.error.code, ErrorBody.noCapacity)
      assert.strictEqual(repair([data(body), "[DONE]"]).end?._tag, "Truncated")
    })

    it("nor where something was said after all", () => {
      const [first] = [{ ...chunk([]), prompt_filter_results: filtered(true) }]
      const { end } = repair([data(first), data(delta({ content: "a" })), data(delta({}, "stop")), "[DONE]"])
      assert.strictEqual(end?._tag, "Finished")
    })
  })
})
