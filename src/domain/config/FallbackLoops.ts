import * as Option from "effect/Option"
import type { Backend } from "../backend/Backend.js"
import * as ServedModels from "../backend/ServedModels.js"
import type { ConfigIssue } from "../schema/ConfigIssue.js"
import * as Operation from "../operation/Operation.js"
import * as RouteTable from "../routing/RouteTable.js"

/** The fallbacks that lead back to where they came from, each loop at the fallback that closes it. */
export const find = (backends: ReadonlyArray<Backend>): ReadonlyArray<ConfigIssue> => {
  const routes = RouteTable.make(backends)
  const loops = new Map<Backend, string>()
  const done = new Set<string>()

  const walk = (
    operation: Operation.Operation,
    siblings: ReadonlyArray<RouteTable.Target>,
    name: string,
    trail: ReadonlyArray<Step>
  ): void => {
    const identity = identityOf(operation, siblings)
    if (done.has(identity)) return
    const steps = [...trail, { identity, name }]
    for (const target of siblings) {
      const { backend } = target
      if (Option.isNone(backend.fallback)) continue
      const next = routes.resolve(operation, backend.fallback.value, RouteTable.nameOf(target))
      if (identityOf(operation, next) === identity && !isIdle(backend, backend.fallback.value)) continue
      const start = steps.findIndex((step) => step.identity === identityOf(operation, next))
      if (start === -1) walk(operation, next, backend.fallback.value, steps)
      else if (!loops.has(backend)) {
        const names = [...steps.slice(start).map((step) => step.name), backend.fallback.value]
        loops.set(backend, names.join(" → "))
      }
    }
    done.add(identity)
  }

  for (const model of new Set(backends.flatMap(ServedModels.samplesOf))) {
    for (const operation of Operation.conversations) {
      const siblings = routes.match(operation, model).map((backend) => RouteTable.targetOf(backend, model))
      walk(operation, siblings, model, [])
    }
  }
  return backends.flatMap((backend, index) => {
    const loop = loops.get(backend)
    const message = `leads back to where it came from: ${loop}; each backend is asked once, then the request fails`
    return loop === undefined ? [] : [{ path: ["openai_clients", index, "fallback"], message }]
  })
}

/** Siblings on the way, and the name that led to them. */
interface Step {
  readonly identity: string
  readonly name: string
}

// A fallback to one of a backend's own models is idle only where that is its single one.
const isIdle = (backend: Backend, fallback: string): boolean =>
  ServedModels.isListed(backend) && ServedModels.namesOf(backend).every((model) => model === fallback)

const identityOf = (operation: Operation.Operation, siblings: ReadonlyArray<RouteTable.Target>): string =>
  JSON.stringify([operation, ...siblings.map(({ backend, model }) => [backend.name, model])])
