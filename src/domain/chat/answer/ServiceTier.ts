import * as JsonObject from "../../json/JsonObject.js"

/** The tiers of OpenAI; clients with closed types read no other. */
const known = new Set(["auto", "default", "flex", "scale", "priority", "fast"])

/** Whether a `service_tier` may stand in an answer as it is. */
export const isKnown = (value: unknown): boolean => value === null || (typeof value === "string" && known.has(value))

/** What is said beside the choices, with a tier of the backend's own under a name that no client expects anything of. */
export const renamed = (beside: JsonObject.JsonObject): JsonObject.JsonObject => {
  const { service_tier: tier, ...rest } = beside
  const word = JsonObject.text(tier)
  return word === undefined || rest["native_service_tier"] !== undefined ? rest : { ...rest, native_service_tier: word }
}
