import * as Option from "effect/Option"
import type { Backend } from "../backend/Backend.js"
import * as ServedModels from "../backend/ServedModels.js"
import type { ConfigIssue } from "../schema/ConfigIssue.js"
import * as SpokenProtocol from "../backend/SpokenProtocol.js"
import * as RouteTable from "../routing/RouteTable.js"
import * as Glob from "../text/Glob.js"

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
    const wider = value.find(
      (other, at) => other !== one && covers(type, other, one) && (at < position || !covers(type, one, other))
    )
    if (wider === undefined) return []
    const how = type === "keyword" ? `contains it contains "${wider}"` : `fits it fits "${wider}"`
    return [{ position, message: `"${one}" adds nothing: whatever ${how}` }]
  })

const covers = (type: Backend["match"]["type"], wide: string, narrow: string): boolean =>
  Glob.covers(ServedModels.globOf(type, wide), ServedModels.globOf(type, narrow))

const reserve = (backend: Backend, backends: ReadonlyArray<Backend>): ReadonlyArray<string> => {
  if (backend.weight > 0) return []
  const before = backends.filter((other) => other.weight > 0 || backends.indexOf(other) < backends.indexOf(backend))
  const covered = claimed(backend).flatMap(({ glob, value }) => {
    const takers = before.filter((other) => other !== backend && answersAll(other, backend) && takesAll(other, glob))
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
const takesAll = (other: Backend, glob: Glob.Glob): boolean =>
  claimed(other).some((claim) => Glob.covers(claim.glob, glob))

// What a backend takes, as it says so; names of `models` are no patterns.
const claimed = ({ match, models }: Backend) => [
  ...Object.keys(models).map((value) => ({ value, glob: [value] as const })),
  ...(match.type === "any" ? ["*"] : [...new Set(match.value)]).map((value) => ({
    value,
    glob: ServedModels.globOf(match.type, value)
  }))
]

const hiddenName = ({ fallback }: Backend, backends: ReadonlyArray<Backend>): ReadonlyArray<string> => {
  const name = Option.getOrUndefined(fallback)
  const named = backends.find((backend) => backend.name === name)
  if (name === undefined || named === undefined) return []
  const serving = backends.filter((backend) => RouteTable.serves(backend, name))
  if (serving.length === 0 || serving.includes(named)) return []
  return [`means the model "${name}", which ${quoted(serving.map((each) => each.name))} serves, not the backend`]
}

const quoted = (words: ReadonlyArray<string>): string => words.map((word) => `"${word}"`).join(", ")
