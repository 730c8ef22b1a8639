import * as ContentParts from "./ContentParts.js"
import * as JsonObject from "../../json/JsonObject.js"

// What clients read of a delta is of one type; a value of another would break them.

/** Puts a field into a delta, in the type that clients read; what cannot be read as that is left out. */
export const put = (delta: Record<string, unknown>, key: string, value: unknown): void => {
  const repair = value === null ? undefined : repairs.get(key)
  const repaired = repair === undefined ? value : repair(value)
  if (repaired !== undefined) delta[key] = repaired
}

const asText = (value: unknown): unknown => (typeof value === "string" ? value : ContentParts.thoughtOf(value))

const asList =
  (ofText: (text: string) => unknown) =>
  (value: unknown): unknown => {
    if (Array.isArray(value)) return value
    if (JsonObject.is(value)) return [value]
    return typeof value === "string" && value !== "" ? [ofText(value)] : undefined
  }

const repairs = new Map<string, (value: unknown) => unknown>([
  // It is no refusal that some call false.
  ["refusal", (value) => (value === false ? undefined : asText(value))],
  ["reasoning", asText],
  ["reasoning_content", asText],
  ["reasoning_details", asList((text) => ({ type: "reasoning.text", text }))],
  ["annotations", asList((text) => ({ type: "text", text }))],
  ["images", asList((url) => ({ type: "image_url", image_url: { url } }))],
  [
    "audio",
    (value) => (typeof value === "string" && value !== "" ? { data: value } : JsonObject.is(value) ? value : undefined)
  ]
])
