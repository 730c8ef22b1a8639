import * as Column from "./Column.js"
import * as BodyCredentials from "./BodyCredentials.js"
import * as Ask from "../chat/Ask.js"
import * as Credentials from "../backend/Credentials.js"
import { cut } from "../text/CutText.js"
import { reasonOf } from "../failure/Failure.js"
import * as FinishReason from "../chat/answer/FinishReason.js"
import * as IsoTime from "./IsoTime.js"
import * as JsonObject from "../json/JsonObject.js"
import * as JsonText from "../json/JsonText.js"
import * as Operation from "../operation/Operation.js"
import * as Outcome from "../failure/Outcome.js"
import * as RequestRecord from "./RequestRecord.js"
import type { AttemptTrace } from "./RequestRecord.js"
import * as StoredHeaders from "./StoredHeaders.js"
import * as TokenCounts from "./TokenCounts.js"

/** What is known of a running exchange; whoever learns something writes it down here, and its end makes it the record. */
export interface Journal {
  readonly id: string
  readonly operation: Operation.Operation
  readonly ip: string
  /** The fingerprint of the caller's credential, if it brought one. */
  readonly caller: string | undefined
  readonly headers: Credentials.Headers
  /** Arrival, in ms since the epoch, by the clock that also tells of the end. */
  readonly startedAt: number
  /** The same by the system's clock, which may be set meanwhile. */
  readonly date: number
  readonly attempts: Array<AttemptTrace>
  ask: Ask.Ask | undefined
  backend: string | undefined
  model: string | undefined
  /** The body sent upstream. */
  sent: string | undefined
  /** What cleaning took away of the messages for that, in words. */
  cleaned: string | undefined
  /** Whether an attempt is under way. */
  isAsking: boolean
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

/** A journal for an exchange that has arrived at `startedAt`, which is `date` by the system's clock; in ms since the epoch. */
export const open = (
  {
    caller,
    headers,
    id,
    ip,
    operation
  }: Pick<Journal, "id" | "operation" | "ip" | "headers"> & Partial<Pick<Journal, "caller">>,
  startedAt: number,
  date = startedAt
): Journal => ({
  id,
  operation,
  ip,
  caller,
  headers,
  startedAt,
  date,
  attempts: [],
  ask: undefined,
  backend: undefined,
  model: undefined,
  sent: undefined,
  cleaned: undefined,
  isAsking: false,
  status: undefined,
  firstTokenAt: undefined,
  answer: undefined,
  answerText: undefined,
  usage: undefined
})

/** Notes that the answer is the one that another journal of the same exchange knows of. */
export const takeOver = (journal: Journal, { backend, cleaned, model, sent }: Journal): void => {
  Object.assign(journal, { backend, cleaned, model, sent })
}

/** Notes how the answer of the last attempt broke off after its beginning was with the caller. */
export const noteEnd = ({ attempts }: Journal, failure: string): void => {
  const last = attempts.pop()
  if (last !== undefined) attempts.push({ ...last, failure })
}

/** Notes how many events of the last attempt's answer were skipped. */
export const noteSkipped = ({ attempts }: Journal, skipped: number): void => {
  const last = skipped === 0 ? undefined : attempts.pop()
  if (last !== undefined) attempts.push({ ...last, skipped })
}

/** The record of an exchange that has ended, whatever it was about; `endedAt` in ms since the epoch. */
export const close = (journal: Journal, outcome: Outcome.Outcome, endedAt: number): RequestRecord.RequestRecord => {
  const { ask } = journal
  const tokens = TokenCounts.of(journal, outcome)
  const answer = answerOf(journal)
  return RequestRecord.bounded({
    id: journal.id,
    Time: IsoTime.of(journal.date),
    IP: journal.ip,
    Model: journal.model ?? null,
    RequestedModel: ask?.model ?? null,
    Type: Operation.recorded[journal.operation],
    Backend: journal.backend ?? null,
    Stream: ask?.stream === true ? 1 : 0,
    Status: journal.status ?? null,
    Outcome: outcome._tag,
    FinishReason: finishReason(journal.answer),
    Attempts: JSON.stringify(journal.attempts.some(isLong) ? journal.attempts.map(shortened) : journal.attempts),
    CompletionTokens: tokens?.completionTokens ?? null,
    PromptTokens: tokens?.promptTokens ?? null,
    TotalTokens: tokens?.totalTokens ?? null,
    Tool: ask !== undefined && Ask.usesTools(ask) ? 1 : 0,
    Multimodal: ask !== undefined && Ask.isMultimodal(ask) ? 1 : 0,
    LatencyMs: endedAt - journal.startedAt,
    TtftMs: journal.firstTokenAt === undefined ? null : journal.firstTokenAt - journal.startedAt,
    Headers: StoredHeaders.encode(Credentials.redactHeaders(journal.headers)),
    Request: journal.sent === undefined ? null : BodyCredentials.redact(journal.sent),
    Response: answer.text,
    Error: Outcome.describe(outcome) ?? answer.failure,
    Caller: journal.caller ?? null,
    TokensEstimated: tokens?.estimated === true ? 1 : null,
    Cleaned: journal.cleaned ?? null
  })
}

// An answer too large for one text must not cost the row.
const answerOf = ({
  answer,
  answerText
}: Journal): { readonly text: string | null; readonly failure: string | null } => {
  if (answer === undefined) return { text: null, failure: null }
  try {
    return { text: answerText ?? JsonText.write(answer), failure: null }
  } catch (cause) {
    return { text: null, failure: `The answer is not stored: ${reasonOf(cause)}` }
  }
}

const isLong = ({ backend, failure, model }: AttemptTrace): boolean =>
  Math.max(backend.length, model.length, failure?.length ?? 0) > Column.longestName

const shortened = (attempt: AttemptTrace): AttemptTrace => ({
  ...attempt,
  backend: cut(attempt.backend, Column.longestName),
  model: cut(attempt.model, Column.longestName),
  failure: attempt.failure === null ? null : cut(attempt.failure, Column.longestName)
})

// A reason that nobody knows stands here in the backend's own word.
const finishReason = (answer: JsonObject.JsonObject | undefined): string | null => {
  const choice = JsonObject.orEmpty(JsonObject.listOf(answer?.["choices"])[0])
  const native = JsonObject.text(choice["native_finish_reason"])
  return native !== undefined && FinishReason.isUnknown(native)
    ? native
    : (JsonObject.text(choice["finish_reason"]) ?? null)
}
