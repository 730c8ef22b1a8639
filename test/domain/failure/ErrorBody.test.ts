import { assert, describe, it } from "@effect/vitest"
import * as fc from "effect/FastCheck"
import * as ErrorBody from "../../../src/domain/failure/ErrorBody.js"
import { holds } from "../generators.js"

const decode = (body: unknown, status = 400) => ErrorBody.decode(JSON.stringify(body), status)
const error = (message: string, over: Partial<ErrorBody.ErrorBody> = {}): ErrorBody.ErrorBody => ({
  message,
  type: "invalid_request_error",
  param: null,
  code: null,
  ...over
})

describe("ErrorBody", () => {
  it("reads OpenAI's own shape", () => {
    const own = { message: "boom", type: "t", param: "p", code: "c" }
    assert.deepStrictEqual(decode({ error: own }), own)
  })

  it("fills what is missing or null", () => {
    assert.deepStrictEqual(decode({ error: { message: "boom" } }), error("boom"))
    assert.deepStrictEqual(decode({ error: { message: "boom", type: null, param: null, code: null } }), error("boom"))
    assert.deepStrictEqual(decode({ error: { message: "boom", type: "", param: "", code: "" } }), error("boom"))
  })

  it("takes the type from the status where there is none", () => {
    const types = [400, 401, 403, 404, 422, 429, 500, 503].map(
      (status) => decode({ error: { message: "m" } }, status).type
    )
    assert.deepStrictEqual(types, [
      "invalid_request_error",
      "authentication_error",
      "permission_error",
      "not_found_error",
      "invalid_request_error",
      "rate_limit_error",
      "api_error",
      "api_error"
    ])
  })

  it("turns a numeric code into text (OpenRouter)", () => {
    assert.deepStrictEqual(
      decode({ error: { code: 402, message: "pay", metadata: {} } }, 402),
      error("pay", { code: "402" })
    )
  })

  it("keeps the code and innererror of a content filter (Azure)", () => {
    const innererror = { code: "ResponsibleAIPolicyViolation", content_filter_result: {} }
    assert.deepStrictEqual(
      decode({
        error: { message: "filtered", type: null, param: "prompt", code: "content_filter", status: 400, innererror }
      }),
      { ...error("filtered", { param: "prompt", code: "content_filter" }), innererror }
    )
  })

  it("reads a flat error (older vLLM)", () => {
    assert.deepStrictEqual(
      decode({ object: "error", message: "boom", type: "BadRequestError", param: null, code: 400 }),
      error("boom", { type: "BadRequestError", code: "400" })
    )
  })

  it("reads a message that is an object (Mistral)", () => {
    const detail = [
      { type: "extra_forbidden", loc: ["body", "store"], msg: "Extra inputs are not permitted" },
      { msg: "and so on" }
    ]
    assert.deepStrictEqual(
      decode({ object: "error", message: { detail }, type: "invalid_request_error", param: null, code: "3280" }, 422),
      error("Extra inputs are not permitted; and so on", { code: "3280" })
    )
  })

  it("reads FastAPI's detail", () => {
    assert.deepStrictEqual(decode({ detail: "Not Found" }, 404), error("Not Found", { type: "not_found_error" }))
    assert.deepStrictEqual(decode({ detail: [{ loc: ["body"], msg: "field required" }] }), error("field required"))
    assert.deepStrictEqual(decode({ detail: { a: 1 } }), error('{"a":1}'))
  })

  it("reads a list of one error (Gemini)", () => {
    assert.deepStrictEqual(
      decode([{ error: { code: 400, message: "bad", status: "INVALID_ARGUMENT", details: [] } }]),
      error("bad", { code: "400" })
    )
  })

  it("reads an error that is a string (LM Studio)", () => {
    assert.deepStrictEqual(decode({ error: "Unexpected endpoint" }), error("Unexpected endpoint"))
    assert.deepStrictEqual(decode("boom"), error("boom"))
  })

  it("takes a text that is no JSON for the message", () => {
    assert.deepStrictEqual(
      ErrorBody.decode(" upstream is busy\n", 503),
      error("upstream is busy", { type: "api_error" })
    )
  })

  it("never shows a page (Cloudflare)", () => {
    for (const page of ["<!DOCTYPE html><html>524</html>", "\n <html><body>challenge</body></html>"]) {
      assert.deepStrictEqual(
        ErrorBody.decode(page, 524),
        error("The model provider answered with status 524.", { type: "api_error" })
      )
    }
  })

  it("says something of the status where the body says nothing", () => {
    for (const body of ["", "  ", "{}", "[]", "null", "42", '{"error":{}}', '{"error":""}', '{"error":null}']) {
      assert.deepStrictEqual(
        ErrorBody.decode(body, 500),
        error("The model provider answered with status 500.", { type: "api_error" }),
        body
      )
    }
  })

  it("for any JSON: every field is present and a text or null, message and type are never empty", () =>
    holds(fc.jsonValue(), (value) => {
      const { message, type, param, code } = decode(value)
      assert.isAbove(message.trim().length, 0)
      assert.isAbove(type.length, 0)
      for (const each of [param, code]) assert.isTrue(each === null || typeof each === "string")
    }))

  it("has its texts changed wherever they are, and the names of fields of an inner error", () => {
    const innererror = { key: "key", list: ["a key", 5, null, { deep: "key" }] }
    const changed = ErrorBody.mapTexts({ ...error("no key", { code: "key" }), innererror }, (text) =>
      text.replaceAll("key", "***")
    )
    assert.deepStrictEqual(changed, {
      ...error("no ***", { code: "***" }),
      innererror: { "***": "***", list: ["a ***", 5, null, { deep: "***" }] }
    })
    assert.notProperty(ErrorBody.mapTexts(error("no"), String), "innererror")
  })

  it("knows that a prompt was too long, by its code or its wording", () => {
    const wordings = [
      "This model's maximum context length is 8192 tokens.",
      "Your input exceeds the context window of this model.",
      "the request exceeds the available context size, try increasing it",
      "prompt is too long: 210000 tokens > 200000 maximum",
      "context_length_exceeded"
    ]
    for (const message of wordings) assert.isTrue(ErrorBody.isContextLength(error(message)), message)
    assert.isTrue(ErrorBody.isContextLength(error("no", { code: "context_length_exceeded" })))
    for (const message of ["Invalid 'max_tokens'", "content is too long", "the context is missing"]) {
      assert.isFalse(ErrorBody.isContextLength(error(message)), message)
    }
  })
})
