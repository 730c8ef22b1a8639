import * as JsonObject from "../../json/JsonObject.js"

/** An index as backends write it: a whole number, which some write as a text; undefined for anything else. */
export const of = (value: unknown): number | undefined => {
  const index = typeof value === "string" && /^\d{1,9}$/.test(value) ? Number(value) : JsonObject.number(value)
  return Number.isSafeInteger(index) && index !== undefined && index >= 0 ? index : undefined
}
