import * as Either from "effect/Either"
import * as Schema from "effect/Schema"
import type { Backend } from "../backend/Backend.js"
import * as ServedModels from "../backend/ServedModels.js"
import * as SecretText from "../backend/SecretText.js"
import * as JsonObject from "../json/JsonObject.js"
import * as GatewayConfig from "./GatewayConfig.js"

/** What came, went and is different, for an operator to read; no value of any key, for it may be a secret. */
export const told = (before: GatewayConfig.GatewayConfig, after: GatewayConfig.GatewayConfig): string => {
  const [was, is] = [before.backends, after.backends]
  const parts = [
    listed("new backends", missing(is, was)),
    listed("gone backends", missing(was, is)),
    listed("new models", without(modelsOf(is), modelsOf(was))),
    listed("gone models", without(modelsOf(was), modelsOf(is))),
    listed("changed", changesOf(plainOf(before), plainOf(after)))
  ]
  return parts.filter((part) => part !== undefined).join("; ") || "nothing is different"
}

/** So many of each kind are named. */
const mostNamed = 12

const listed = (what: string, names: ReadonlyArray<string>): string | undefined => {
  if (names.length === 0) return undefined
  const more = names.length > mostNamed ? ` and ${names.length - mostNamed} more` : ""
  return `${what}: ${names.slice(0, mostNamed).join(", ")}${more}`
}

const without = (names: ReadonlyArray<string>, others: ReadonlyArray<string>): ReadonlyArray<string> => {
  const known = new Set(others)
  return [...new Set(names)].filter((name) => !known.has(name))
}

const namesOf = (backends: ReadonlyArray<Backend>) => backends.map(({ name }) => name)

const missing = (backends: ReadonlyArray<Backend>, others: ReadonlyArray<Backend>) =>
  without(namesOf(backends), namesOf(others))

// What a keyword or a pattern stands for is told as it is written.
const modelsOf = (backends: ReadonlyArray<Backend>): ReadonlyArray<string> =>
  backends.flatMap(({ match, models }) => [
    ...ServedModels.namesOf({ match, models }),
    ...(match.type === "any" ? ["any"] : match.value)
  ])

const plainOf = (config: GatewayConfig.GatewayConfig): JsonObject.JsonObject =>
  JsonObject.orEmpty(Either.getOrUndefined(Schema.encodeEither(GatewayConfig.GatewayConfig)(config)))

const changesOf = (before: JsonObject.JsonObject, after: JsonObject.JsonObject): ReadonlyArray<string> => {
  const { openai_clients: was, ...others } = before
  const { openai_clients: is, ...rest } = after
  const former = new Map(JsonObject.listOf(was).map((entry) => [nameOf(entry), JsonObject.orEmpty(entry)]))
  return [
    ...JsonObject.listOf(is).flatMap((entry) => {
      const known = former.get(nameOf(entry))
      const keys = known === undefined ? [] : differing(known, JsonObject.orEmpty(entry))
      return keys.length === 0 ? [] : [`${nameOf(entry)} (${keys.join(", ")})`]
    }),
    ...Object.keys(rest).flatMap((section) =>
      JsonObject.is(rest[section]) && JsonObject.is(others[section])
        ? differing(others[section], rest[section]).map((key) => `${section}.${key}`)
        : isSame(others[section], rest[section])
          ? []
          : [section]
    )
  ]
}

const nameOf = (entry: unknown): string => JsonObject.text(JsonObject.orEmpty(entry)["name"]) ?? ""

const differing = (before: JsonObject.JsonObject, after: JsonObject.JsonObject): ReadonlyArray<string> =>
  [...new Set([...Object.keys(before), ...Object.keys(after)])].filter((key) => !isSame(before[key], after[key]))

const isSame = (before: unknown, after: unknown): boolean => written(before) === written(after)

const written = (value: unknown): string | undefined => JSON.stringify(SecretText.revealAll(value))
