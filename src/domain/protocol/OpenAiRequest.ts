import * as Either from "effect/Either"
import * as Schema from "effect/Schema"
import type { Ask } from "../chat/Ask.js"
import { BodyMalformed, BodyTooComplex } from "../failure/Failure.js"
import * as JsonBounds from "../json/JsonBounds.js"
import * as JsonObject from "../json/JsonObject.js"
import * as JsonText from "../json/JsonText.js"
import type { Field } from "../operation/PlainOperation.js"
import type { Operation } from "../operation/Operation.js"
import type { Asking } from "./ClientProtocol.js"

/** A model's name may be this long, in characters. */
const longestModel = 512

const Head = Schema.Struct({
  model: Schema.NonEmptyString.pipe(Schema.maxLength(longestModel)),
  stream: Schema.optional(Schema.NullOr(Schema.Boolean)),
  stream_options: Schema.optional(
    Schema.NullOr(Schema.Struct({ include_usage: Schema.optional(Schema.NullOr(Schema.Boolean)) }))
  )
})

const decodeHead = Schema.decodeUnknownEither(Head)

/** Where an endpoint is another one than those of conversations. */
export interface Options {
  /** The model of a request that names none; undefined where it has to. */
  readonly defaultModel?: string | undefined
  /** Whether a stream is asked for, where `stream` alone does not say. */
  readonly isStream?: (body: JsonObject.JsonObject) => boolean
}

/** Decodes what OpenAI's endpoints have in common, and what one of them requires beyond it. */
export const decoder = (
  operation: Operation,
  required: ReadonlyArray<Field>,
  { defaultModel, isStream }: Options = {}
): Asking["decode"] => {
  const fields = [model, ...required, stream, streamOptions]
  return (text, mostValues, inPath) =>
    Either.flatMap(bounded(text, mostValues), (given): Either.Either<Ask, BodyMalformed> => {
      const named = inPath ?? (given["model"] === undefined ? defaultModel : undefined)
      const body = named === undefined ? given : { ...given, model: named }
      const head = decodeHead(body)
      if (Either.isLeft(head) || required.some(({ key, valid }) => !valid(body[key]))) {
        return Either.left(malformed(fields, body))
      }
      const { model, stream, stream_options: options } = head.right
      return Either.right({
        operation,
        model,
        stream: isStream === undefined ? stream === true : isStream(body),
        includeUsage: options?.include_usage === true,
        body
      })
    })
}

const bounded = (text: string, most?: number): Either.Either<JsonObject.JsonObject, BodyMalformed | BodyTooComplex> => {
  const value = JsonText.read(text, most)
  if (Either.isLeft(value) && value.left !== "syntax") return Either.left(tooComplex(value.left, most))
  return Either.isRight(value) && JsonObject.is(value.right)
    ? Either.right(value.right)
    : Either.left(new BodyMalformed({ reason: "The request body must be a JSON object.", param: null }))
}

const tooComplex = (excess: JsonBounds.Excess, most = JsonBounds.maxValues): BodyTooComplex =>
  new BodyTooComplex({ excess, limit: excess === "values" ? most : JsonBounds.maxDepth })

/** What the name of a model has to be, for a caller that sends something else. */
export const modelExpected = `a non-empty string of at most ${longestModel} characters`

/** Whether it is the name of a model. */
export const isModel = Schema.is(Head.fields.model)

const model: Field = { key: "model", expected: modelExpected, valid: isModel }

const stream: Field = {
  key: "stream",
  expected: "a boolean",
  valid: Schema.is(Schema.UndefinedOr(Schema.NullOr(Schema.Boolean)))
}

// The last to be looked at, so it is this one that is wrong.
const streamOptions: Field = {
  key: "stream_options",
  expected: "an object with a boolean include_usage",
  valid: () => false
}

const malformed = (fields: ReadonlyArray<Field>, body: JsonObject.JsonObject): BodyMalformed =>
  wrongIn(body, fields.find(({ key, valid }) => !valid(body[key])) ?? model)

/** What a caller is told of a field that is not there, or is not what it has to be. */
export const wrongIn = (body: JsonObject.JsonObject, { expected, key }: Field): BodyMalformed => {
  const isMissing = body[key] === undefined
  const reason = isMissing ? `Missing required parameter: '${key}'.` : `Invalid '${key}': expected ${expected}.`
  return new BodyMalformed({ reason, param: key })
}
