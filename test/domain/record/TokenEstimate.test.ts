import { assert, describe, it } from "@effect/vitest"
import * as TokenEstimate from "../../../src/domain/record/TokenEstimate.js"

const said = (message: object) => ({ choices: [{ index: 0, message: { role: "assistant", ...message } }] })

describe("an estimate of tokens", () => {
  it("takes four bytes of UTF-8 for one", () => {
    for (const [text, tokens] of [
      ["", 0],
      ["a", 1],
      ["abcd", 1],
      ["abcde", 2],
      ["привет", 3],
      ["日本語で", 3],
      ["🙂🙂", 2]
    ] as const) {
      assert.strictEqual(TokenEstimate.ofAnswer(said({ content: text })), tokens, text)
    }
  })

  it("counts all that was said, thought and called, in every choice", () => {
    const call = { index: 0, id: "call_123456789", type: "function", function: { name: "abcd", arguments: '{"a":1}' } }
    const plain = TokenEstimate.ofAnswer(said({ content: "abcd" }))
    assert.isAbove(TokenEstimate.ofAnswer(said({ content: "abcd", tool_calls: [call] })), plain)
    assert.strictEqual(TokenEstimate.ofAnswer(said({ reasoning: "abcd", reasoning_content: "abcd" })), 1)
    assert.strictEqual(TokenEstimate.ofAnswer({ choices: [{ text: "abcd" }, { text: "efgh" }] }), 2)
    assert.strictEqual(TokenEstimate.ofAnswer({}), 0)
  })

  it("counts a request's messages, prompt and tools, and no pictures", () => {
    const text = "x".repeat(400)
    const ofText = TokenEstimate.ofRequest({ model: text, messages: [{ role: "user", content: text }] })
    assert.isAtLeast(ofText, 100)
    assert.isBelow(ofText, 110)
    const url = `data:image/png;base64,${"A".repeat(4_000)}`
    const parts = [
      { type: "text", text },
      { type: "image_url", image_url: { url } },
      { type: "input_audio", input_audio: { data: "A".repeat(4_000), format: "wav" } }
    ]
    assert.isBelow(TokenEstimate.ofRequest({ messages: [{ role: "user", content: parts }] }), 150)
    assert.strictEqual(TokenEstimate.ofRequest({ prompt: text }), 100)
    assert.strictEqual(TokenEstimate.ofRequest({ prompt: [1, 22, 333] }), 3)
    assert.isAbove(TokenEstimate.ofRequest({ messages: [], tools: [{ function: { name: text } }] }), 100)
  })
})
