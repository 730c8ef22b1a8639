import * as Option from "effect/Option"
import type { Backend } from "../backend/Backend.js"
import type { ConfigIssue } from "../schema/ConfigIssue.js"
import * as SpokenProtocol from "../backend/SpokenProtocol.js"
import * as RouteTable from "../routing/RouteTable.js"

/**
 * What can never make a difference: values of a match that others of its list cover, backends of priority 0 beside
 * others that take the same models, and fallbacks that name a backend but mean a model.
 */
export const find = (backends: ReadonlyArray<Backend>): ReadonlyArray<ConfigIssue> =>
  backends.flatMap((backend, index) => [
    ...idleValues(backend).map(({ position, message }) => ({
      path: ["openai_clients", index, "model_match", "value", position],
      message
    })),
    ...reserve(backend, backends).map((message) => ({ path: ["openai_clients", index, "priority"], message })),
    ...hiddenName(backend, backends).map((message) => ({ path: ["openai_clients", index, "fallback"], message }))
  ])

const idleValues = ({ match: { type, value } }: Backend) =>
  value.flatMap((one, position) => {
    if (value.indexOf(one) < position) return [{ position, message: `"${one}" already stands in this list` }]
    const wider = type === "keyword" ? value.find((other) => other !== one && one.includes(other)) : undefined
    return wider === undefined
      ? []
      : [{ position, message: `"${one}" adds nothing: whatever contains it contains "${wider}"` }]
  })

const reserve = (backend: Backend, backends: ReadonlyArray<Backend>): ReadonlyArray<string> => {
  if (backend.weight > 0) return []
  const before = backends.filter((other) => other.weight > 0 || backends.indexOf(other) < backends.indexOf(backend))
  const covered = [...new Set(backend.match.value)].flatMap((value) => {
    const takers = before.filter(
      (other) => other !== backend && answersAll(other, backend) && takesAll(other, backend.match.type, value)
    )
    return takers.length === 0 ? [] : [{ value, takers }]
  })
  if (covered.length === 0) return []
  const names = [...new Set(covered.flatMap(({ takers }) => takers.map(({ name }) => name)))]
  const values = covered.map(({ value }) => value)
  return [`with priority 0 it is only asked for ${quoted(values)} when ${quoted(names)} failed`]
}

// Whether a backend can be asked all that another can.
const answersAll = ({ protocols }: Backend, other: Backend): boolean =>
  SpokenProtocol.operationsOf(other.protocols).every((operation) => SpokenProtocol.answers(protocols, operation))

// Whether a backend takes every model that a value of another's match stands for.
const takesAll = (other: Backend, type: Backend["match"]["type"], value: string): boolean =>
  (type === "exact" || other.match.type === "keyword") && RouteTable.serves(other, value)

const hiddenName = ({ fallback }: Backend, backends: ReadonlyArray<Backend>): ReadonlyArray<string> => {
  const name = Option.getOrUndefined(fallback)
  const named = backends.find((backend) => backend.name === name)
  if (name === undefined || named === undefined) return []
  const serving = backends.filter((backend) => RouteTable.serves(backend, name))
  if (serving.length === 0 || serving.includes(named)) return []
  return [`means the model "${name}", which ${quoted(serving.map((each) => each.name))} serves, not the backend`]
}

const quoted = (words: ReadonlyArray<string>): string => words.map((word) => `"${word}"`).join(", ")
