import type { GatewayFailure } from "./GatewayFailure.js"
import * as ErrorBody from "./ErrorBody.js"
import type * as JsonObject from "../json/JsonObject.js"
import * as StreamFailure from "./StreamFailure.js"
import * as WireError from "./WireError.js"

// What can go wrong, in one module for hosts: the failures of the files beside it, and how they are answered.

export * from "./AttemptFailure.js"
export * from "./GatewayFailure.js"
export * from "./OwnFailure.js"
export * from "./Reason.js"
export * from "./Refusal.js"

/**
 * An error response, as the gateway itself would send it.
 *
 * @category models
 * @since 0.1.0
 */
export interface Response {
  readonly status: number
  /** With lower-case names; `x-request-id` among them where the failure knows it. */
  readonly headers: Readonly<Record<string, string>>
  /** To be written as JSON. */
  readonly body: JsonObject.JsonObject
}

/**
 * The response by which the gateway answers a failure over HTTP; of a stream that broke off, the one that a caller would
 * get that has seen nothing of it.
 *
 * @example
 * ```ts
 * import * as Completions from "causeway/Completions"
 * import * as Failure from "causeway/Failure"
 * import * as Effect from "effect/Effect"
 *
 * const answer = Effect.gen(function* () {
 *   const { complete } = yield* Completions.Completions
 *   return yield* complete({ model: "demo", messages: [{ role: "user", content: "Hi" }] })
 * })
 * const responded = Effect.match(answer, {
 *   onFailure: Failure.toResponse,
 *   onSuccess: (body) => ({ status: 200, headers: {}, body })
 * })
 * ```
 *
 * @category functions
 * @since 0.1.0
 */
export const toResponse = (failure: GatewayFailure | StreamFailure.StreamFailure): Response => {
  const { error, headers, status } =
    failure._tag === "StreamFailure" ? StreamFailure.beforeBeginning(failure) : WireError.fromFailure(failure)
  return {
    status,
    headers: {
      ...headers,
      "content-type": "application/json",
      ...(failure.id === undefined ? {} : { "x-request-id": failure.id })
    },
    body: { error: ErrorBody.written(error) }
  }
}
