import * as Either from "effect/Either"
import * as Yaml from "yaml"
import { JsonNumber } from "../domain/json/JsonNumber.js"
import * as JsonList from "../domain/json/JsonList.js"
import * as JsonObject from "../domain/json/JsonObject.js"
import * as JsonText from "../domain/json/JsonText.js"

/**
 * The values of a document, in which numbers within an `extra_body` are kept as they are written: a backend reads them. All
 * others are numbers.
 */
export const toJS = (document: Yaml.Document): unknown => {
  const plain: unknown = document.toJS({ maxAliasCount: mostAliases })
  // What an alias repeats may stand within an `extra_body` and elsewhere too, so both are made of all.
  return keep(document) ? withExtraBodies(plain, document.toJS({ maxAliasCount: mostAliases })) : plain
}

/** So many values may be repeated by aliases, those within others counted each time: enough for any, too few for a bomb. */
export const mostAliases = 10_000

const keep = (document: Yaml.Document): boolean => {
  let isAny = false
  Yaml.visit(document, {
    Scalar: (key, scalar) => {
      if (key === "key" || typeof scalar.value !== "number") return
      const exact = Either.getOrUndefined(JsonText.read(scalar.source ?? ""))
      if (!(exact instanceof JsonNumber)) return
      scalar.value = exact
      isAny = true
    }
  })
  return isAny
}

const withExtraBodies = (plain: unknown, exact: unknown): unknown => {
  if (!JsonObject.is(plain)) return plain
  const exactly = JsonObject.listOf(JsonObject.orEmpty(exact)[list])
  const clients = JsonList.map(JsonObject.listOf(plain[list]), (client, at) => {
    const body = JsonObject.orEmpty(exactly[at])[field]
    return JsonObject.is(client) && JsonObject.is(body) ? { ...client, [field]: body } : client
  })
  return Array.isArray(plain[list]) ? { ...plain, [list]: clients } : plain
}

const list = "openai_clients"
const field = "extra_body"
