import type { Backend } from "../backend/Backend.js"
import * as ServedModels from "../backend/ServedModels.js"
import * as SpokenProtocol from "../backend/SpokenProtocol.js"
import type { Operation } from "../operation/Operation.js"

/** A backend together with the model it is asked for. */
export interface Target {
  readonly backend: Backend
  readonly model: string
  /** The name by which it was chosen, where the backend has another one for the model (`models`). */
  readonly name?: string
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
      if (serving.length > 0) return serving.map((backend) => targetOf(backend, fallback))
      return backends
        .filter((backend) => backend.name === fallback && SpokenProtocol.answers(backend.protocols, operation))
        .map((backend) => targetOf(backend, nameFor(backend, requested)))
    }
  }
}

/** Whether a backend claims a model. */
export const serves = (backend: Backend, model: string): boolean => ServedModels.serves(backend, model)

/** A backend with the model that it is asked for where a caller asks for this one. */
export const targetOf = (backend: Backend, name: string): Target => {
  const model = ServedModels.modelFor(backend, name)
  return model === name ? { backend, model } : { backend, model, name }
}

/** The name by which a target was chosen, which its siblings have in common. */
export const nameOf = ({ model, name }: Pick<Target, "model" | "name">): string => name ?? model

// A backend chosen by its name need not know the caller's model: ask it for one that it claims.
const nameFor = (backend: Backend, requested: string): string => {
  if (serves(backend, requested) || backend.match.type === "keyword") return requested
  return ServedModels.namesOf(backend)[0] ?? requested
}
