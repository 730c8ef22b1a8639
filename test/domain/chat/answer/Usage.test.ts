import { assert, describe, it } from "@effect/vitest"
import * as fc from "effect/FastCheck"
import * as Usage from "../../../../src/domain/chat/answer/Usage.js"
import { holds } from "../../generators.js"

const counts = (promptTokens: number, completionTokens: number, totalTokens: number) => ({
  promptTokens,
  completionTokens,
  totalTokens
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
})
