import { assert, describe, it } from "@effect/vitest"
import * as fc from "effect/FastCheck"
import * as ErrorBody from "../../../src/domain/failure/ErrorBody.js"
import * as JsonObject from "../../../src/domain/json/JsonObject.js"
import * as JsonText from "../../../src/domain/json/JsonText.js"
import { holds } from "../generators.js"

const decode = (body: unknown, status = 400) => ErrorBody.read(JSON.stringify(body), status).error
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

  it("finds the words of an error response wherever they stand", () => {
    const several = Array.from({ length: 40 }, (_, n) => `e${n}`)
    for (const [body, message, over] of [
      [{ reason: "no" }, "no", {}],
      [{ err: { msg: "no" } }, "no", {}],
      [
        { errors: { temperature: ["must be less", "or none"] } },
        "temperature: must be less; or none",
        { param: "temperature" }
      ],
      [{ errors: { top_p: "bad", seed: ["worse"] } }, "top_p: bad; seed: worse", {}],
      [{ fault: { faultstring: "no" } }, "no", {}],
      [{ Response: { Error: { Code: "C", Message: "no" }, RequestId: "r" } }, "no", { code: "C" }],
      [{ success: false, errors: { code: "c", message: "no" } }, "no", { code: "c" }],
      [{ header: { code: 10013, message: "no" } }, "no", { code: "10013" }],
      [{ ret: -1, errmsg: "no" }, "no", { code: "-1" }],
      [{ result_code: "c", result_msg: "no" }, "no", { code: "c" }],
      [{ errors: ["a bad", "b bad"] }, "a bad; b bad", {}],
      [{ errors: several }, several.slice(0, 16).join("; "), {}]
    ] as const) {
      assert.deepStrictEqual(decode(body), error(message, over))
    }
    assert.isAtMost(decode({ errors: ["a".repeat(9_000), "b"] }).message.length, 4_000)
  })

  it("reads JSON in which Python has written numbers that are none, wherever it stands", () => {
    const loose = '{"error":{"message":"NaN is none","code":"c","loss":NaN,"n":[-Infinity]}}'
    const said = error("NaN is none", { code: "c", extras: { n: [null] } })
    assert.deepStrictEqual(ErrorBody.read(loose, 400).error, said)
    assert.deepStrictEqual(decode({ error: { message: loose } }), said)
    assert.deepStrictEqual(ErrorBody.read(`data: ${loose}\n\n`, 400).error, said)
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
      error("filtered", { param: "prompt", code: "content_filter", extras: { status: 400, innererror } })
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
      error("Extra inputs are not permitted; and so on", { code: "3280", extras: { detail } })
    )
  })

  it("reads FastAPI's detail", () => {
    assert.deepStrictEqual(decode({ detail: "Not Found" }, 404), error("Not Found", { type: "not_found_error" }))
    const detail = [{ loc: ["body", "n"], msg: "field required" }]
    assert.deepStrictEqual(decode({ detail }), error("field required", { extras: { detail } }))
    assert.deepStrictEqual(decode({ detail: { error: { message: "no", code: "c" } } }), error("no", { code: "c" }))
    assert.deepStrictEqual(decode({ detail: { a: 1 } }), error('{"a":1}'))
  })

  it("reads a list of one error (Gemini)", () => {
    assert.deepStrictEqual(
      decode([{ error: { code: 400, message: "bad", status: "INVALID_ARGUMENT", details: [] } }]),
      error("bad", { code: "400", extras: { status: "INVALID_ARGUMENT" } })
    )
  })

  it("reads an error that is a string (LM Studio)", () => {
    assert.deepStrictEqual(decode({ error: "Unexpected endpoint" }), error("Unexpected endpoint"))
    assert.deepStrictEqual(decode("boom"), error("boom"))
  })

  it("takes a text that is no JSON for the message", () => {
    assert.deepStrictEqual(
      ErrorBody.read(" upstream is busy\n", 503).error,
      error("upstream is busy", { type: "api_error" })
    )
  })

  it("takes the first message out of JSON that was cut off", () => {
    const quoted = JSON.stringify({
      detail: [{ type: "missing", msg: 'a "field" is required', input: "x".repeat(50) }]
    })
    assert.deepStrictEqual(ErrorBody.read(quoted.slice(0, -9), 422).error, error('a "field" is required'))
    const long = JSON.stringify({ error: { message: "a\u0001 b", code: 400 } })
    for (const [end, message] of [
      [-1, "a\u0001 b"],
      [24, "a"],
      [22, "a"]
    ] as const) {
      assert.strictEqual(ErrorBody.read(long.slice(0, end), 400).error.message, message)
    }
    assert.strictEqual(ErrorBody.read('{"message": ', 400).error.message, '{"message":')
  })

  it("never shows a page (Cloudflare)", () => {
    for (const page of ["<!DOCTYPE html><html>524</html>", "\n <html><body>challenge</body></html>"]) {
      assert.deepStrictEqual(
        ErrorBody.read(page, 524).error,
        error("The model provider answered with status 524.", { type: "api_error" })
      )
    }
  })

  it("says something of the status where the body says nothing", () => {
    for (const body of ["", "  ", "{}", "[]", "null", "42", '{"error":{}}', '{"error":""}', '{"error":null}']) {
      assert.deepStrictEqual(
        ErrorBody.read(body, 500).error,
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

  it("has its texts changed wherever they are, names of fields and digits too", () => {
    const extras = { key: "key", list: ["a key", 5, null, { deep: "key" }], number: 12345678, small: 1 }
    const changed = ErrorBody.mapTexts(error("no key", { code: "key", extras }), (text) =>
      text.replaceAll("key", "***").replaceAll("12345678", "***")
    )
    assert.deepStrictEqual(
      changed,
      error("no ***", {
        code: "***",
        extras: { "***": "***", list: ["a ***", 5, null, { deep: "***" }], number: "***", small: 1 }
      })
    )
    assert.notProperty(ErrorBody.mapTexts(error("no"), String), "extras")
  })

  describe("keeps what a backend says beside the four fields", () => {
    for (const [who, given, extras] of [
      ["Groq's failed generation", { failed_generation: "<tool_call>{" }, { failed_generation: "<tool_call>{" }],
      ["llama.cpp's counts", { n_ctx: 4096, n_prompt_tokens: 5001 }, { n_ctx: 4096, n_prompt_tokens: 5001 }],
      ["Gemini's details", { details: [{ reason: "API_KEY" }] }, { details: [{ reason: "API_KEY" }] }],
      ["nothing that is null or empty", { a: null, b: "", c: [], d: {}, e: 0, f: false }, { e: 0, f: false }]
    ] as const) {
      it(who, () => {
        assert.deepStrictEqual(decode({ error: { message: "m", ...given } }), error("m", { extras }))
        assert.deepStrictEqual(decode({ message: "m", ...given }), error("m", { extras }))
      })
    }

    it("but nothing of the envelope, and nothing of an account", () => {
      const beside = {
        object: "error",
        id: "a",
        created: 1,
        model: "m",
        choices: [],
        user_id: "user_1",
        success: false
      }
      assert.deepStrictEqual(decode({ error: { message: "m" }, ...beside }), error("m"))
      assert.deepStrictEqual(decode({ message: "m", ...beside }), error("m"))
      const metadata = { provider_name: "X", headers: { "x-ratelimit-limit": "5" } }
      assert.deepStrictEqual(
        decode({ error: { message: "m", metadata } }),
        error("m", { extras: { metadata: { provider_name: "X" } } })
      )
    })

    it("with the digits of its numbers", () => {
      const body = '{"error":{"message":"m","code":1.0,"a":[1.0,9223372036854775807],"b":{"c":1e400}}}'
      const said = ErrorBody.mapTexts(ErrorBody.bounded(ErrorBody.read(body, 400).error, 100), String)
      assert.strictEqual(
        JsonText.write(ErrorBody.written(said)),
        '{"message":"m","type":"invalid_request_error","param":null,"code":"1.0","a":[1.0,9223372036854775807],"b":{"c":1e400}}'
      )
    })

    it("and writes it beside them, where it cannot take their place", () => {
      const said = error("m", { extras: { a: 1, code: 7, message: 2, type: 3, param: 4 } })
      assert.deepStrictEqual(ErrorBody.written(ErrorBody.bounded(said, 100)), {
        message: "m",
        type: "invalid_request_error",
        param: null,
        code: null,
        a: 1
      })
    })

    it("as far as it is not too long", () => {
      const extras = { large: "x".repeat(100), small: "y", list: ["z"] }
      assert.deepStrictEqual(
        ErrorBody.bounded(error("m", { extras }), 50),
        error("m", { extras: { small: "y", list: ["z"] } })
      )
      assert.deepStrictEqual(ErrorBody.bounded(error("m", { extras: { large: "x".repeat(100) } }), 50), error("m"))
    })
  })

  describe("tells the innermost reason", () => {
    const openRouter = (raw: unknown) =>
      decode({ error: { message: "Provider returned error", code: 400, metadata: { raw, provider_name: "X" } } })

    it("of OpenRouter's metadata: a text, or JSON as a text, with the code that has a name", () => {
      assert.strictEqual(openRouter("slow down").message, "Provider returned error: slow down")
      const raw = { error: { message: "prompt is too long", type: "t", param: "messages", code: "too_long" } }
      for (const each of [JSON.stringify(raw), raw, JSON.stringify([raw]), JSON.stringify(JSON.stringify(raw))]) {
        const { extras, ...said } = openRouter(each)
        assert.include(said.message, "Provider returned error: ")
        assert.include(said.message, "prompt is too long")
        assert.deepStrictEqual(extras, { metadata: { raw: each, provider_name: "X" } })
        if (each !== JSON.stringify(JSON.stringify(raw))) {
          assert.deepStrictEqual(said, {
            message: "Provider returned error: prompt is too long",
            type: "t",
            param: "messages",
            code: "too_long"
          })
        }
      }
      assert.strictEqual(openRouter("<html>502</html>").message, "Provider returned error")
    })

    it("of a message that is JSON, which it stands for", () => {
      const inner = { error: { message: "overloaded", type: "overloaded_error", details: "wait" } }
      assert.deepStrictEqual(decode({ error: { message: JSON.stringify(inner), code: 529 } }, 529), {
        message: "overloaded: wait",
        type: "overloaded_error",
        param: null,
        code: "529",
        extras: { details: "wait" }
      })
      assert.strictEqual(decode({ error: JSON.stringify(inner) }).message, "overloaded: wait")
      assert.strictEqual(decode({ message: JSON.stringify({ detail: [{ msg: "no" }] }) }).message, "no")
      assert.strictEqual(decode({ message: '{"a":1}' }).message, '{"a":1}')
      assert.strictEqual(decode({ message: "{broken" }).message, "{broken")
    })

    it("of errors inside of one another, and of causes, once", () => {
      assert.strictEqual(
        decode({ error: { message: "outer", error: { message: "middle.", cause: { message: "inner" } } } }).message,
        "outer: middle: inner"
      )
      assert.strictEqual(decode({ error: { message: "failed: no", cause: { message: "no" } } }).message, "failed: no")
      assert.strictEqual(decode({ error: { error: { error: { message: "deep" } } } }).message, "deep")
    })

    it("as NestJS has it, where the error is but the name of the status", () => {
      assert.deepStrictEqual(
        decode({ statusCode: 400, message: ["a must be a text", "b is missing"], error: "Bad Request" }),
        error("a must be a text; b is missing", { code: "400", extras: { error: "Bad Request" } })
      )
    })

    it("of an event stream that came as an error response", () => {
      const said = ErrorBody.read('event: error\ndata: {"error":{"message":"no"}}\n\n', 400).error
      assert.deepStrictEqual(said, error("no"))
    })
  })

  it("reads the envelopes of other APIs", () => {
    for (const [given, message, code] of [
      [{ base_resp: { status_code: 1004, status_msg: "login fail" } }, "login fail", "1004"],
      [{ code: 20012, message: "Model does not exist", data: null }, "Model does not exist", "20012"],
      [{ code: "InvalidParameter", message: "bad", request_id: undefined }, "bad", "InvalidParameter"],
      [{ code: 500, msg: "busy", success: false }, "busy", "500"],
      [{ error_code: 18, error_msg: "Open api qps request limit reached" }, "Open api qps request limit reached", "18"],
      [{ success: false, errors: [{ code: 7003, message: "no route" }], messages: [] }, "no route", "7003"],
      [{ type: "error", error: { type: "invalid_request_error", message: "bad" } }, "bad", null],
      [{ code: "Client specified an invalid argument", error: "bad" }, "bad", "Client specified an invalid argument"],
      [{ Message: "bad" }, "bad", null]
    ] as const) {
      const { code: told, message: said, type } = decode(given)
      assert.deepStrictEqual([said, told, type], [message, code, "invalid_request_error"], JSON.stringify(given))
    }
  })

  /** An error inside of errors, in every way that is known of. */
  const nestings: ReadonlyArray<(inner: object) => object> = [
    (inner) => ({ error: inner }),
    (inner) => [inner],
    (inner) => ({ error: { message: "outer", error: inner } }),
    (inner) => ({ error: { message: JSON.stringify(inner), code: 500 } }),
    (inner) => ({ error: { message: "outer", metadata: { raw: JSON.stringify(inner) } } }),
    (inner) => ({ message: "outer", cause: inner }),
    (inner) => ({ detail: inner }),
    (inner) => ({ errors: [inner] })
  ]

  it("for any few errors inside of one another: the innermost reason is told, whatever is around it", () =>
    holds(fc.array(fc.constantFrom(...nestings), { maxLength: 3 }), (around) => {
      const value = around.reduce<object>((inner, nest) => nest(inner), { message: "the reason" })
      assert.include(decode(value).message, "the reason")
    }))

  it("for any value in any of them: message and type are texts that are not empty, and nothing hides the four fields", () =>
    holds(fc.tuple(fc.jsonValue(), fc.array(fc.constantFrom(...nestings), { maxLength: 9 })), ([given, around]) => {
      const value = around.reduce<object>((inner, nest) => nest(inner), {
        message: given,
        ...JsonObject.orEmpty(given)
      })
      const said = ErrorBody.written(decode(value))
      for (const each of [said["message"], said["type"]]) assert.isTrue(typeof each === "string" && each.trim() !== "")
      for (const each of [said["param"], said["code"]]) assert.isTrue(each === null || typeof each === "string")
    }))
})
