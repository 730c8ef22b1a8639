import { createHash } from "node:crypto"
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { Backend } from "../domain/backend/Backend.js"
import * as Credentials from "../domain/backend/Credentials.js"
import * as ServedModels from "../domain/backend/ServedModels.js"
import type * as JsonObject from "../domain/json/JsonObject.js"
import type { RouteTable } from "../domain/routing/RouteTable.js"
import { serves } from "../domain/routing/RouteTable.js"
import { oncePer } from "../domain/text/OncePer.js"
import * as LastKnown from "../flow/LastKnown.js"
import * as SteadyClock from "../flow/SteadyClock.js"
import { Backends } from "./Backends.js"
import * as BackendUrl from "./BackendUrl.js"
import * as ModelList from "./ModelList.js"

/**
 * The models that callers can ask for, once each: what the backends that match by keywords list and serve, and every name
 * that one serves exactly, for which nobody is asked. Backends are asked at the same time, each URL and key once. Who asks
 * within a second is told the same; later, what was listed last where the answer does not come at once. Only the first
 * to ask a backend waits for it, up to 5 s; one that the breaker has set aside is not asked.
 */
export const list = (
  asked: ReadonlyArray<Backend>,
  caller: Credentials.Headers
): Effect.Effect<ModelList.Models, never, Backends> =>
  Effect.map(
    Effect.forEach(asked, (backend) => listedBy(backend, caller), { concurrency: "unbounded" }),
    (lists) => {
      const listed = firstOfEach(lists.flat())
      const models = asked.flatMap((backend, at) => [...exactNames(backend), ...(lists[at] ?? [])])
      // What a backend says of a model goes before its name alone, wherever that stands.
      return [...firstOfEach(models)].map(([id, model]) => listed.get(id) ?? model)
    }
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

// Clients ask often and at once, and show nothing until the last backend has answered.
const knownTo = oncePer((_: Context.Tag.Service<Backends>) =>
  LastKnown.make<ModelList.ModelList>({
    otherwise: ModelList.nothing,
    newsFor: 1_000,
    grace: 250,
    keptFor: 60 * 60_000,
    weigh: ({ length }) => 1024 + length,
    most: 2 * ModelList.longest
  })
)

const listedBy = (backend: Backend, caller: Credentials.Headers): Effect.Effect<ModelList.Models, never, Backends> =>
  Effect.gen(function* () {
    if (ServedModels.isListed(backend) || BackendUrl.isPerModel(backend.baseUrl)) return []
    const backends = yield* Backends
    const known = knownTo(backends)
    const key = keyOf(backend, caller)
    const now = SteadyClock.of(yield* Effect.clock).now()
    const listed = backends.health.isOpen(backend, now)
      ? Option.getOrElse(known.peek(key), () => ModelList.nothing)
      : yield* known.ask(key, ModelList.fetch(backend, caller))
    return served(backend, listed.models)
  })

// What the list may depend on: the place, and all that is sent there but the marks of the single request.
const keyOf = (backend: Backend, caller: Credentials.Headers): string => {
  const sent = Credentials.upstreamHeaders(backend, caller, false)
  for (const name of ["idempotency-key", "traceparent", "tracestate"]) delete sent[name]
  return createHash("sha256")
    .update(JSON.stringify([backend.baseUrl, sent]))
    .digest("base64")
}

// What is served by another name than the backend's own is told under that.
const served = (backend: Backend, listed: ModelList.Models): ModelList.Models => {
  const byId = new Map(listed.map((model) => [model["id"], model] as const))
  const names = ServedModels.namesOf(backend)
  const others = listed.filter(({ id }) => !names.includes(String(id)) && serves(backend, String(id)))
  const told = names.flatMap((id) => {
    const model = byId.get(ServedModels.modelFor(backend, id))
    return model === undefined ? [] : [{ ...model, id }]
  })
  return [...others, ...told]
}

const firstOfEach = (models: ModelList.Models): ReadonlyMap<string, JsonObject.JsonObject> => {
  const first = new Map<string, JsonObject.JsonObject>()
  for (const model of models) {
    const id = String(model["id"])
    if (!first.has(id)) first.set(id, model)
  }
  return first
}

const exactNames = (backend: Backend): ModelList.Models =>
  ServedModels.namesOf(backend).map((id) => ({ id, object: "model", created: 0, owned_by: "causeway" }))
