import * as Either from "effect/Either"
import type { ChatRequest } from "./ChatRequest.js"
import { BodyMalformed } from "./Failure.js"
import * as Continuation from "./Continuation.js"
import * as JsonObject from "./JsonObject.js"
import * as Parameters from "./Parameters.js"
import * as Preprocess from "./Preprocess.js"
import type { Target } from "./RouteTable.js"

/**
 * The body that a target is sent: its model, cleaned messages, its parameters, and usage asked for in streams. With
 * `partial` it asks to go on with an answer that broke off there.
 */
export const make = (
  request: ChatRequest,
  target: Target,
  partial?: string
): Either.Either<JsonObject.JsonObject, BodyMalformed> => {
  const { stream_options: streamOptions, ...body } = Parameters.apply(target.backend, request.body)
  const { messages } = body
  const cleaned = Array.isArray(messages) ? Preprocess.clean(messages, target.backend.stripTags) : undefined
  if (cleaned?.length === 0)
    return Either.left(new BodyMalformed({ reason: "All messages are empty.", param: "messages" }))
  return Either.right({
    ...body,
    model: target.model,
    ...(cleaned === undefined ? {} : { messages: cleaned }),
    ...(partial === undefined ? {} : Continuation.of(target.backend, cleaned ?? [], body["prompt"], partial)),
    ...(request.stream ? { stream_options: { ...JsonObject.orEmpty(streamOptions), include_usage: true } } : {})
  })
}
