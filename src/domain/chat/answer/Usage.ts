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
 * What an answer or chunk says of its tokens, in OpenAI's words: wherever Groq (`x_groq`), Moonshot (first choice) and
 * Gemini (`usageMetadata`) have it, and under whichever names. It may hold one count only.
 */
export const read = (body: JsonObject.JsonObject): JsonObject.JsonObject | undefined =>
  placesOf(body).reduce((known: JsonObject.JsonObject | undefined, place) => {
    const usage = counted(place)
    return usage === undefined ? known : merge(known, usage)
  }, undefined)

// The last of them counts most.
const placesOf = (body: JsonObject.JsonObject): ReadonlyArray<unknown> => [
  body["usageMetadata"] ?? body["usage_metadata"],
  firstChoice(body)["usage"],
  JsonObject.orEmpty(body["x_groq"])["usage"],
  body["usage"]
]

/** What llama.cpp's `timings` say of it, where it is said nowhere else. */
export const readTimings = (body: JsonObject.JsonObject): JsonObject.JsonObject | undefined => {
  const { cache_n: cached, predicted_n: predicted, prompt_n: prompt } = JsonObject.orEmpty(body["timings"])
  const read = sum([prompt, cached])
  const written = count(predicted)
  return read === undefined || written === undefined ? undefined : { prompt_tokens: read, completion_tokens: written }
}

/** The completed usage of an answer that is not streamed. */
export const find = (body: JsonObject.JsonObject): JsonObject.JsonObject | undefined => {
  const usage = read(body) ?? readTimings(body)
  return usage === undefined ? undefined : complete(usage)
}

/** What is known after one more report: the later one counts, but nothing that was counted becomes nothing again. */
export const merge = (
  before: JsonObject.JsonObject | undefined,
  more: JsonObject.JsonObject
): JsonObject.JsonObject => {
  if (before === undefined) return more
  const news = Object.entries(more).filter(([key, value]) => !isNothing(value) || isNothing(before[key]))
  const merged = {
    ...before,
    ...Object.fromEntries(news.map(([key, value]) => [key, mergeValues(before[key], value)]))
  }
  return hasItsTotal(merged, more) ? merged : withoutTotal(merged)
}

// A total belongs to the counts that it came with.
const hasItsTotal = (merged: JsonObject.JsonObject, more: JsonObject.JsonObject): boolean => {
  const counts = ["prompt_tokens", "completion_tokens"]
  if (counts.every((key) => isNothing(more[key]))) return true
  return !isNothing(more["total_tokens"]) && counts.every((key) => count(more[key]) === count(merged[key]))
}

const withoutTotal = ({ total_tokens: _, ...rest }: JsonObject.JsonObject): JsonObject.JsonObject => rest

const mergeValues = (before: unknown, more: unknown): unknown =>
  JsonObject.is(before) && JsonObject.is(more) ? merge(before, more) : more

const isNothing = (value: unknown): boolean => value === null || value === undefined || JsonObject.number(value) === 0

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

const firstChoice = (body: JsonObject.JsonObject): JsonObject.JsonObject =>
  JsonObject.orEmpty(JsonObject.listOf(body["choices"])[0])

// The usage with its counts under OpenAI's names, too, where it has them under others alone.
const counted = (value: unknown): JsonObject.JsonObject | undefined => {
  if (!JsonObject.is(value)) return undefined
  if (count(value["prompt_tokens"]) !== undefined || count(value["completion_tokens"]) !== undefined) return value
  const prompt = sum([
    value["input_tokens"] ?? value["promptTokenCount"] ?? value["prompt_token_count"],
    value["cache_read_input_tokens"],
    value["cache_creation_input_tokens"]
  ])
  const completion = sum([
    value["output_tokens"] ?? value["candidatesTokenCount"] ?? value["candidates_token_count"],
    value["thoughtsTokenCount"] ?? value["thoughts_token_count"]
  ])
  const total = count(value["total_tokens"] ?? value["totalTokenCount"] ?? value["total_token_count"])
  if (prompt === undefined && completion === undefined && total === undefined) return undefined
  return {
    ...value,
    ...JsonObject.withoutNulls({ prompt_tokens: prompt, completion_tokens: completion, total_tokens: total })
  }
}

/** The sum of the counts that are there; undefined where the first of them is not. */
const sum = ([first, ...more]: ReadonlyArray<unknown>): number | undefined => {
  const start = count(first)
  return start === undefined ? undefined : more.reduce((all: number, each) => all + (count(each) ?? 0), start)
}

const count = (value: unknown): number | undefined => {
  const given = typeof value === "string" && /^\d{1,15}$/.test(value) ? Number(value) : JsonObject.number(value)
  const whole = Math.trunc(given ?? -1)
  return whole >= 0 && Number.isSafeInteger(whole) ? whole : undefined
}
