import * as Either from "effect/Either"
import type { Ask } from "../../chat/Ask.js"
import { BodyMalformed } from "../../failure/Failure.js"
import * as Form from "../../form/Form.js"
import * as JsonObject from "../../json/JsonObject.js"
import type { MediaOperation } from "../../operation/MediaOperation.js"
import type { Media } from "../../operation/Operation.js"
import type { Field } from "../../operation/PlainOperation.js"
import type { Asking } from "../ClientProtocol.js"
import { answers } from "../OpenAiAnswer.js"
import * as OpenAiPaths from "../OpenAiPaths.js"
import * as OpenAiRequest from "../OpenAiRequest.js"

/** An endpoint of OpenAI's with sound or images. */
export interface MediaClient extends Asking {
  readonly operation: Media
  readonly media: MediaOperation
  /** Reads a form, where it is asked in one; a model that its path says wins over the form's. */
  readonly decodeForm: (form: Form.Form, model?: string) => Either.Either<Ask, BodyMalformed>
}

/** Where and how callers ask for an operation. */
export const of = (media: MediaOperation): MediaClient => ({
  operation: media.name,
  media,
  ...OpenAiPaths.of(media.path),
  decode: OpenAiRequest.decoder(media.name, fieldsOf(media), {
    defaultModel: media.defaultModel,
    isStream: media.isStream
  }),
  decodeForm: (form, model) => decodeForm(media, form, model),
  error: answers.error
})

const fieldsOf = ({ fields, files }: MediaOperation): ReadonlyArray<Field> => [
  ...fields,
  ...files.map((key) => ({ key, expected: "a file", valid: JsonObject.isPresent }))
]

const decodeForm = (media: MediaOperation, form: Form.Form, inPath?: string): Either.Either<Ask, BodyMalformed> => {
  // Which of two models is meant a backend may see otherwise.
  const models = form.parts.filter(({ name }) => name === "model")
  if (models.length > 1) return malformed("model", "Invalid 'model': it stands in the form more than once.")
  const [given] = models
  const model = inPath ?? (given === undefined ? media.defaultModel : given.value)
  if (model === undefined && given === undefined) return malformed("model", "Missing required parameter: 'model'.")
  if (!OpenAiRequest.isModel(model))
    return malformed("model", `Invalid 'model': expected ${OpenAiRequest.modelExpected}.`)
  for (const key of media.files) {
    const files = form.parts.filter((part) => Form.baseName(part) === key)
    if (files.length === 0) return malformed(key, `Missing required parameter: '${key}'.`)
    if (files.some((part) => Form.sizeOf(part) === 0)) return malformed(key, `Invalid '${key}': the file is empty.`)
  }
  const body: JsonObject.JsonObject = { ...Form.toJson(form), model }
  const wrong = media.fields.find(({ key, valid }) => !valid(body[key]))
  if (wrong !== undefined) return Either.left(OpenAiRequest.wrongIn(body, wrong))
  return Either.right({
    operation: media.name,
    model,
    stream: media.isStream(body),
    includeUsage: false,
    body,
    form
  })
}

const malformed = (param: string, reason: string): Either.Either<never, BodyMalformed> =>
  Either.left(new BodyMalformed({ reason, param }))
