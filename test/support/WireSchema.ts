import * as Either from "effect/Either"
import * as Schema from "effect/Schema"

/** The bodies and chunks that callers may get (docs/wire.md §0 and §1.2): strict in what clients rely on, open to the rest. */

const absent = Schema.optionalWith(Schema.Never, { exact: true })
const Text = Schema.optional(Schema.NullOr(Schema.String))
const List = Schema.optional(Schema.NullOr(Schema.Array(Schema.Unknown)))
const Open = Schema.Record({ key: Schema.String, value: Schema.Unknown })
const MaybeOpen = Schema.optional(Schema.NullOr(Open))

const FinishReason = Schema.Literal("stop", "length", "tool_calls", "content_filter", "function_call")

const Usage = Schema.Struct({
  prompt_tokens: Schema.NonNegativeInt,
  completion_tokens: Schema.NonNegativeInt,
  total_tokens: Schema.NonNegativeInt,
  prompt_tokens_details: MaybeOpen,
  completion_tokens_details: MaybeOpen
})

const Logprobs = Schema.Struct({ content: List, refusal: List })

const envelope = {
  id: Schema.NonEmptyString,
  created: Schema.Int.pipe(Schema.positive()),
  model: Schema.NonEmptyString,
  // A text or missing: null is neither to typed clients.
  system_fingerprint: Schema.optionalWith(Schema.String, { exact: true }),
  // Some typed clients know no other.
  service_tier: Schema.optional(Schema.NullOr(Schema.Literal("auto", "default", "flex", "scale", "priority", "fast"))),
  // Strict clients take even `error: null` for an error.
  error: absent
}

const FunctionFace = Schema.Struct({ name: Schema.String, arguments: Schema.String })
const CustomFace = Schema.Struct({ name: Schema.String, input: Schema.String })

const started = { id: Schema.NonEmptyString, index: Schema.NonNegativeInt }
const continued = { id: absent, type: absent, index: Schema.NonNegativeInt }
const LateName = Schema.optionalWith(Schema.NonEmptyString, { exact: true })

const CallDelta = Schema.Union(
  Schema.Struct({ ...started, type: Schema.Literal("function"), function: FunctionFace }),
  Schema.Struct({ ...started, type: Schema.Literal("custom"), custom: CustomFace }),
  Schema.Struct({ ...continued, function: Schema.Struct({ name: LateName, arguments: Schema.String }) }),
  Schema.Struct({ ...continued, custom: Schema.Struct({ name: LateName, input: Schema.String }) })
)

const said = { content: Text, refusal: Text, reasoning_content: Text, reasoning: Text, annotations: List }

const Delta = Schema.Struct({
  ...said,
  role: Schema.optionalWith(Schema.Literal("assistant"), { exact: true }),
  tool_calls: Schema.optionalWith(Schema.NonEmptyArray(CallDelta), { exact: true }),
  function_call: Schema.optional(
    Schema.Struct({ name: Schema.optionalWith(Schema.String, { exact: true }), arguments: Schema.String })
  ),
  audio: MaybeOpen
})

const ChunkChoice = Schema.Struct({
  index: Schema.NonNegativeInt,
  delta: Delta,
  finish_reason: Schema.NullOr(FinishReason),
  logprobs: Schema.optional(Schema.NullOr(Logprobs))
})

/** A chunk of a chat stream. */
export const ChatChunk = Schema.Struct({
  ...envelope,
  object: Schema.Literal("chat.completion.chunk"),
  choices: Schema.Array(ChunkChoice),
  usage: Schema.optional(Schema.NullOr(Usage))
})
export type ChatChunk = typeof ChatChunk.Type

const Call = Schema.Union(
  Schema.Struct({
    id: Schema.NonEmptyString,
    type: Schema.Literal("function"),
    index: absent,
    function: FunctionFace
  }),
  Schema.Struct({ id: Schema.NonEmptyString, type: Schema.Literal("custom"), index: absent, custom: CustomFace })
)

const Message = Schema.Struct({
  ...said,
  role: Schema.Literal("assistant"),
  content: Schema.NullOr(Schema.String),
  refusal: Schema.NullOr(Schema.String),
  tool_calls: Schema.optionalWith(Schema.NonEmptyArray(Call), { exact: true }),
  function_call: Schema.optional(FunctionFace),
  audio: MaybeOpen
})

/** A chat answer that is not streamed. */
export const ChatCompletion = Schema.Struct({
  ...envelope,
  object: Schema.Literal("chat.completion"),
  choices: Schema.NonEmptyArray(
    Schema.Struct({
      index: Schema.NonNegativeInt,
      message: Message,
      logprobs: Schema.NullOr(Logprobs),
      finish_reason: FinishReason
    })
  ),
  usage: Schema.optional(Usage)
})

const textChoice = { index: Schema.NonNegativeInt, text: Schema.String, logprobs: Schema.NullOr(Open) }

/** A chunk of a legacy completion stream. */
export const TextChunk = Schema.Struct({
  ...envelope,
  object: Schema.Literal("text_completion"),
  choices: Schema.Array(Schema.Struct({ ...textChoice, finish_reason: Schema.NullOr(FinishReason) })),
  usage: Schema.optional(Schema.NullOr(Usage))
})
export type TextChunk = typeof TextChunk.Type

/** A legacy completion that is not streamed. */
export const TextCompletion = Schema.Struct({
  ...envelope,
  object: Schema.Literal("text_completion"),
  choices: Schema.NonEmptyArray(Schema.Struct({ ...textChoice, finish_reason: FinishReason })),
  usage: Schema.optional(Usage)
})

const Count = Schema.optional(Schema.NullOr(Schema.NonNegativeInt))

const Details = Schema.Struct({
  prompt_tokens_details: Schema.optional(
    Schema.NullOr(
      Schema.Struct({
        cached_tokens: Count,
        audio_tokens: Count,
        cache_write_tokens: Count,
        text_tokens: Count,
        image_tokens: Count
      })
    )
  ),
  completion_tokens_details: Schema.optional(
    Schema.NullOr(
      Schema.Struct({
        reasoning_tokens: Count,
        audio_tokens: Count,
        accepted_prediction_tokens: Count,
        rejected_prediction_tokens: Count,
        text_tokens: Count
      })
    )
  )
})

// What is no number, such as the logarithm of nothing, is null.
const token = {
  token: Schema.String,
  logprob: Schema.NullOr(Schema.Number),
  bytes: Schema.optional(Schema.NullOr(Schema.Array(Schema.NonNegativeInt)))
}
const Tokens = Schema.optional(
  Schema.NullOr(
    Schema.Array(
      Schema.Struct({
        ...token,
        top_logprobs: Schema.optional(Schema.NullOr(Schema.Array(Schema.Struct(token))))
      })
    )
  )
)
const ChatLogprobs = Schema.Struct({ content: Tokens, refusal: Tokens })

const Annotations = Schema.optional(Schema.NullOr(Schema.Array(Schema.Struct({ type: Schema.String }))))

const Audio = Schema.optional(
  Schema.NullOr(
    Schema.Struct({
      id: Schema.optional(Schema.String),
      data: Schema.optional(Schema.String),
      transcript: Schema.optional(Schema.String),
      expires_at: Schema.optional(Schema.Int)
    })
  )
)

const Numbers = Schema.optional(Schema.NullOr(Schema.Array(Schema.NullOr(Schema.Number))))
const TextLogprobs = Schema.Struct({
  tokens: Schema.optional(Schema.NullOr(Schema.Array(Schema.String))),
  token_logprobs: Numbers,
  text_offset: Numbers,
  top_logprobs: Schema.optional(Schema.NullOr(Schema.Array(Schema.NullOr(Open))))
})

const Said = Schema.optional(Schema.Struct({ annotations: Annotations, audio: Audio }))

const inside = <A, I>(logprobs: Schema.Schema<A, I>) =>
  Schema.Struct({
    choices: Schema.Array(
      Schema.Struct({ logprobs: Schema.optional(Schema.NullOr(logprobs)), delta: Said, message: Said })
    ),
    usage: Schema.optional(Schema.NullOr(Details)),
    service_tier: Text,
    obfuscation: Schema.optional(Schema.String)
  })

/** What is inside of the parts of a chat answer or chunk that its backend alone is answerable for. */
export const ChatInside = inside(ChatLogprobs)

/** The same for an old completion. */
export const TextInside = inside(TextLogprobs)

/** The body of an error response, and the last frame of a stream that failed. */
export const ErrorBody = Schema.Struct({
  error: Schema.Struct({
    message: Schema.NonEmptyString,
    type: Schema.NonEmptyString,
    param: Schema.NullOr(Schema.String),
    code: Schema.NullOr(Schema.String)
  })
})

/** A check that says what is wrong with a value; undefined when nothing is. */
export const checker = <A, I>(schema: Schema.Schema<A, I>): ((value: unknown) => string | undefined) => {
  const is = Schema.is(schema)
  const decode = Schema.decodeUnknownEither(schema)
  return (value) => {
    if (is(value)) return undefined
    const result = decode(value)
    return Either.isLeft(result) ? `${result.left.message}\nin ${JSON.stringify(value)}` : "not valid"
  }
}
