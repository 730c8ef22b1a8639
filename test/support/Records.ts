import type { RequestRecord } from "../../src/domain/record/RequestRecord.js"

/** A record of a plain chat request. */
export const record = (id: string, more: Partial<RequestRecord> = {}): RequestRecord => ({
  id,
  Time: "2026-11-23T12:00:00.000Z",
  IP: "127.0.0.1",
  Model: "test-model",
  RequestedModel: "test-model",
  Type: "chat",
  Backend: "a",
  Stream: 0,
  Status: 200,
  Outcome: "Completed",
  FinishReason: "stop",
  Attempts: "[]",
  CompletionTokens: 2,
  PromptTokens: 3,
  TotalTokens: 5,
  Tool: 0,
  Multimodal: 0,
  LatencyMs: 12,
  TtftMs: null,
  Headers: "{}",
  Request: '{"model":"test-model"}',
  Response: "{}",
  Error: null,
  Caller: null,
  TokensEstimated: null,
  Cleaned: null,
  ...more
})

/** Records with the ids `r0`, `r1`, and so on. */
export const many = (count: number, first = 0): ReadonlyArray<RequestRecord> =>
  Array.from({ length: count }, (_, n) => record(`r${first + n}`))

/** The ids of records, in their order. */
export const ids = (records: ReadonlyArray<Pick<RequestRecord, "id">>): ReadonlyArray<string> =>
  records.map(({ id }) => id)
