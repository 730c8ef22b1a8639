import { assert, describe, it } from "@effect/vitest"
import type * as JsonObject from "../../../../src/domain/json/JsonObject.js"
import * as Usage from "../../../../src/domain/chat/answer/Usage.js"
import * as UsageReports from "../../../../src/domain/chat/answer/UsageReports.js"

const counts = (promptTokens: number, completionTokens: number, totalTokens: number) => ({
  promptTokens,
  completionTokens,
  totalTokens
})

const counted = (prompt_tokens: number, completion_tokens: number, total_tokens: number) => ({
  prompt_tokens,
  completion_tokens,
  total_tokens
})

const inBody = (body: JsonObject.JsonObject) => {
  const usage = UsageReports.make()
  usage.hear(body)
  return usage.told()
}

const told = (...reports: ReadonlyArray<JsonObject.JsonObject>) => {
  const usage = UsageReports.make()
  for (const report of reports) usage.hear({ usage: report })
  return usage.told()
}

describe("UsageReports", () => {
  it("is found at the top, with Groq's extras, or in Moonshot's first choice, in this order", () => {
    const [top, groq, moonshot] = [{ total_tokens: 1 }, { total_tokens: 2 }, { total_tokens: 3 }]
    const choices = [{ usage: moonshot }]
    const total = (body: object) => inBody({ ...body })?.["total_tokens"]
    assert.strictEqual(total({ usage: top, x_groq: { usage: groq }, choices }), 1)
    assert.strictEqual(total({ usage: null, x_groq: { usage: groq }, choices }), 2)
    assert.strictEqual(total({ usage: {}, x_groq: { usage: groq }, choices }), 2)
    assert.strictEqual(total({ usage: null, x_groq: {}, choices }), 3)
    for (const body of [
      {},
      { usage: null },
      { usage: {} },
      { usage: 5, x_groq: null, choices: null },
      { choices: [null] }
    ]) {
      assert.isUndefined(inBody(body))
    }
  })

  it("are put together, and no count becomes nothing again", () => {
    assert.deepStrictEqual(
      told({ prompt_tokens: 10, total_tokens: 10 }, { completion_tokens: 5 }, { prompt_tokens: 0 }),
      counted(10, 5, 15)
    )
    assert.deepStrictEqual(told(counted(3, 0, 3), counted(0, 2, 2)), counted(3, 2, 5))
    const details = { completion_tokens_details: { reasoning_tokens: 3 } }
    const zeros = { ...counted(0, 0, 0), completion_tokens_details: { reasoning_tokens: 0 } }
    assert.deepStrictEqual(told({ ...counted(1, 2, 3), ...details }, zeros), { ...counted(1, 2, 3), ...details })
  })

  it("do not change what was told of them before", () => {
    const usage = UsageReports.make()
    usage.hear({ usage: { ...counted(1, 1, 2), details: { a: 1 } } })
    usage.hear({ usage: { ...counted(1, 2, 3), details: { a: 2 } } })
    const before = usage.told()
    usage.hear({ usage: { ...counted(1, 3, 4), details: { a: 3 } } })
    assert.deepStrictEqual(before, { ...counted(1, 2, 3), details: { a: 2 } })
  })

  it("are read under the names of others", () => {
    const found = (body: JsonObject.JsonObject) => Usage.decode(inBody(body) ?? {})
    assert.deepStrictEqual(found({ usage: { input_tokens: 3, output_tokens: 4 } }), counts(3, 4, 7))
    assert.deepStrictEqual(
      found({ usage: { input_tokens: 3, cache_read_input_tokens: 2, output_tokens: 4 } }),
      counts(5, 4, 9)
    )
    const gemini = { promptTokenCount: 3, candidatesTokenCount: 4, thoughtsTokenCount: 2, totalTokenCount: 9 }
    assert.deepStrictEqual(found({ usageMetadata: gemini }), counts(3, 6, 9))
    assert.deepStrictEqual(found({ timings: { prompt_n: 3, cache_n: 2, predicted_n: 4 } }), counts(5, 4, 9))
    assert.deepStrictEqual(found({ timings: { prompt_n: 3 } }), undefined)
    assert.deepStrictEqual(found({ usage: { prompt_tokens: "3", completion_tokens: "4" } }), counts(3, 4, 7))
    assert.deepStrictEqual(found({ usage: { inputTokens: 3, outputTokens: 4, totalTokens: 7 } }), counts(3, 4, 7))
    assert.deepStrictEqual(found({ usage: { total_tokens: 7, input_tokens: 3, output_tokens: 4 } }), counts(3, 4, 7))
    assert.deepStrictEqual(
      found({ usage: { ...counted(0, 0, 0), input_tokens: 3, output_tokens: 4 } }),
      counts(3, 4, 7)
    )
    assert.deepStrictEqual(found({ usage: [{ prompt_tokens: 3, completion_tokens: 4 }] }), counts(3, 4, 7))
    assert.deepStrictEqual(found({ usage: { tokens: { input_tokens: 3, output_tokens: 4 } } }), counts(3, 4, 7))
    assert.deepStrictEqual(found({ prompt_eval_count: 3, eval_count: 4 }), counts(3, 4, 7))
    const thoughts = { promptTokenCount: 5, thoughtsTokenCount: 100, totalTokenCount: 105 }
    assert.deepStrictEqual(found({ usageMetadata: thoughts }), counts(5, 100, 105))
  })
})
