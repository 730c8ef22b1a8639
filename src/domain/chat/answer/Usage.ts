import * as JsonObject from "../../json/JsonObject.js"

/** Token counts of one exchange, as the backend reported them. */
export interface Usage {
  readonly promptTokens: number
  readonly completionTokens: number
  readonly totalTokens: number
}

/** The counts of a `usage` object; undefined when it holds none. */
export const decode = (usage: JsonObject.JsonObject): Usage | undefined => {
  const prompt = count(usage["prompt_tokens"])
  const completion = count(usage["completion_tokens"])
  const total = count(usage["total_tokens"])
  if (prompt === undefined && completion === undefined && total === undefined) return undefined
  const sum = (prompt ?? 0) + (completion ?? 0)
  return { promptTokens: prompt ?? 0, completionTokens: completion ?? 0, totalTokens: total || sum }
}

/**
 * A raw `usage` with its three counts present, everything else as it was, but no details that are not an object;
 * undefined when it holds no count.
 */
export const complete = (usage: JsonObject.JsonObject): JsonObject.JsonObject | undefined => {
  const counts = decode(usage)
  if (counts === undefined) return undefined
  if (isComplete(usage, counts)) return usage
  const kept = Object.entries(usage).filter(([key, value]) => !key.endsWith("_details") || JsonObject.is(value))
  return {
    ...Object.fromEntries(kept),
    prompt_tokens: counts.promptTokens,
    completion_tokens: counts.completionTokens,
    total_tokens: counts.totalTokens
  }
}

const isComplete = (usage: JsonObject.JsonObject, counts: Usage): boolean => {
  for (const key in usage) if (key.endsWith("_details") && !JsonObject.is(usage[key])) return false
  return (
    usage["prompt_tokens"] === counts.promptTokens &&
    usage["completion_tokens"] === counts.completionTokens &&
    usage["total_tokens"] === counts.totalTokens
  )
}

/** The sum of two raw usages, count by count; what is no number is the second's. */
export const add = (first: JsonObject.JsonObject | undefined, second: JsonObject.JsonObject): JsonObject.JsonObject =>
  first === undefined
    ? second
    : {
        ...first,
        ...Object.fromEntries(Object.entries(second).map(([key, value]) => [key, addValues(first[key], value)]))
      }

const addValues = (first: unknown, second: unknown): unknown => {
  const [a, b] = [JsonObject.number(first), JsonObject.number(second)]
  if (a !== undefined && b !== undefined) return a + b
  return JsonObject.is(first) && JsonObject.is(second) ? add(first, second) : second
}

/** A count that a backend gives: a whole number, which some write as a text; undefined for anything else. */
export const count = (value: unknown): number | undefined => {
  const given = typeof value === "string" && /^\d{1,15}$/.test(value) ? Number(value) : JsonObject.number(value)
  const whole = Math.trunc(given ?? -1)
  return whole >= 0 && Number.isSafeInteger(whole) ? whole : undefined
}
