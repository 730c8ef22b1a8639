import * as Option from "effect/Option"
import type { Backend } from "../backend/Backend.js"
import * as Operation from "../operation/Operation.js"
import type { RouteTable, Target } from "./RouteTable.js"
import { nameOf, targetOf } from "./RouteTable.js"
import * as Weighting from "./Weighting.js"

/** Backends among which the weights decide: those of the requested model, or of one fallback. */
export interface Stage {
  /** The fallback's name, as configured; undefined for the requested model. */
  readonly fallback: string | undefined
  /** All of them, in the order of the draw. */
  readonly siblings: ReadonlyArray<Target>
  /** Those that no earlier stage has. */
  readonly fresh: ReadonlyArray<Target>
}

/**
 * The candidates for an operation of a model in the order in which they are tried: its backends in weighted order, then those of their
 * fallbacks, and so on; each (backend, model) once, so cycles end. `drawOf` gives a backend's random number in [0, 1).
 */
export const make = (
  routes: RouteTable,
  operation: Operation.Operation,
  requested: string,
  drawOf: (backend: Backend) => number
): ReadonlyArray<Target> => {
  const plan: Array<Target> = []
  for (const { fresh } of stages(routes, operation, requested, drawOf)) plan.push(...fresh)
  return plan
}

/** The plan where no weight decides anything: one backend serves the model and has no fallback; undefined for any other. */
export const certain = (
  routes: RouteTable,
  operation: Operation.Operation,
  requested: string
): ReadonlyArray<Target> | undefined => {
  const [only, ...others] = routes.match(operation, requested)
  if (only === undefined || others.length > 0 || Option.isSome(only.fallback)) return undefined
  return [targetOf(only, requested)]
}

/** The stages of the plan that {@link make} makes. */
export const stages = (
  routes: RouteTable,
  operation: Operation.Operation,
  requested: string,
  drawOf: (backend: Backend) => number
): ReadonlyArray<Stage> => {
  const plan: Array<Stage> = []
  const seen: Array<Target> = []
  const waiting: Array<Pick<Stage, "fallback" | "siblings">> = [
    {
      fallback: undefined,
      siblings: routes.match(operation, requested).map((backend) => targetOf(backend, requested))
    }
  ]
  for (const { fallback, siblings: unordered } of waiting) {
    const siblings = Weighting.order(unordered, weightOf, (sibling) => drawOf(sibling.backend))
    const fresh = siblings.filter((target) => {
      if (seen.some((other) => isSame(other, target))) return false
      return seen.push(target) > 0
    })
    plan.push({ fallback, siblings, fresh })
    for (const target of fresh) {
      const { backend } = target
      if (Option.isNone(backend.fallback)) continue
      waiting.push({
        fallback: backend.fallback.value,
        siblings: routes
          .resolve(operation, backend.fallback.value, nameOf(target))
          .filter((other) => !Operation.isBoundToModel(operation) || nameOf(other) === requested)
      })
    }
  }
  return plan
}

const isSame = (a: Target, b: Target): boolean => a.backend.name === b.backend.name && a.model === b.model

/** A candidate's weight among its siblings. */
export const weightOf = (target: Target): number => target.backend.weight
