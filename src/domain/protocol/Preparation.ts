import * as Data from "effect/Data"
import * as Either from "effect/Either"
import type { Backend } from "../backend/Backend.js"
import type { Ask } from "../chat/Ask.js"
import * as RequestText from "../chat/request/RequestText.js"
import type { BodyMalformed, BodyTooComplex, BodyTooLarge } from "../failure/Failure.js"
import { ModelNotFound } from "../failure/Failure.js"
import type * as JsonObject from "../json/JsonObject.js"
import type { Operation } from "../operation/Operation.js"
import * as Routing from "../routing/Routing.js"
import { didYouMean } from "../schema/ConfigIssue.js"
import type { Asking } from "./ClientProtocol.js"
import * as OpenAiChatClient from "./openai-chat/OpenAiChatClient.js"
import * as Protocols from "./Protocols.js"

/**
 * What of a configuration decides what a backend is sent.
 *
 * @category models
 * @since 0.1.0
 */
export interface Config extends Routing.Config {
  readonly server: {
    /** In bytes. */
    readonly maxBody: number
    readonly maxValues: number
  }
}

/**
 * Why a backend is sent nothing.
 *
 * @category failures
 * @since 0.1.0
 */
export type Failure = BackendUnknown | BodyTooLarge | BodyTooComplex | BodyMalformed | ModelNotFound

/**
 * The configuration has no backend of this name.
 *
 * @category failures
 * @since 0.1.0
 */
export class BackendUnknown extends Data.TaggedError("BackendUnknown")<{
  readonly backend: string
  /** The names that there are. */
  readonly backends: ReadonlyArray<string>
}> {
  override get message() {
    return `No backend is named "${this.backend}"${didYouMean(this.backend, this.backends)}.`
  }
}

/**
 * The body that a backend is sent for a request, which may be any value: decoded as a caller's body is, then cleaned, with
 * the backend's parameters and in its dialect. `to` is the backend's name, for the model that it is first asked for when
 * the dice are level, or a candidate of a plan. It fails as a caller would be answered: with `BodyTooLarge`,
 * `BodyTooComplex` or `BodyMalformed`, or with `ModelNotFound` where the request would not get to this backend; and with
 * `BackendUnknown`. A number of an `extra_body` that JavaScript would write otherwise is an object that `JSON.stringify`
 * writes as a number.
 *
 * @example
 * ```ts
 * import * as GatewayConfig from "causeway/GatewayConfig"
 * import * as Preparation from "causeway/Preparation"
 * import * as Either from "effect/Either"
 *
 * const config = GatewayConfig.decode({
 *   openai_clients: [{ name: "demo", base_url: "demo:", model_match: { value: "demo" } }]
 * })
 * const request = { model: "demo", messages: [{ role: "user", content: "Hi" }] }
 * const body = Either.flatMap(config, (decoded) => Preparation.body(decoded, "demo", request))
 * ```
 *
 * @category functions
 * @since 0.1.0
 */
export const body = (
  config: Config,
  to: string | Routing.Candidate,
  request: unknown,
  operation: Operation = "chat"
): Either.Either<JsonObject.JsonObject, Failure> =>
  Either.gen(function* () {
    const { maxBody, maxValues } = config.server
    const name = typeof to === "string" ? to : to.backend.name
    const backend = yield* named(config, name)
    const text = yield* RequestText.of(request, maxBody)
    const ask = yield* asking(operation).decode(text, maxValues)
    const model = typeof to === "string" ? yield* modelFor(config, backend, ask) : to.model
    const protocol = Protocols.between(operation, backend)
    if (protocol === undefined) return yield* Either.left(new ModelNotFound({ model: ask.model }))
    const prepared = yield* protocol.body(ask, { backend, model })
    return prepared.body
  })

// The words in which callers ask for an operation: every one has some.
const asking = (operation: Operation): Asking =>
  Protocols.endpoints.find((endpoint) => endpoint.operation === operation) ?? OpenAiChatClient.protocol

const named = ({ backends }: Config, name: string): Either.Either<Backend, BackendUnknown> => {
  const backend = backends.find((each) => each.name === name)
  return backend === undefined
    ? Either.left(new BackendUnknown({ backend: name, backends: backends.map((each) => each.name) }))
    : Either.right(backend)
}

const modelFor = (config: Config, backend: Backend, { model, operation }: Ask): Either.Either<string, ModelNotFound> =>
  Either.flatMap(Routing.plan(config, model, undefined, operation), (candidates) => {
    const candidate = candidates.find((each) => each.backend.name === backend.name)
    return candidate === undefined ? Either.left(new ModelNotFound({ model })) : Either.right(candidate.model)
  })
