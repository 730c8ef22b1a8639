import * as Either from "effect/Either"
import type { Ask } from "../Ask.js"
import * as Dialect from "../../backend/Dialect.js"
import { BodyMalformed } from "../../failure/Failure.js"
import type { Upload } from "../../form/Upload.js"
import * as Continuation from "../../rescue/Continuation.js"
import * as JsonObject from "../../json/JsonObject.js"
import * as MessageForm from "./MessageForm.js"
import * as Parameters from "../../backend/Parameters.js"
import * as Preprocess from "./Preprocess.js"
import * as Removed from "./Removed.js"
import type { Target } from "../../routing/RouteTable.js"

/** What a target is sent. */
export interface Prepared {
  readonly body: JsonObject.JsonObject
  /** What is sent in the place of the body's JSON, which then only tells of it. */
  readonly upload?: Upload
  /** What the caller said and the target is not told. */
  readonly removed: Removed.Removed
}

/**
 * The body that a target is sent: its model, cleaned messages, its parameters, usage asked for in streams, and all of it
 * in the backend's dialect. With `partial` it asks to go on with an answer that broke off there.
 */
export const make = (ask: Ask, target: Target, partial?: string): Either.Either<Prepared, BodyMalformed> => {
  const { backend, model } = target
  const asked = Parameters.apply(backend, ask.body)
  const { messages, prompt, stream_options: streamOptions } = asked
  const asksUsage = ask.stream && backend.askUsage
  const body = streamOptions === undefined || asksUsage ? asked : withoutStreamOptions(asked)
  const cleaned =
    ask.operation === "chat" && Array.isArray(messages) ? Preprocess.clean(ask.body, backend.clean) : undefined
  if (cleaned?.messages.length === 0)
    return Either.left(new BodyMalformed({ reason: "All messages are empty.", param: "messages" }))
  const fitted = cleaned === undefined ? undefined : MessageForm.fit(backend, cleaned.messages)
  const sent: Record<string, unknown> = { ...withoutEmptyTools(body), model }
  if (fitted !== undefined) sent["messages"] = fitted
  if (partial !== undefined) Object.assign(sent, Continuation.of(backend, fitted ?? [], prompt, partial))
  if (asksUsage) {
    sent["stream_options"] = { ...JsonObject.orEmpty(streamOptions), include_usage: true }
  }
  return Either.right({ body: Dialect.translate(backend, sent), removed: cleaned ?? Removed.nothing })
}

const withoutStreamOptions = ({ stream_options: _, ...rest }: JsonObject.JsonObject): JsonObject.JsonObject => rest

// Several backends refuse an empty list of tools, and what would say how to use it; no tools at all mean the same.
const withoutEmptyTools = (body: JsonObject.JsonObject): JsonObject.JsonObject => {
  if (!Array.isArray(body["tools"]) || body["tools"].length > 0) return body
  const { parallel_tool_calls: _, tools: __, ...left } = body
  const { tool_choice: choice, ...idle } = left
  return choice === undefined || choice === "auto" || choice === "none" ? idle : left
}
