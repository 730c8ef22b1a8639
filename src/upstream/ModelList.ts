import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import type { Backend } from "../domain/backend/Backend.js"
import * as Credentials from "../domain/backend/Credentials.js"
import * as Told from "../domain/chat/answer/Told.js"
import { ProtocolBroken, TotalTimedOut } from "../domain/failure/Failure.js"
import * as JsonObject from "../domain/json/JsonObject.js"
import * as LightScope from "../flow/LightScope.js"
import { Backends } from "./Backends.js"
import * as BackendUrl from "./BackendUrl.js"
import * as Decompress from "./Decompress.js"
import * as UpstreamCall from "./UpstreamCall.js"
import { readText } from "./UpstreamHead.js"

/** Models as OpenAI's API has them. */
export type Models = ReadonlyArray<JsonObject.JsonObject>

/** What a backend lists, and how long the text was. */
export interface ModelList {
  readonly models: Models
  readonly length: number
}

/** A backend that lists nothing. */
export const nothing: ModelList = { models: [], length: 0 }

/** A list of models may be this large, in bytes. */
export const longest = 8 * 1024 * 1024

/** How long a backend may take to list its models. */
const patience = Duration.seconds(5)

const tooLate = () => new TotalTimedOut({ after: patience })

/** What a backend lists when it is asked now; it fails where that is not known. */
export const fetch = (
  backend: Backend,
  caller: Credentials.Headers
): Effect.Effect<ModelList, UpstreamCall.CallFailure | ProtocolBroken, Backends> =>
  Effect.scoped(read(backend, caller)).pipe(
    Effect.timeoutFail({ duration: patience, onTimeout: tooLate }),
    Effect.tapError((failure) => {
      const { message } = Told.failure(failure, backend, caller)
      return Effect.logDebug(`Backend ${backend.name} lists no models: ${message}`)
    })
  )

const read: (
  backend: Backend,
  caller: Credentials.Headers
) => Effect.Effect<ModelList, UpstreamCall.CallFailure | ProtocolBroken, Backends | Scope.Scope> = Effect.fnUntraced(
  function* (backend: Backend, caller: Credentials.Headers) {
    const backends = yield* Backends
    const scope = yield* LightScope.scoped
    const compressed = yield* UpstreamCall.open(scope, backends.connections(backend), {
      ...BackendUrl.of({ backend, model: "" }, "/models"),
      method: "GET",
      headers: Credentials.upstreamHeaders(backend, caller, false),
      body: null,
      connectTimeout: Duration.min(backend.timeouts.connect, patience),
      headLimit: { after: Duration.toMillis(patience), failure: tooLate }
    })
    const head = yield* Decompress.head(compressed)
    // Whoever refuses lists nothing from now on; whoever cannot answer now may still have what it had.
    if (isRefusal(head.status)) {
      yield* Effect.logDebug(`Backend ${backend.name} lists no models: status ${head.status}`)
      return nothing
    }
    if (head.status !== 200) return yield* new ProtocolBroken({ reason: `status ${head.status}` })
    const text = yield* readText(scope, head, longest)
    const { data } = Option.getOrElse(JsonObject.parse(text), JsonObject.empty)
    if (!Array.isArray(data)) return yield* new ProtocolBroken({ reason: "no list of models" })
    const models = JsonObject.listOf(data).filter(JsonObject.is).filter(isNamed).map(complete)
    return { models, length: text.length }
  }
)

const isRefusal = (status: number): boolean => status >= 400 && status < 500 && status !== 408 && status !== 429

const isNamed = (model: JsonObject.JsonObject): boolean => JsonObject.text(model["id"]) !== undefined

const complete = (model: JsonObject.JsonObject): JsonObject.JsonObject => ({
  created: 0,
  owned_by: "unknown",
  ...model,
  object: "model"
})
