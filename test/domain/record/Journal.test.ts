import { assert, describe, it } from "@effect/vitest"
import * as Either from "effect/Either"
import * as Schema from "effect/Schema"
import * as OpenAiChatClient from "../../../src/domain/protocol/openai-chat/OpenAiChatClient.js"
import * as Failure from "../../../src/domain/failure/Failure.js"
import * as Journal from "../../../src/domain/record/Journal.js"
import { RelayEnd } from "../../../src/domain/failure/Outcome.js"
import { RequestRecord } from "../../../src/domain/record/RequestRecord.js"

const startedAt = Date.UTC(2026, 10, 13, 12, 0, 0, 5)

const opened = (headers: Journal.Journal["headers"] = {}) =>
  Journal.open({ id: "r1", operation: "chat", ip: "10.0.0.1", headers }, startedAt)

const request = (over: object = {}) =>
  Either.getOrThrow(
    OpenAiChatClient.protocol.decode(
      JSON.stringify({ model: "asked", messages: [{ role: "user", content: "hi" }], ...over })
    )
  )

describe("Journal", () => {
  it("makes a record of everything it learned", () => {
    const journal = opened({ authorization: "Bearer s", host: "h" })
    const attempts = [
      { backend: "a", model: "asked", failure: "UpstreamRejected", status: 503, ms: 7 },
      { backend: "b", model: "cheap", failure: null, status: 200, ms: 30 }
    ]
    const answer = {
      choices: [
        { index: 0, finish_reason: "tool_calls" },
        { index: 1, finish_reason: "stop" }
      ]
    }
    const image = [{ type: "image_url", image_url: { url: "u" } }]
    journal.attempts.push(...attempts)
    journal.ask = request({ stream: true, tools: [{}], messages: [{ role: "user", content: image }] })
    journal.backend = "b"
    journal.model = "cheap"
    journal.sent = '{"model":"cheap"}'
    journal.status = 200
    journal.firstTokenAt = startedAt + 40
    journal.answer = answer
    journal.usage = { prompt_tokens: 1, completion_tokens: 2, total_tokens: 9 }
    assert.deepStrictEqual(Journal.close(journal, RelayEnd.Completed(), startedAt + 100), {
      id: "r1",
      Time: "2026-11-13T12:00:00.005Z",
      IP: "10.0.0.1",
      Model: "cheap",
      RequestedModel: "asked",
      Type: "chat",
      Backend: "b",
      Stream: 1,
      Status: 200,
      Outcome: "Completed",
      FinishReason: "tool_calls",
      Attempts: JSON.stringify(attempts),
      CompletionTokens: 2,
      PromptTokens: 1,
      TotalTokens: 9,
      Tool: 1,
      Multimodal: 1,
      LatencyMs: 100,
      TtftMs: 40,
      Headers: '{"authorization":"[redacted]","host":"h"}',
      Request: '{"model":"cheap"}',
      Response: JSON.stringify(answer),
      Error: null,
      Caller: null,
      TokensEstimated: null,
      Cleaned: null
    })
  })

  it("makes a record of an exchange that ended at once", () => {
    const outcome = new Failure.BodyTooLarge({ limit: 10 })
    assert.deepStrictEqual(Journal.close(opened(), outcome, startedAt), {
      id: "r1",
      Time: "2026-11-13T12:00:00.005Z",
      IP: "10.0.0.1",
      Model: null,
      RequestedModel: null,
      Type: "chat",
      Backend: null,
      Stream: 0,
      Status: null,
      Outcome: "BodyTooLarge",
      FinishReason: null,
      Attempts: "[]",
      CompletionTokens: null,
      PromptTokens: null,
      TotalTokens: null,
      Tool: 0,
      Multimodal: 0,
      LatencyMs: 0,
      TtftMs: null,
      Headers: "{}",
      Request: null,
      Response: null,
      Error: "The request body is larger than the limit of 10 bytes.",
      Caller: null,
      TokensEstimated: null,
      Cleaned: null
    })
  })

  it("writes a plain request down as such", () => {
    const journal = opened()
    journal.ask = request()
    const { Stream, Tool, Multimodal, RequestedModel } = Journal.close(journal, RelayEnd.CallerLeft(), startedAt)
    assert.deepStrictEqual([Stream, Tool, Multimodal, RequestedModel], [0, 0, 0, "asked"])
  })

  it("keeps the beginning of an answer that broke off, with its reason", () => {
    const journal = opened()
    journal.answer = { choices: [{ index: 0, message: { content: "a" }, finish_reason: null }] }
    journal.usage = { cost: 1 }
    const record = Journal.close(journal, RelayEnd.UpstreamBroke({ reason: "reset" }), startedAt)
    assert.strictEqual(record.Outcome, "UpstreamBroke")
    assert.strictEqual(record.Error, "reset")
    assert.strictEqual(record.Response, JSON.stringify(journal.answer))
    assert.deepStrictEqual([record.FinishReason, record.TotalTokens], [null, null])
  })

  it("makes records that fit the table", () => {
    const record = Journal.close(opened(), RelayEnd.Completed(), startedAt)
    assert.deepStrictEqual(Schema.decodeUnknownSync(RequestRecord)(record, { onExcessProperty: "error" }), record)
  })

  it("makes a record whatever it has learned", () => {
    const journal = Journal.open({ id: "r1", operation: "chat", ip: "i".repeat(9_999), headers: {} }, Number.NaN)
    const long = "\ud83d".repeat(100_000)
    const circle: Record<string, unknown> = {}
    circle["itself"] = circle
    journal.attempts.push({ backend: long, model: long, failure: long, status: null, ms: Number.NaN })
    journal.ask = { ...request(), model: long }
    journal.model = long
    journal.backend = long
    journal.answer = circle
    journal.firstTokenAt = Number.POSITIVE_INFINITY
    journal.usage = { prompt_tokens: Number.MAX_SAFE_INTEGER, completion_tokens: 1 }
    const record = Journal.close(journal, RelayEnd.Completed(), 0)
    assert.isTrue(Schema.is(RequestRecord)(record))
    assert.isBelow(JSON.stringify(record).length, 6 * 10 * 512)
    assert.deepInclude(record, { Response: null, PromptTokens: null, CompletionTokens: 1, LatencyMs: 0, TtftMs: null })
    assert.match(record.Error ?? "", /^The answer is not stored: /)
    assert.isArray(JSON.parse(record.Attempts))
  })

  it("stores no credential of a caller's or a configuration's, in headers or in the body", () => {
    const journal = opened({ via: "Bearer sesame", referer: "https://u:sesame@h/?token=sesame", cookie: "sesame" })
    journal.sent = JSON.stringify({ model: "m", max_tokens: 5, extra: { api_key: "sesame" }, password: "sesame" })
    const record = Journal.close(journal, RelayEnd.Completed(), startedAt)
    assert.notInclude(JSON.stringify(record), "sesame")
    const kept = { model: "m", max_tokens: 5, extra: { api_key: "[redacted]" }, password: "[redacted]" }
    assert.strictEqual(record.Request, JSON.stringify(kept))
  })
})
