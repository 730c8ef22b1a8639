import * as ChatRequest from "./ChatRequest.js"
import * as Credentials from "./Credentials.js"
import * as JsonObject from "./JsonObject.js"
import * as Outcome from "./Outcome.js"
import type { AttemptTrace, RequestRecord } from "./RequestRecord.js"
import * as Usage from "./Usage.js"

/** What is known of a running exchange; whoever learns something writes it down here, and its end makes it the record. */
export interface Journal {
  readonly id: string
  readonly kind: ChatRequest.Kind
  readonly ip: string
  /** The fingerprint of the caller's credential, if it brought one. */
  readonly caller: string | undefined
  readonly headers: Credentials.Headers
  /** Arrival, in ms since the epoch. */
  readonly startedAt: number
  readonly attempts: Array<AttemptTrace>
  request: ChatRequest.ChatRequest | undefined
  backend: string | undefined
  model: string | undefined
  /** The body sent upstream. */
  sent: string | undefined
  /** The status sent to the caller. */
  status: number | undefined
  /** When the caller was sent the first content, in ms since the epoch. */
  firstTokenAt: number | undefined
  /** The answer that the caller got, assembled. */
  answer: JsonObject.JsonObject | undefined
  /** The same as JSON, where it was sent in one piece. */
  answerText: string | undefined
  usage: JsonObject.JsonObject | undefined
}

/** A journal for an exchange that has arrived at `startedAt`, in ms since the epoch. */
export const open = (
  { caller, headers, id, ip, kind }: Pick<Journal, "id" | "kind" | "ip" | "headers"> & Partial<Pick<Journal, "caller">>,
  startedAt: number
): Journal => ({
  id,
  kind,
  ip,
  caller,
  headers,
  startedAt,
  attempts: [],
  request: undefined,
  backend: undefined,
  model: undefined,
  sent: undefined,
  status: undefined,
  firstTokenAt: undefined,
  answer: undefined,
  answerText: undefined,
  usage: undefined
})

/** Notes how the answer of the last attempt broke off after its beginning was with the caller. */
export const noteEnd = ({ attempts }: Journal, failure: string): void => {
  const last = attempts.pop()
  if (last !== undefined) attempts.push({ ...last, failure })
}

/** The record of an exchange that has ended; `endedAt` in ms since the epoch. */
export const close = (journal: Journal, outcome: Outcome.Outcome, endedAt: number): RequestRecord => {
  const { request } = journal
  const usage = journal.usage === undefined ? undefined : Usage.decode(journal.usage)
  return {
    id: journal.id,
    Time: new Date(journal.startedAt).toISOString(),
    IP: journal.ip,
    Model: journal.model ?? null,
    RequestedModel: request?.model ?? null,
    Type: journal.kind,
    Backend: journal.backend ?? null,
    Stream: request?.stream === true ? 1 : 0,
    Status: journal.status ?? null,
    Outcome: outcome._tag,
    FinishReason: finishReason(journal.answer),
    Attempts: JSON.stringify(journal.attempts),
    CompletionTokens: usage?.completionTokens ?? null,
    PromptTokens: usage?.promptTokens ?? null,
    TotalTokens: usage?.totalTokens ?? null,
    Tool: request !== undefined && ChatRequest.usesTools(request) ? 1 : 0,
    Multimodal: request !== undefined && ChatRequest.isMultimodal(request) ? 1 : 0,
    LatencyMs: endedAt - journal.startedAt,
    TtftMs: journal.firstTokenAt === undefined ? null : journal.firstTokenAt - journal.startedAt,
    Headers: JSON.stringify(Credentials.redactHeaders(journal.headers)),
    Request: journal.sent ?? null,
    Response: journal.answer === undefined ? null : (journal.answerText ?? JSON.stringify(journal.answer)),
    Error: Outcome.describe(outcome) ?? null,
    Caller: journal.caller ?? null
  }
}

const finishReason = (answer: JsonObject.JsonObject | undefined): string | null =>
  JsonObject.text(JsonObject.orEmpty(JsonObject.listOf(answer?.["choices"])[0])["finish_reason"]) ?? null
