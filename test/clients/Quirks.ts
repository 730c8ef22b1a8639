/** A quirk of docs/wire.md §5 and the rule that handles it, or why none does. */
export interface Quirk {
  readonly number: number
  readonly title: string
  readonly rule: string
  /** True where no chat or completion of any backend can show it. */
  readonly elsewhere?: true
}

const quirk = (number: number, title: string, rule: string): Quirk => ({ number, title, rule })

/** Every quirk of §5, in its order. */
export const quirks: ReadonlyArray<Quirk> = [
  quirk(1, "comments before the first token", "`domain/wire/SseEvents.make`: comments are no events"),
  quirk(
    2,
    "200 with an error body",
    "`domain/chat/answer/AnswerRepair.pushWhole` → `upstream/attempt/Attempt.make`: an error before commit is a rejection"
  ),
  quirk(
    3,
    'an error chunk, `finish_reason:"error"`',
    "`domain/chat/answer/AnswerRepair.pushBody`: an error, never a finish"
  ),
  quirk(
    4,
    "an error code that is a number, no type",
    "`domain/failure/ErrorBody.fromValue`: code as text, type by status"
  ),
  quirk(
    5,
    "a first chunk without choices and names",
    "`domain/chat/answer/AnswerRepair.pushBody`: held back, its fields go with the next chunk"
  ),
  quirk(
    6,
    "a choice without a delta after the finish",
    "`domain/chat/answer/ChoiceRepair.chat`: delta always an object"
  ),
  quirk(
    7,
    "type null and an inner error",
    "`domain/failure/ErrorBody.fromValue`: type by status, code and `innererror` kept"
  ),
  quirk(
    8,
    "`max_tokens` refused",
    "`domain/backend/Dialect.translate`: `rename_params` of the backend; without it the refusal is passed on as a clean 400"
  ),
  quirk(
    9,
    "a key header, a query and a path of its own",
    "`upstream/BackendUrl.of`, `domain/backend/Credentials.upstreamHeaders`: `{model}` and a query in `base_url`, `key_header`, `headers`; the caller's key stays here then"
  ),
  quirk(
    10,
    "flat errors",
    "`domain/failure/ErrorBody.fromValue`, `domain/chat/answer/AnswerRepair.pushBody`: always nested"
  ),
  quirk(
    11,
    "`reasoning_content` or `reasoning`",
    "`domain/chat/answer/ChoiceRepair.chat`, `domain/chat/request/Preprocess.clean`: both names pass as they came, both ways"
  ),
  quirk(12, "the finish with the last content", "`domain/chat/answer/ChoiceRepair.chat`: accepted"),
  quirk(13, "usage in every chunk", "`domain/chat/answer/AnswerRepair.pushBody`: the last one counts, emitted once"),
  {
    ...quirk(14, "errors of /v1/messages in OpenAI's envelope", "the Anthropic endpoint is not served"),
    elsewhere: true
  },
  quirk(
    15,
    "nulls and empty strings in chunks",
    "`domain/chat/answer/ChoiceRepair.chat`, `domain/chat/answer/FinishReason.decode`"
  ),
  quirk(16, "an empty finish reason in every chunk", "`domain/chat/answer/FinishReason.decode`: nothing said yet"),
  quirk(
    17,
    "calls without index, or all numbered 0",
    "`domain/chat/answer/ToolCalls.find`: by index, id and name; numbered anew"
  ),
  quirk(
    18,
    "arguments as an object; stop after calls",
    "`domain/chat/answer/ArgumentsText.of`, `domain/chat/answer/ChoiceRepair.chat`"
  ),
  quirk(19, "an `error:` field in the stream", "`domain/wire/SseEvents.make`: becomes an error event"),
  quirk(
    20,
    "null content first, [DONE] without a blank line",
    "`domain/wire/SseEvents.end`, `domain/chat/answer/AnswerRepair.push`"
  ),
  quirk(21, "no [DONE]", "`domain/chat/answer/AnswerRepair.finish`: finished is finished"),
  quirk(
    22,
    "no finish reason",
    "`domain/chat/answer/AnswerRepair.finish`: truncated; `domain/wire/SseEvents.frame` says so"
  ),
  quirk(
    23,
    "empty names, a cost after the usage",
    "`domain/chat/answer/AnswerRepair.pushBody`: names of the envelope, usage last"
  ),
  quirk(
    24,
    "`x_groq.usage`; 400 for `stream_options`",
    "`domain/chat/answer/UsageReports.make`; `domain/chat/request/Prepare.make`: no `stream_options` where the backend has `ask_usage: false`, otherwise the refusal is passed on as a clean 400"
  ),
  quirk(25, "a chunk after the usage", "`domain/chat/answer/AnswerRepair.finish`: usage is the last chunk"),
  quirk(
    26,
    "blank lines before JSON, keep-alive comments",
    "`domain/json/JsonObject.parse`, `domain/wire/SseEvents.make`"
  ),
  quirk(
    27,
    "400 unless reasoning is sent back",
    "`domain/chat/request/Prepare.make`, `domain/chat/request/Preprocess.clean`: unknown fields of messages are kept"
  ),
  quirk(
    28,
    "no space after `data:`, the role in every delta",
    "`domain/wire/SseEvents.make`, `domain/chat/answer/ChoiceRepair.repairDelta`"
  ),
  quirk(
    29,
    "content that repeats what came before",
    "`domain/text/GrowingText.make` where the backend has `cumulative_content: true`; otherwise it cannot be told from an answer that repeats itself, and passes as it came"
  ),
  quirk(
    30,
    "422 for fields it does not know",
    "`domain/backend/Dialect.translate`: `drop_params` and `rename_params` of the backend; `domain/chat/request/Prepare.make`: an empty list of tools is never sent; otherwise the refusal is passed on as a clean 422 that names the field"
  ),
  quirk(31, "an error message that is an object", "`domain/failure/ErrorBody.fromValue`"),
  quirk(
    32,
    "content as a list of thinking and text",
    "`domain/chat/answer/ContentParts.read`: reasoning and text apart"
  ),
  quirk(
    33,
    "ids of calls in a form of its own",
    "`domain/chat/answer/ToolCallIds.fit`: `tool_call_ids` of the backend says which ids it takes; answers keep theirs (`domain/chat/answer/ToolCalls.push`)"
  ),
  quirk(
    34,
    "calls without index, with a thought signature",
    "`domain/chat/answer/ToolCalls.push`: numbered, `extra_content` kept"
  ),
  quirk(35, "stop after calls, `finishReason`", "`domain/chat/answer/ChoiceRepair.chat`"),
  quirk(36, "an error as a list", "`domain/failure/ErrorBody.fromValue`"),
  quirk(37, "usage in the first choice", "`domain/chat/answer/UsageReports.make`"),
  quirk(
    38,
    "a whole message as the last frame",
    "`domain/chat/answer/ChoiceRepair.chat`: taken only if nothing came before"
  ),
  quirk(39, "a growing message beside the delta", "`domain/chat/answer/ChoiceRepair.chat`: the delta counts"),
  quirk(
    40,
    "errors as data events; one call instead of a list",
    "`domain/chat/answer/AnswerRepair.pushBody`, `domain/chat/answer/ChoiceRepair.repairDelta`"
  ),
  quirk(
    41,
    "200 with the error as text",
    "`domain/failure/ErrorBody.fromValue`, `domain/failure/ErrorStatus.of`: a failure of the backend"
  ),
  quirk(42, "other names of finish reasons", "`domain/chat/answer/FinishReason.decode`"),
  quirk(
    43,
    "200 with `choices: null`",
    "`domain/chat/answer/AnswerRepair.pushWhole`: no capacity, so the next backend or 503"
  ),
  quirk(
    44,
    "pages of a proxy",
    "`domain/failure/ErrorBody.read`, `upstream/attempt/ChunkStage.of`: never shown; `domain/failure/UpstreamError.fromResponse`, `domain/failure/WireError`: challenges become 502, pages and texts with 504, 522 and 524 become 504, those with another 5xx 502"
  ),
  quirk(
    45,
    "a ping comment that ends an event",
    "`domain/wire/SseEvents.keepalive`: one line end only; upstream's are not passed on"
  ),
  quirk(
    46,
    "pings after ids, trailer comments, empty strings",
    "`domain/wire/SseEvents.make`, `domain/chat/answer/AnswerRepair.push`: nothing of it is passed on"
  ),
  quirk(47, "contentless frames", "`domain/chat/answer/AnswerRepair.push`: dropped"),
  quirk(
    48,
    "a socket held open after [DONE]",
    "`domain/chat/answer/AnswerRepair.push`, `relay/Relay.relayStream`: [DONE] is the end"
  ),
  quirk(
    49,
    "openai 6 against flat errors",
    "`domain/failure/ErrorBody.fromValue`, `domain/failure/WireError`: always nested"
  ),
  { ...quirk(50, "`error` events of responses", "the Responses endpoint is not served"), elsewhere: true }
]
