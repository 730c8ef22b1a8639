import { assert, describe, it } from "@effect/vitest"
import * as fc from "effect/FastCheck"
import * as FinishReason from "../../../../src/domain/chat/answer/FinishReason.js"
import { holds } from "../../generators.js"

const known: Record<FinishReason.FinishReason, ReadonlyArray<string>> = {
  stop: ["stop", "eos", "end_turn", "stop_sequence", "complete", "STOP"],
  length: ["length", "max_tokens", "MAX_TOKENS", "model_length"],
  tool_calls: ["tool_calls", "tool_use"],
  function_call: ["function_call"],
  content_filter: ["content_filter", "safety", "SAFETY", "RECITATION", "guardrail_intervened", "refusal", "sensitive"]
}

describe("FinishReason", () => {
  for (const [reason, words] of Object.entries(known)) {
    it(`reads ${words.join(", ")} as ${reason}`, () => {
      for (const word of words) assert.strictEqual(FinishReason.decode(word), reason, word)
    })
  }

  it("reads any other word as stop", () => {
    assert.strictEqual(FinishReason.decode("whatever"), "stop")
  })

  it("hears nothing in nothing", () => {
    for (const nothing of ["", null, undefined, 0, false, {}]) assert.isUndefined(FinishReason.decode(nothing))
  })

  it("is a legal reason for any word, and stays what it is", () =>
    holds(fc.string({ minLength: 1 }), (word) => {
      const reason = FinishReason.decode(word)
      assert.include(Object.keys(known), reason)
      assert.strictEqual(FinishReason.decode(reason), reason)
    }))
})
