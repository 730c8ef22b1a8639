import * as Either from "effect/Either"
import * as JSONSchema from "effect/JSONSchema"
import * as Schema from "effect/Schema"
import * as GatewayConfig from "../src/domain/config/GatewayConfig.js"
import * as JsonObject from "../src/domain/json/JsonObject.js"

/** The JSON Schema of `config.yaml`, with every default as an operator would write it. */
export const make = (): JsonObject.JsonObject => {
  const schema: unknown = JSONSchema.fromAST(GatewayConfig.GatewayConfig.ast, {
    definitions: {},
    topLevelReferenceStrategy: "skip"
  })
  return {
    $schema: "http://json-schema.org/draft-07/schema#",
    title: "Causeway's configuration",
    ...JsonObject.orEmpty(withClaims(withDefaults(tidy(schema), defaults())))
  }
}

// What no key says alone: a backend has a `model_match` or `models`, and a match a value unless it takes any.
const withClaims = (schema: unknown): unknown => {
  const root = JsonObject.orEmpty(schema)
  const properties = propertiesOf(root)
  const clients = JsonObject.orEmpty(properties["openai_clients"])
  const entry = JsonObject.orEmpty(clients["items"])
  const match = propertiesOf(entry)["model_match"]
  const value = JsonObject.listOf(JsonObject.orEmpty(propertiesOf(match)["value"])["anyOf"]).filter(
    (each) => JsonObject.orEmpty(each)["type"] !== "null"
  )
  const kinds = [
    { properties: { type: { const: "any" }, value: { type: "null" } }, required: ["type"] },
    { properties: { type: { enum: ["keyword", "exact", null] }, value: { anyOf: value } }, required: ["value"] }
  ]
  const claims = [
    { properties: { model_match: { type: "object" } }, required: ["model_match"] },
    { properties: { models: { type: "object", minProperties: 1 } }, required: ["models"] }
  ]
  const { anyOf, ...said } = JsonObject.orEmpty(match)
  const alternatives = JsonObject.listOf(anyOf).map((each) =>
    objectOf(each) === undefined ? each : { ...JsonObject.orEmpty(withoutExample(each)), oneOf: kinds }
  )
  const keys = Object.fromEntries(
    Object.entries(propertiesOf(entry)).map(([key, each]) => [
      key,
      key === "model_match" ? { anyOf: alternatives, ...said } : each
    ])
  )
  return {
    ...root,
    patternProperties: { "^x-": {} },
    properties: { ...properties, openai_clients: { ...clients, items: { ...entry, properties: keys, anyOf: claims } } }
  }
}

// The value of the smallest configuration is none that anybody has by default.
const withoutExample = (match: unknown): unknown => {
  const { value, ...others } = propertiesOf(match)
  const { default: _, ...rest } = JsonObject.orEmpty(value)
  return { ...JsonObject.orEmpty(match), properties: { ...others, value: rest } }
}

/** The keys of an object's schema, whether it may be null or not; none for anything else. */
export const propertiesOf = (schema: unknown): JsonObject.JsonObject =>
  JsonObject.orEmpty(JsonObject.orEmpty(objectOf(schema))["properties"])

/** The schema of an object among the alternatives of a schema. */
export const objectOf = (schema: unknown): unknown => {
  const node = JsonObject.orEmpty(schema)
  if (node["type"] === "array") return objectOf(node["items"])
  return JsonObject.is(node["properties"])
    ? node
    : JsonObject.listOf(node["anyOf"])
        .map(objectOf)
        .find((each) => each !== undefined)
}

// What the smallest configuration decodes to, written again: the defaults are those of the code.
const defaults = (): unknown => {
  const smallest = { openai_clients: [{ name: "a", base_url: "demo:", model_match: { value: "a" } }] }
  return Schema.encodeSync(GatewayConfig.GatewayConfig)(Either.getOrThrow(GatewayConfig.decode(smallest)))
}

const withDefaults = (schema: unknown, value: unknown): unknown => {
  if (Array.isArray(schema)) return schema.map((each) => withDefaults(each, value))
  if (!JsonObject.is(schema)) return schema
  if (schema["type"] === "array")
    return { ...schema, items: withDefaults(schema["items"], JsonObject.listOf(value)[0]) }
  if (schema["anyOf"] !== undefined) return { ...schema, anyOf: withDefaults(schema["anyOf"], value) }
  if (!JsonObject.is(schema["properties"])) return schema
  const values = JsonObject.orEmpty(value)
  const required = JsonObject.listOf(schema["required"])
  const properties = Object.entries(schema["properties"]).map(([key, property]) => {
    const inner = JsonObject.orEmpty(withDefaults(property, values[key]))
    const isLeaf = objectOf(property) === undefined && !required.includes(key) && values[key] !== undefined
    return [key, isLeaf ? { ...inner, default: values[key] } : inner] as const
  })
  return { ...schema, properties: Object.fromEntries(properties) }
}

// Alternatives of alternatives are alternatives; what Effect says of its own string types tells an operator nothing.
const tidy = (schema: unknown): unknown => {
  if (Array.isArray(schema)) return schema.map(tidy)
  if (!JsonObject.is(schema)) return schema
  const entries = Object.entries(schema).flatMap(([key, value]) => {
    if (key === "properties" && JsonObject.is(value)) {
      const properties = Object.entries(value).map(([name, property]) => [name, tidy(property)] as const)
      return properties.length === 0 ? [] : [[key, Object.fromEntries(properties)] as const]
    }
    const isNoise =
      (key === "required" && JsonObject.listOf(value).length === 0) ||
      (key === "title" && value === "nonEmptyString") ||
      (key === "description" && /^a (string matching the pattern|string that will be|non empty)/.test(String(value)))
    return isNoise ? [] : [[key, key === "anyOf" ? flatten(value) : tidy(value)] as const]
  })
  return Object.fromEntries(entries)
}

const flatten = (alternatives: unknown): unknown =>
  JsonObject.listOf(tidy(alternatives)).flatMap((each) => {
    const { anyOf, ...rest } = JsonObject.orEmpty(each)
    return Array.isArray(anyOf) && Object.keys(rest).length === 0 ? JsonObject.listOf(anyOf) : [each]
  })
