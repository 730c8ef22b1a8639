import { assert, describe, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Busyness from "../../../src/domain/failure/Busyness.js"

const error = (message: string, code: string | null = null, type = "api_error") => ({
  message,
  type,
  param: null,
  code
})

const tooLarge =
  "Request too large for gpt-4o in organization org-x on tokens per min (TPM): Limit 30000, Requested 50000. " +
  "The input or output tokens must be reduced in order to run successfully."

describe("Busyness", () => {
  for (const [what, isBusy, rejection] of [
    ["429", true, { status: 429, error: error("no") }],
    ["429 of a spent quota", false, { status: 429, error: error("no", "insufficient_quota") }],
    ["429 of Moonshot's", false, { status: 429, error: error("no", null, "exceeded_current_quota_error") }],
    ["429 of a request that is larger than the limit", false, { status: 429, error: error(tooLarge, null, "tokens") }],
    ["529", true, { status: 529, error: error("Overloaded") }],
    ["503 and nothing else", false, { status: 503, error: error("The model provider answered with status 503.") }],
    ["503 of a model that loads", false, { status: 503, error: error("Loading model", null, "unavailable_error") }],
    ["503 that says when", true, { status: 503, error: error("no"), retryAfter: Duration.seconds(1) }],
    ["503 of OpenAI's", true, { status: 503, error: error("The engine is currently overloaded.") }],
    ["503 of DeepSeek's", true, { status: 503, error: error("Server is busy") }],
    ["503 by its code", true, { status: 503, error: error("no", "no_capacity") }],
    ["503 in Chinese", true, { status: 503, error: error("服务器繁忙，请稍后再试") }],
    ["500 with such words", false, { status: 500, error: error("Server is busy") }]
  ] as const) {
    it(`${isBusy ? "is" : "is not"} ${what}`, () => assert.strictEqual(Busyness.isBusy(rejection), isBusy))
  }
})
