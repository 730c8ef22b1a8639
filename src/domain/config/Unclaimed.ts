import * as JsonObject from "../json/JsonObject.js"
import type { ConfigIssue } from "../schema/ConfigIssue.js"

/**
 * Backends that do not say which models they serve, of a configuration as it is written: no key alone is wrong there, and it
 * is told beside whatever else is.
 */
export const find = (plain: unknown): ReadonlyArray<ConfigIssue> =>
  JsonObject.listOf(JsonObject.orEmpty(plain)["openai_clients"]).flatMap((entry, index) =>
    JsonObject.is(entry)
      ? problemsOf(entry).map(({ key, message }) => ({
          path: ["openai_clients", index, "model_match", ...key],
          message
        }))
      : []
  )

const problemsOf = ({ model_match: match, models }: JsonObject.JsonObject) => {
  if (!JsonObject.isPresent(match)) {
    const named = JsonObject.is(models) ? Object.keys(models).length > 0 : JsonObject.isPresent(models)
    return named ? [] : [{ key: [], message: "is required" }]
  }
  if (!JsonObject.is(match)) return []
  const isSaid = match["value"] !== undefined && match["value"] !== null
  if (match["type"] === "any") return isSaid ? [{ key: ["value"], message: "is not said where type is any" }] : []
  if (!isSaid) return [{ key: ["value"], message: "is required" }]
  const isEmpty = Array.isArray(match["value"]) && match["value"].length === 0
  return isEmpty ? [{ key: ["value"], message: "expected a model name or a list of them, got an empty list" }] : []
}
