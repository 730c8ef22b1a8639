import * as Schema from "effect/Schema"

// What the gateway guarantees of every answer. Each object may hold more, which is kept as the backend sent it.
/** An object of these fields, which may hold more. */
export const open = <Fields extends Schema.Struct.Fields>(fields: Fields) =>
  Schema.Struct(fields, Schema.Record({ key: Schema.String, value: Schema.Unknown }))

const Text = Schema.optional(Schema.NullOr(Schema.String))

/** What an answer has cost, in tokens. */
export const Usage = open({
  prompt_tokens: Schema.Number,
  completion_tokens: Schema.Number,
  total_tokens: Schema.Number
})

/** Why a choice has ended. */
export const FinishReason = Schema.Literal("stop", "length", "tool_calls", "content_filter", "function_call")

const FunctionCall = open({ name: Schema.String, arguments: Schema.String })

const ToolCall = Schema.Union(
  open({ id: Schema.String, type: Schema.Literal("function"), function: FunctionCall }),
  open({
    id: Schema.String,
    type: Schema.Literal("custom"),
    custom: open({ name: Schema.String, input: Schema.String })
  })
)

const Message = open({
  role: Schema.Literal("assistant"),
  content: Schema.NullOr(Schema.String),
  refusal: Schema.NullOr(Schema.String),
  tool_calls: Schema.optional(Schema.Array(ToolCall)),
  function_call: Schema.optional(FunctionCall),
  reasoning_content: Text,
  reasoning: Text
})

/** What every answer says of itself. */
export const envelope = { id: Schema.String, created: Schema.Number, model: Schema.String }

/**
 * A whole chat answer; `created` in Unix seconds.
 *
 * @category models
 * @since 0.1.0
 */
export const ChatCompletion = open({
  ...envelope,
  object: Schema.Literal("chat.completion"),
  choices: Schema.NonEmptyArray(
    open({ index: Schema.Number, message: Message, finish_reason: FinishReason, logprobs: Schema.Unknown })
  ),
  usage: Schema.optional(Usage)
})
export interface ChatCompletion extends Schema.Schema.Type<typeof ChatCompletion> {}

const ToolCallDelta = open({
  index: Schema.Number,
  id: Schema.optional(Schema.String),
  type: Schema.optional(Schema.Literal("function", "custom")),
  function: Schema.optional(open({ name: Schema.optional(Schema.String), arguments: Schema.String })),
  custom: Schema.optional(open({ name: Schema.optional(Schema.String), input: Schema.String }))
})

const Delta = open({
  role: Schema.optional(Schema.Literal("assistant")),
  content: Text,
  refusal: Text,
  tool_calls: Schema.optional(Schema.Array(ToolCallDelta)),
  function_call: Schema.optional(open({ name: Schema.optional(Schema.String), arguments: Schema.String })),
  reasoning_content: Text,
  reasoning: Text
})

/**
 * A piece of a streamed chat answer; the last one has no choices but the usage, if it was asked for.
 *
 * @category models
 * @since 0.1.0
 */
export const ChatCompletionChunk = open({
  ...envelope,
  object: Schema.Literal("chat.completion.chunk"),
  choices: Schema.Array(open({ index: Schema.Number, delta: Delta, finish_reason: Schema.NullOr(FinishReason) })),
  usage: Schema.optional(Schema.NullOr(Usage))
})
export interface ChatCompletionChunk extends Schema.Schema.Type<typeof ChatCompletionChunk> {}
