import { createHash } from "node:crypto"
import type * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import type { Backend } from "../domain/backend/Backend.js"
import * as Credentials from "../domain/backend/Credentials.js"
import { ProtocolBroken, TotalTimedOut } from "../domain/failure/Failure.js"
import * as JsonObject from "../domain/json/JsonObject.js"
import { oncePer } from "../domain/text/OncePer.js"
import type { RouteTable } from "../domain/routing/RouteTable.js"
import { serves } from "../domain/routing/RouteTable.js"
import * as Told from "../domain/chat/answer/Told.js"
import { Backends } from "./Backends.js"
import * as Decompress from "./Decompress.js"
import * as BackendUrl from "./BackendUrl.js"
import * as LightScope from "../flow/LightScope.js"
import * as SharedFlight from "../flow/SharedFlight.js"
import * as UpstreamCall from "./UpstreamCall.js"
import { readText } from "./UpstreamHead.js"

/** How long a backend may take to list its models. */
const patience = Duration.seconds(5)

const tooLate = () => new TotalTimedOut({ after: patience })

/** A list of models may be this large, in bytes. */
const maxList = 8 * 1024 * 1024

/**
 * The models that callers can ask for: what each backend lists and serves, and every name that one serves exactly, once
 * each. Backends are asked at the same time; one that does not answer well within 5 s only counts with its exact names.
 * Who asks again within a second is told the same.
 */
export const list = (
  asked: ReadonlyArray<Backend>,
  caller: Credentials.Headers
): Effect.Effect<ReadonlyArray<JsonObject.JsonObject>, never, Backends> =>
  Effect.forEach(asked, (backend) => modelsOf(backend, caller), { concurrency: "unbounded" }).pipe(
    Effect.map((lists) => {
      const models = new Map<string, JsonObject.JsonObject>()
      for (const model of lists.flat()) {
        const id = String(model["id"])
        if (!models.has(id)) models.set(id, model)
      }
      return [...models.values()]
    })
  )

/** The model of this id, as {@link list} has it; only the backends that serve it are asked. */
export const find = (
  routes: RouteTable,
  caller: Credentials.Headers,
  id: string
): Effect.Effect<Option.Option<JsonObject.JsonObject>, never, Backends> =>
  Effect.map(
    list(
      routes.backends.filter((backend) => serves(backend, id)),
      caller
    ),
    (models) => Option.fromNullable(models.find((model) => model["id"] === id))
  )

const modelsOf = (backend: Backend, caller: Credentials.Headers) =>
  Effect.flatMap(Backends, (backends) =>
    flightsOf(backends)(backend).join(keyOf(backend, caller), listOf(backend, caller))
  )

const listOf = (backend: Backend, caller: Credentials.Headers): Effect.Effect<Models, never, Backends> =>
  Effect.scoped(fetchList(backend, caller)).pipe(
    Effect.timeoutFail({ duration: patience, onTimeout: tooLate }),
    Effect.map((models) => models.filter((model) => serves(backend, String(model["id"])))),
    Effect.catchAll((failure) => {
      const { message } = Told.failure(failure, backend, caller)
      return Effect.as(Effect.logDebug(`Backend ${backend.name} lists no models: ${message}`), [])
    }),
    Effect.map((listed) => [...listed, ...exactNames(backend, listed)])
  )

type Models = ReadonlyArray<JsonObject.JsonObject>

// Clients ask often and at once, and a list is long: who would be told the same within a second is told the same.
const flightsOf = oncePer((_: Context.Tag.Service<Backends>) =>
  oncePer((_: Backend) => SharedFlight.make<Models>({ keptFor: 1_000, most: 8 }))
)

// What the list may depend on: all that the backend is sent but the marks of the single request.
const keyOf = (backend: Backend, caller: Credentials.Headers): string => {
  const sent = Credentials.upstreamHeaders(backend, caller, false)
  for (const name of ["idempotency-key", "traceparent", "tracestate"]) delete sent[name]
  return createHash("sha256").update(JSON.stringify(sent)).digest("base64")
}

const exactNames = (
  backend: Backend,
  listed: ReadonlyArray<JsonObject.JsonObject>
): ReadonlyArray<JsonObject.JsonObject> =>
  backend.match.type === "keyword"
    ? []
    : backend.match.value
        .filter((name) => !listed.some((model) => model["id"] === name))
        .map((id) => ({ id, object: "model", created: 0, owned_by: "causeway" }))

const fetchList: (
  backend: Backend,
  caller: Credentials.Headers
) => Effect.Effect<
  ReadonlyArray<JsonObject.JsonObject>,
  UpstreamCall.CallFailure | ProtocolBroken,
  Backends | Scope.Scope
> = Effect.fnUntraced(function* (backend: Backend, caller: Credentials.Headers) {
  if (BackendUrl.isPerModel(backend.baseUrl)) return []
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
  if (head.status !== 200) return yield* new ProtocolBroken({ reason: `status ${head.status}` })
  const text = yield* readText(scope, head, maxList)
  const body = Option.getOrElse(JsonObject.parse(text), JsonObject.empty)
  return JsonObject.listOf(body["data"]).filter(JsonObject.is).filter(isNamed).map(complete)
})

const isNamed = (model: JsonObject.JsonObject): boolean => JsonObject.text(model["id"]) !== undefined

const complete = (model: JsonObject.JsonObject): JsonObject.JsonObject => ({
  created: 0,
  owned_by: "unknown",
  ...model,
  object: "model"
})
