import { assert, describe, it } from "@effect/vitest"
import { RelayEnd } from "../../../src/domain/failure/Outcome.js"
import * as TokenCounts from "../../../src/domain/record/TokenCounts.js"

const ask = {
  operation: "chat",
  model: "m",
  stream: true,
  includeUsage: false,
  body: { messages: [{ role: "user", content: "abcdefgh" }] }
} as const
const answer = { choices: [{ index: 0, message: { role: "assistant", content: "abcdefgh" } }] }
const left = RelayEnd.CallerLeft()
const reported = (prompt: number, completion: number) => ({
  prompt_tokens: prompt,
  completion_tokens: completion,
  total_tokens: prompt + completion
})

describe("the tokens of a row", () => {
  it("are what the backend reported last", () => {
    const usage = reported(9, 4)
    const counts = { promptTokens: 9, completionTokens: 4, totalTokens: 13, estimated: false }
    assert.deepStrictEqual(TokenCounts.of({ ask, answer, isAsking: false, usage }, left), counts)
    assert.deepStrictEqual(TokenCounts.of({ ask, answer, isAsking: false, usage }, RelayEnd.Completed()), counts)
  })

  it("are estimated where an answer that did not come to its end told none", () => {
    for (const end of [left, RelayEnd.CutByDrain(), RelayEnd.UpstreamBroke({ reason: "reset" })]) {
      const counts = TokenCounts.of({ ask, answer, isAsking: false, usage: undefined }, end)
      assert.deepInclude(counts, { completionTokens: 2, estimated: true })
      assert.strictEqual(counts?.totalTokens, (counts?.promptTokens ?? 0) + 2)
    }
  })

  it("are estimated in part where only the request has been counted yet", () => {
    assert.deepStrictEqual(TokenCounts.of({ ask, answer, isAsking: false, usage: reported(9, 0) }, left), {
      promptTokens: 9,
      completionTokens: 2,
      totalTokens: 11,
      estimated: true
    })
  })

  it("are those of the request where a backend was at work and nothing had come of it", () => {
    const known = { ask, answer: undefined, isAsking: true, usage: undefined }
    const counts = TokenCounts.of(known, left)
    assert.deepInclude(counts, { completionTokens: 0, estimated: true })
    assert.isAbove(counts?.promptTokens ?? 0, 2)
  })

  it("are none of a whole answer that told none, and of nothing", () => {
    assert.isUndefined(TokenCounts.of({ ask, answer, isAsking: false, usage: undefined }, RelayEnd.Completed()))
    assert.isUndefined(TokenCounts.of({ ask, answer: undefined, isAsking: false, usage: undefined }, left))
    assert.isUndefined(TokenCounts.of({ ask: undefined, answer: undefined, isAsking: false, usage: undefined }, left))
  })
})
