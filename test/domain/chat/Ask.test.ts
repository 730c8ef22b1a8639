import { assert, describe, it } from "@effect/vitest"
import * as Either from "effect/Either"
import * as Ask from "../../../src/domain/chat/Ask.js"
import * as OpenAiChatClient from "../../../src/domain/protocol/openai-chat/OpenAiChatClient.js"
import * as OpenAiTextClient from "../../../src/domain/protocol/openai-text/OpenAiTextClient.js"
import type * as JsonObject from "../../../src/domain/json/JsonObject.js"

const body = (over: JsonObject.JsonObject = {}) => ({
  model: "m",
  messages: [{ role: "user", content: "hi" }],
  ...over
})
const chat = OpenAiChatClient.protocol
const text = OpenAiTextClient.protocol
const decode = (value: unknown, protocol = chat) => protocol.decode(JSON.stringify(value))
const decoded = (value: unknown, protocol = chat) => Either.getOrThrow(decode(value, protocol))
const refusal = (text: string, protocol = chat) => {
  const failure = Either.getOrThrow(Either.flip(protocol.decode(text)))
  assert(failure._tag === "BodyMalformed")
  return { message: failure.message, param: failure.param }
}
const refused = (value: unknown, protocol = chat) => refusal(JSON.stringify(value), protocol)

describe("Ask", () => {
  it("is not read where it holds more values than it may, or is nested too deeply", () => {
    const tooMuch = (value: unknown, most?: number) => {
      const failure = Either.getOrThrow(Either.flip(chat.decode(JSON.stringify(value), most)))
      return { tag: failure._tag, message: failure.message }
    }
    const deep = `${"[".repeat(600)}${"]".repeat(600)}`
    assert.deepStrictEqual(tooMuch(body({ list: Array.from({ length: 200 }, () => 1) }), 100), {
      tag: "BodyTooComplex",
      message: "The request body holds more than the limit of 100 values."
    })
    assert.deepStrictEqual(tooMuch(body({ list: JSON.parse(deep) })), {
      tag: "BodyTooComplex",
      message: "The request body is nested in more than the limit of 512 levels."
    })
  })

  it("holds the few known fields and the whole body", () => {
    const whole = body({ stream: true, stream_options: { include_usage: true }, vendor: [1] })
    assert.deepStrictEqual(decoded(whole), {
      operation: "chat",
      model: "m",
      stream: true,
      includeUsage: true,
      body: whole
    })
  })

  it("streams and reports usage only where the caller said so", () => {
    for (const stream of [undefined, null, false]) assert.isFalse(decoded(body({ stream })).stream)
    for (const stream_options of [
      undefined,
      null,
      {},
      { include_usage: null },
      { include_usage: false },
      { other: 1 }
    ]) {
      assert.isFalse(decoded(body({ stream_options })).includeUsage)
    }
  })

  it("needs no prompt and no messages of a legacy completion", () => {
    assert.strictEqual(decoded({ model: "m" }, text).operation, "text")
  })

  it("refuses what is not a JSON object", () => {
    for (const text of ["", "{", "[]", "null", '"text"', "42", "undefined"]) {
      assert.deepStrictEqual(refusal(text), { message: "The request body must be a JSON object.", param: null }, text)
    }
  })

  it("names the parameter that is missing", () => {
    assert.deepStrictEqual(refused({ messages: [] }), {
      message: "Missing required parameter: 'model'.",
      param: "model"
    })
    assert.deepStrictEqual(refused({ model: "m" }), {
      message: "Missing required parameter: 'messages'.",
      param: "messages"
    })
    assert.strictEqual(refused({}, text).param, "model")
  })

  it("names the parameter that is wrong", () => {
    for (const model of [null, 5, "", []]) assert.strictEqual(refused(body({ model })).param, "model")
    for (const messages of [null, "hi", [], [5], [{}], [{ role: 1 }], {}]) {
      assert.strictEqual(refused(body({ messages })).param, "messages")
    }
    for (const stream of ["true", 1, {}]) assert.strictEqual(refused(body({ stream })).param, "stream")
    for (const stream_options of ["yes", 1, { include_usage: "yes" }]) {
      assert.strictEqual(refused(body({ stream_options })).param, "stream_options")
      assert.strictEqual(refused({ model: "m", stream_options }, text).param, "stream_options")
    }
    assert.match(refused(body({ stream: "true" })).message, /^Invalid 'stream': expected a boolean/)
  })

  it("knows a request with tools", () => {
    const tool = { type: "function", function: { name: "f" } }
    assert.isTrue(Ask.usesTools(decoded(body({ tools: [tool] }))))
    assert.isTrue(Ask.usesTools(decoded(body({ functions: [{ name: "f" }] }))))
    for (const tools of [undefined, null, []]) assert.isFalse(Ask.usesTools(decoded(body({ tools }))))
  })

  it("knows a message that carries more than text", () => {
    const multimodal = (content: unknown) =>
      Ask.isMultimodal(
        decoded(
          body({
            messages: [
              { role: "system", content: "s" },
              { role: "user", content }
            ]
          })
        )
      )
    for (const type of ["image_url", "input_audio", "file"])
      assert.isTrue(multimodal([{ type: "text", text: "a" }, { type }]))
    for (const content of ["a", null, [], [{ type: "text", text: "a" }]]) assert.isFalse(multimodal(content))
    assert.isFalse(Ask.isMultimodal(decoded({ model: "m", prompt: "a" }, text)))
  })
})
