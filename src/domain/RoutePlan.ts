import * as Option from "effect/Option"
import type { Backend } from "./Backend.js"
import type { RouteTable, Target } from "./RouteTable.js"
import * as Weighting from "./Weighting.js"

/**
 * The candidates for a model in the order in which they are tried: its backends in weighted order, then those of their
 * fallbacks, and so on; each (backend, model) once, so cycles end. `drawOf` gives a backend's random number in [0, 1).
 */
export const make = (
  routes: RouteTable,
  requested: string,
  drawOf: (backend: Backend) => number
): ReadonlyArray<Target> => {
  const plan: Array<Target> = []
  const seen = new Set<string>()
  const waiting: Array<ReadonlyArray<Target>> = [
    routes.match(requested).map((backend) => ({ backend, model: requested }))
  ]
  for (const siblings of waiting) {
    for (const target of Weighting.order(siblings, weightOf, (sibling) => drawOf(sibling.backend))) {
      const identity = JSON.stringify([target.backend.name, target.model])
      if (seen.has(identity)) continue
      seen.add(identity)
      plan.push(target)
      if (Option.isSome(target.backend.fallback)) {
        waiting.push(routes.resolve(target.backend.fallback.value, target.model))
      }
    }
  }
  return plan
}

const weightOf = (target: Target): number => target.backend.weight
