import { assert, describe, it } from "@effect/vitest"
import * as fc from "effect/FastCheck"
import * as FinishReason from "../../../../src/domain/chat/answer/FinishReason.js"
import { holds } from "../../generators.js"

const known: Record<FinishReason.FinishReason, ReadonlyArray<string>> = {
  stop: ["stop", "eos", "end_turn", "stop_sequence", "complete", "STOP", "FinishReason.STOP", "FINISH_REASON_STOP"],
  length: [
    ...[
      "length",
      "max_tokens",
      "MAX_TOKENS",
      "maxTokens",
      "model_length",
      "model_context_window_exceeded",
      "MAX_LENGTH"
    ],
    ...[
      "max_output_tokens",
      "max_completion_tokens",
      "context_length_exceeded",
      "token_limit",
      "length-limit",
      "Max Tokens"
    ]
  ],
  tool_calls: ["tool_calls", "tool_use"],
  function_call: ["function_call"],
  content_filter: [
    "content_filter",
    "safety",
    "SAFETY",
    "RECITATION",
    "guardrail_intervened",
    "refusal",
    "sensitive",
    ...["PROHIBITED_CONTENT", "SPII", "BLOCKLIST", "IMAGE_SAFETY", "content_filter: hate", "contentFiltered"],
    ...["content_filter_error", "model_armor"]
  ]
}

const broken = [
  ...["network_error", "insufficient_system_resource", "abort", "aborted", "ERROR", "error", "MALFORMED_FUNCTION_CALL"],
  ...[
    "UNEXPECTED_TOOL_CALL",
    "internal-error",
    "serverError",
    "timeout",
    "timed_out",
    "cancelled",
    "failed",
    "overloaded"
  ]
]

describe("FinishReason", () => {
  for (const [reason, words] of Object.entries(known)) {
    it(`reads ${words.join(", ")} as ${reason}`, () => {
      for (const word of words) assert.strictEqual(FinishReason.decode(word), reason, word)
    })
  }

  it(`reads ${broken.join(", ")} as a choice that was broken off`, () => {
    for (const word of broken) assert.strictEqual(FinishReason.decode(word), "broken", word)
  })

  it("reads any other word as stop, and knows that it did not know it", () => {
    assert.strictEqual(FinishReason.decode("whatever"), "stop")
    assert.isTrue(FinishReason.isUnknown("whatever"))
    for (const word of [...Object.values(known).flat(), ...broken]) assert.isFalse(FinishReason.isUnknown(word), word)
  })

  it("reads a word within an object", () => {
    assert.strictEqual(FinishReason.decode({ type: "length" }), "length")
    assert.strictEqual(FinishReason.decode({ reason: "MAX_TOKENS" }), "length")
    assert.isUndefined(FinishReason.decode({ type: "" }))
  })

  it("hears nothing in nothing", () => {
    for (const nothing of ["", null, undefined, 0, false, {}]) assert.isUndefined(FinishReason.decode(nothing))
  })

  it("is a legal reason for any word, and stays what it is", () =>
    holds(fc.string({ minLength: 1 }), (word) => {
      const reason = FinishReason.decode(word)
      assert.include([...Object.keys(known), "broken"], reason)
      if (reason !== "broken") assert.strictEqual(FinishReason.decode(reason), reason)
    }))
})
