import { assert, describe, it } from "@effect/vitest"
import * as fc from "effect/FastCheck"
import * as FinishReason from "../../../../src/domain/chat/answer/FinishReason.js"
import { holds } from "../../generators.js"

const words = (text: string): ReadonlyArray<string> => text.split(", ")

const known: Record<FinishReason.FinishReason, ReadonlyArray<string>> = {
  stop: words(
    "stop, eos, end_turn, stop_sequence, complete, STOP, FinishReason.STOP, FINISH_REASON_STOP, eosFound, no_error"
  ),
  length: [
    ...words("length, max_tokens, MAX_TOKENS, maxTokens, model_length, model_context_window_exceeded, MAX_LENGTH"),
    ...words(
      "max_output_tokens, max_completion_tokens, context_length_exceeded, token_limit, length-limit, Max Tokens"
    ),
    ...words("ERROR_LIMIT, REASON_MAX_LEN, max_context, time_limit, max_output, context_exceeded, incomplete, limit")
  ],
  tool_calls: ["tool_calls", "tool_use"],
  function_call: ["function_call"],
  content_filter: [
    ...words(
      "content_filter, safety, SAFETY, RECITATION, guardrail_intervened, refusal, sensitive, PROHIBITED_CONTENT"
    ),
    ...words("SPII, BLOCKLIST, IMAGE_SAFETY, content_filter: hate, contentFiltered, content_filter_error, model_armor"),
    ...words("ERROR_TOXIC, unsafe, copyright, policy_violation, toxicity, blacklist")
  ]
}

const broken = [
  ...words(
    "network_error, insufficient_system_resource, abort, aborted, ERROR, error, MALFORMED_FUNCTION_CALL, failed"
  ),
  ...words("UNEXPECTED_TOOL_CALL, internal-error, serverError, timeout, timed_out, cancelled, overloaded, unavailable"),
  ...words("modelUnloaded, out_of_memory, exception, internal, rate_limit, MISSING_THOUGHT_SIGNATURE")
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
    assert.strictEqual(FinishReason.decode(["length"]), "length")
    assert.strictEqual(FinishReason.decode(1), "stop")
    assert.isUndefined(FinishReason.decode({ type: "" }))
  })

  it("hears nothing in nothing", () => {
    const words = ["", "null", "None", "FINISH_REASON_UNSPECIFIED", "not_finished"]
    for (const nothing of [...words, null, undefined, false, {}, []]) assert.isUndefined(FinishReason.decode(nothing))
  })

  it("is a legal reason for any word, and stays what it is", () =>
    holds(fc.string({ minLength: 1 }), (word) => {
      const reason = FinishReason.decode(word)
      if (reason === undefined) return
      assert.include([...Object.keys(known), "broken"], reason)
      if (reason !== "broken") assert.strictEqual(FinishReason.decode(reason), reason)
    }))
})
