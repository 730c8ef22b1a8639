import * as Either from "effect/Either"
import type { Backend } from "../backend/Backend.js"
import { ModelNotFound } from "../failure/Failure.js"
import type { Operation } from "../operation/Operation.js"
import * as RoutePlan from "./RoutePlan.js"
import * as RouteTable from "./RouteTable.js"

/**
 * A backend, and the model that it would be asked for; `name` is what it was chosen by, where its `models` have another name
 * for that.
 *
 * @category models
 * @since 0.1.0
 */
export interface Candidate {
  readonly backend: Backend
  readonly model: string
  readonly name?: string
}

/**
 * What of a configuration decides who is asked.
 *
 * @category models
 * @since 0.1.0
 */
export interface Config {
  readonly backends: ReadonlyArray<Backend>
}

/**
 * Whether a backend serves a model, by the name that callers have for it.
 *
 * @category functions
 * @since 0.1.0
 */
export const serves = (backend: Backend, model: string): boolean => RouteTable.serves(backend, model)

/**
 * Who is asked for a model, first to last, as long as one after the other fails: the backends that serve it in weighted
 * order, then those of their fallbacks, and so on, each (backend, model) once. `draw` gives the random number of a backend
 * by its name, in [0, 1), of which the smaller go first; without it backends of the same weight keep their order. Fails
 * with `ModelNotFound` where no backend serves the model. The gateway leaves out who is set aside or busy.
 *
 * @example
 * ```ts
 * import * as GatewayConfig from "causeway/GatewayConfig"
 * import * as Routing from "causeway/Routing"
 * import * as Either from "effect/Either"
 *
 * const config = GatewayConfig.decode({
 *   openai_clients: [{ name: "demo", base_url: "demo:", model_match: { value: "demo" } }]
 * })
 * const plan = Either.flatMap(config, (decoded) => Routing.plan(decoded, "demo"))
 * ```
 *
 * @category functions
 * @since 0.1.0
 */
export const plan = (
  { backends }: Config,
  model: string,
  draw: (backend: string) => number = () => 0.5,
  operation: Operation = "chat"
): Either.Either<ReadonlyArray<Candidate>, ModelNotFound> => {
  const candidates = RoutePlan.make(RouteTable.make(backends), operation, model, ({ name }) => draw(name))
  return candidates.length === 0 ? Either.left(new ModelNotFound({ model })) : Either.right(candidates)
}
