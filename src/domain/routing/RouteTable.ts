import type { Backend } from "../backend/Backend.js"
import * as SpokenProtocol from "../backend/SpokenProtocol.js"
import type { Operation } from "../operation/Operation.js"

/** A backend together with the model it is asked for. */
export interface Target {
  readonly backend: Backend
  readonly model: string
}

/**
 * An immutable lookup from models to the backends of one configuration.
 *
 * @category models
 * @since 0.1.0
 */
export interface RouteTable {
  readonly backends: ReadonlyArray<Backend>
  /** The backends that can be asked this of a model, in configured order. */
  readonly match: (operation: Operation, model: string) => ReadonlyArray<Backend>
  /** What a fallback name means: the backends that can be asked of such a model, else the backend of that name. */
  readonly resolve: (operation: Operation, fallback: string, requested: string) => ReadonlyArray<Target>
}

/** Compiles the backends of a configuration into their lookup. */
export const make = (backends: ReadonlyArray<Backend>): RouteTable => {
  const match = (operation: Operation, model: string) =>
    backends.filter((backend) => serves(backend, model) && SpokenProtocol.answers(backend.protocols, operation))
  return {
    backends,
    match,
    resolve: (operation, fallback, requested) => {
      const serving = match(operation, fallback)
      if (serving.length > 0) return serving.map((backend) => ({ backend, model: fallback }))
      return backends
        .filter((backend) => backend.name === fallback && SpokenProtocol.answers(backend.protocols, operation))
        .map((backend) => ({ backend, model: modelFor(backend, requested) }))
    }
  }
}

/** Whether a backend claims a model. */
export const serves = (backend: Backend, model: string): boolean =>
  backend.match.type === "exact"
    ? backend.match.value.includes(model)
    : backend.match.value.some((keyword) => model.includes(keyword))

// A backend chosen by its name need not know the caller's model: ask it for one that it claims.
const modelFor = (backend: Backend, requested: string): string =>
  serves(backend, requested) || backend.match.type === "keyword" ? requested : (backend.match.value[0] ?? requested)
