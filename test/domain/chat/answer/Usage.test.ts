import { assert, describe, it } from "@effect/vitest"
import * as fc from "effect/FastCheck"
import type * as JsonObject from "../../../../src/domain/json/JsonObject.js"
import * as Usage from "../../../../src/domain/chat/answer/Usage.js"
import { holds } from "../../generators.js"

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

describe("Usage", () => {
  it("reads the three counts", () => {
    assert.deepStrictEqual(Usage.decode({ prompt_tokens: 1, completion_tokens: 2, total_tokens: 9 }), counts(1, 2, 9))
  })

  it("takes a missing count for 0 and a missing total for the sum", () => {
    assert.deepStrictEqual(Usage.decode({ prompt_tokens: 1, completion_tokens: 2 }), counts(1, 2, 3))
    assert.deepStrictEqual(Usage.decode({ completion_tokens: 2, total_tokens: null }), counts(0, 2, 2))
    assert.deepStrictEqual(Usage.decode({ total_tokens: 9 }), counts(0, 0, 9))
    assert.deepStrictEqual(Usage.decode({ prompt_tokens: 0 }), counts(0, 0, 0))
  })

  it("counts no nonsense", () => {
    const nonsense = { prompt_tokens: -1, completion_tokens: "2.5", total_tokens: Number.NaN }
    assert.isUndefined(Usage.decode(nonsense))
    assert.isUndefined(Usage.decode({}))
    assert.deepStrictEqual(Usage.decode({ ...nonsense, total_tokens: 2.9 }), counts(0, 0, 2))
  })

  it("is found at the top, with Groq's extras, or in Moonshot's first choice, in this order", () => {
    const [top, groq, moonshot] = [{ total_tokens: 1 }, { total_tokens: 2 }, { total_tokens: 3 }]
    const choices = [{ usage: moonshot }]
    const total = (body: object) => Usage.find({ ...body })?.["total_tokens"]
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
      assert.isUndefined(Usage.find(body))
    }
  })

  it("is completed without losing anything", () => {
    const details = { prompt_tokens_details: { cached_tokens: 1 } }
    assert.deepStrictEqual(Usage.complete({ prompt_tokens: 1, ...details }), {
      prompt_tokens: 1,
      completion_tokens: 0,
      total_tokens: 1,
      ...details
    })
    assert.isUndefined(Usage.complete({ cost: "0" }))
  })

  it("for any counts: completing says the same and is done once", () =>
    holds(
      fc.record(
        {
          prompt_tokens: fc.oneof(fc.integer(), fc.constant(null)),
          completion_tokens: fc.oneof(fc.double(), fc.constant("x")),
          total_tokens: fc.integer()
        },
        { requiredKeys: [] }
      ),
      (usage) => {
        const complete = Usage.complete(usage)
        if (complete === undefined) return assert.isUndefined(Usage.decode(usage))
        assert.deepStrictEqual(Usage.decode(complete), Usage.decode(usage))
        assert.deepStrictEqual(Usage.complete(complete), complete)
      }
    ))

  it("is put together from what several chunks say, and no count becomes nothing again", () => {
    const reports = [{ prompt_tokens: 10, total_tokens: 10 }, { completion_tokens: 5 }, { prompt_tokens: 0 }]
    const merged = reports.reduce(
      (before: JsonObject.JsonObject | undefined, more) => Usage.merge(before, more),
      undefined
    )
    assert.deepStrictEqual(Usage.complete(merged ?? {}), { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15 })
    assert.deepStrictEqual(Usage.complete(Usage.merge(counted(3, 0, 3), counted(0, 2, 2))), counted(3, 2, 5))
    const details = { completion_tokens_details: { reasoning_tokens: 3 } }
    const zeros = {
      prompt_tokens: 0,
      completion_tokens: 0,
      total_tokens: 0,
      completion_tokens_details: { reasoning_tokens: 0 }
    }
    assert.deepStrictEqual(Usage.merge({ ...counted(1, 2, 3), ...details }, zeros), { ...counted(1, 2, 3), ...details })
  })

  it("is read under the names of others", () => {
    const found = (body: JsonObject.JsonObject) => Usage.decode(Usage.find(body) ?? {})
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
  })
})
