import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { BodyMalformed, BodyTooComplex } from "../failure/Failure.js"
import * as JsonBounds from "../json/JsonBounds.js"
import * as JsonObject from "../json/JsonObject.js"

/** Which endpoint a request came to. */
export type Kind = "chat" | "completion"

/** A caller's request: the few fields that the gateway acts on, decoded, and the open body that holds them all. */
export interface ChatRequest {
  readonly kind: Kind
  readonly model: string
  readonly stream: boolean
  /** Whether the caller asked for a usage chunk at the end of the stream. */
  readonly includeUsage: boolean
  readonly body: JsonObject.JsonObject
}

/** A model's name may be this long, in characters. */
const longestModel = 512

const Head = Schema.Struct({
  model: Schema.NonEmptyString.pipe(Schema.maxLength(longestModel)),
  stream: Schema.optional(Schema.NullOr(Schema.Boolean)),
  stream_options: Schema.optional(
    Schema.NullOr(Schema.Struct({ include_usage: Schema.optional(Schema.NullOr(Schema.Boolean)) }))
  )
})

// A schema for each message would cost a long chat more than everything else that is done with it.
const Messages = Schema.declare(
  (value): value is ReadonlyArray<{ readonly role: string }> =>
    Array.isArray(value) &&
    value.length > 0 &&
    value.every((message) => typeof JsonObject.orEmpty(message)["role"] === "string")
)

const ChatHead = Schema.Struct({ ...Head.fields, messages: Messages })

const decodeHead = { chat: Schema.decodeUnknownEither(ChatHead), completion: Schema.decodeUnknownEither(Head) }

/**
 * Decodes the text of a request body that may hold `most` values; fails when it holds more, and with the field that is
 * missing or of the wrong type.
 */
export const decode = (
  kind: Kind,
  text: string,
  most?: number
): Either.Either<ChatRequest, BodyMalformed | BodyTooComplex> => {
  const excess = JsonBounds.excess(text, most)
  if (excess !== undefined) return Either.left(tooComplex(excess, most))
  const body = Option.getOrUndefined(Option.filter(JsonObject.parseBounded(text), JsonObject.is))
  if (body === undefined) {
    return Either.left(new BodyMalformed({ reason: "The request body must be a JSON object.", param: null }))
  }
  return Either.mapBoth(decodeHead[kind](body), {
    onLeft: () => malformed(kind, body),
    onRight: (head) => ({
      kind,
      model: head.model,
      stream: head.stream === true,
      includeUsage: head.stream_options?.include_usage === true,
      body
    })
  })
}

const tooComplex = (excess: JsonBounds.Excess, most = JsonBounds.maxValues): BodyTooComplex =>
  new BodyTooComplex({ excess, limit: excess === "values" ? most : JsonBounds.maxDepth })

const malformed = (kind: Kind, body: JsonObject.JsonObject): BodyMalformed => {
  const wrong = fields(kind).find(({ key, valid }) => !valid(body[key]))
  const key = wrong?.key ?? "model"
  const missing = body[key] === undefined
  const reason = missing ? `Missing required parameter: '${key}'.` : `Invalid '${key}': expected ${wrong?.expected}.`
  return new BodyMalformed({ reason, param: key })
}

const fields = (kind: Kind) => [
  {
    key: "model",
    expected: `a non-empty string of at most ${longestModel} characters`,
    valid: Schema.is(Head.fields.model)
  },
  ...(kind === "chat"
    ? [
        {
          key: "messages",
          expected: "a non-empty list of objects with a role",
          valid: Schema.is(Messages)
        }
      ]
    : []),
  { key: "stream", expected: "a boolean", valid: Schema.is(Schema.UndefinedOr(Schema.NullOr(Schema.Boolean))) },
  { key: "stream_options", expected: "an object with a boolean include_usage", valid: () => false }
]

/** Whether the request brings tools or functions. */
export const usesTools = ({ body }: ChatRequest): boolean =>
  JsonObject.listOf(body["tools"]).length > 0 || JsonObject.listOf(body["functions"]).length > 0

/** Whether a message carries anything but text. */
export const isMultimodal = ({ body }: ChatRequest): boolean =>
  JsonObject.listOf(body["messages"]).some((message) =>
    JsonObject.listOf(JsonObject.orEmpty(message)["content"]).some(
      (part) => JsonObject.orEmpty(part)["type"] !== "text"
    )
  )
