import * as JsonObject from "../../json/JsonObject.js"
import * as Usage from "./Usage.js"

/** What a backend tells of its tokens in the course of one answer, put together. */
export interface UsageReports {
  /** Takes what an event or a body says of it; false where it says nothing. */
  hear(body: JsonObject.JsonObject): boolean
  /** The completed usage so far; undefined when nothing was said. */
  told(): JsonObject.JsonObject | undefined
}

/** The reports of one answer. */
export const make = (): UsageReports => new Reports()

/** So many fields are kept of all reports together. */
const mostFields = 256

type Draft = Record<string, unknown>

class Reports implements UsageReports {
  /** The only one so far, as it came. */
  private first: JsonObject.JsonObject | undefined = undefined
  /** All of them, where there are several. */
  private merged: Draft | undefined = undefined
  private timings: JsonObject.JsonObject | undefined = undefined

  hear(body: JsonObject.JsonObject): boolean {
    let isHeard = false
    for (const place of placesOf(body)) {
      const usage = place === undefined ? undefined : counted(place)
      if (usage === undefined) continue
      this.take(usage)
      isHeard = true
    }
    if (body["timings"] !== undefined) this.timings = ofTimings(body["timings"]) ?? this.timings
    return isHeard
  }

  told(): JsonObject.JsonObject | undefined {
    const usage = this.merged === undefined ? (this.first ?? this.timings) : copied(this.merged)
    return usage === undefined ? undefined : Usage.complete(usage)
  }

  // The later one counts, but nothing that was counted becomes nothing again.
  private take(more: JsonObject.JsonObject): void {
    if (this.first === undefined) {
      this.first = more
      return
    }
    const merged = (this.merged ??= copied(this.first))
    mergeInto(merged, more)
    if (!hasItsTotal(merged, more)) delete merged["total_tokens"]
  }
}

const copied = (object: JsonObject.JsonObject): Draft =>
  Object.fromEntries(Object.entries(object).map(([key, value]) => [key, JsonObject.is(value) ? copied(value) : value]))

const mergeInto = (into: Draft, more: JsonObject.JsonObject): void => {
  let fields = Object.keys(into).length
  for (const key in more) {
    const value = more[key]
    const before = into[key]
    if (key === "__proto__" || (isNothing(value) && !isNothing(before))) continue
    if (!(key in into) && ++fields > mostFields) continue
    // What is held there is a copy already, all the way down.
    if (JsonObject.is(before) && JsonObject.is(value)) mergeInto(before, value)
    else into[key] = JsonObject.is(value) ? copied(value) : value
  }
}

// A total belongs to the counts that it came with.
const hasItsTotal = (merged: JsonObject.JsonObject, more: JsonObject.JsonObject): boolean => {
  const counts = ["prompt_tokens", "completion_tokens"]
  if (counts.every((key) => isNothing(more[key]))) return true
  return !isNothing(more["total_tokens"]) && counts.every((key) => Usage.count(more[key]) === Usage.count(merged[key]))
}

const isNothing = (value: unknown): boolean => value === null || value === undefined || JsonObject.number(value) === 0

// The last of them counts most: Gemini's, Ollama's, Moonshot's, Groq's, Bedrock's, and that of all others.
const placesOf = (body: JsonObject.JsonObject): ReadonlyArray<unknown> => [
  body["usageMetadata"] ?? body["usage_metadata"],
  body["eval_count"] === undefined ? undefined : body,
  firstChoice(body["choices"])["usage"],
  JsonObject.orEmpty(body["x_groq"])["usage"],
  body["amazon-bedrock-invocationMetrics"],
  Array.isArray(body["usage"]) ? body["usage"][0] : body["usage"]
]

const firstChoice = (choices: unknown): JsonObject.JsonObject => JsonObject.orEmpty(JsonObject.listOf(choices)[0])

// The usage with its counts under OpenAI's names, too, where it has them under others alone.
const counted = (value: unknown): JsonObject.JsonObject | undefined => {
  if (!JsonObject.is(value)) return undefined
  const isOpenAi = !isNothing(value["prompt_tokens"]) || !isNothing(value["completion_tokens"])
  const others = isOpenAi ? undefined : countsOf(value)
  if (others === undefined) return Usage.decode(value) === undefined ? undefined : value
  return value["eval_count"] === undefined ? { ...value, ...others } : others
}

const countsOf = (value: JsonObject.JsonObject): JsonObject.JsonObject | undefined => {
  // Cohere's are one level deeper.
  const source = JsonObject.is(value["tokens"]) ? value["tokens"] : value
  const prompt = sum(first(source, promptNames), ...cached.map((name) => source[name]))
  const completion = sum(first(source, completionNames), first(source, thoughtNames))
  if (prompt === undefined && completion === undefined) return undefined
  const total = first(source, totalNames)
  return JsonObject.withoutNulls({ prompt_tokens: prompt, completion_tokens: completion, total_tokens: total })
}

const promptNames =
  "input_tokens inputTokens promptTokenCount prompt_token_count inputTokenCount prompt_eval_count".split(" ")
const completionNames =
  "output_tokens outputTokens candidatesTokenCount candidates_token_count outputTokenCount eval_count".split(" ")
const thoughtNames = ["thoughtsTokenCount", "thoughts_token_count"]
const totalNames = ["total_tokens", "totalTokens", "totalTokenCount", "total_token_count"]
/** What Anthropic counts apart. */
const cached = ["cache_read_input_tokens", "cache_creation_input_tokens"]

const first = (source: JsonObject.JsonObject, names: ReadonlyArray<string>): number | undefined =>
  names.map((name) => Usage.count(source[name])).find((known) => known !== undefined)

/** Undefined where none of them is a count. */
const sum = (...counts: ReadonlyArray<unknown>): number | undefined =>
  counts.map(Usage.count).reduce((all, each) => (each === undefined ? all : (all ?? 0) + each), undefined)

const ofTimings = (timings: unknown): JsonObject.JsonObject | undefined => {
  const { cache_n: cached, predicted_n: predicted, prompt_n: prompt } = JsonObject.orEmpty(timings)
  const written = Usage.count(predicted)
  if (Usage.count(prompt) === undefined || written === undefined) return undefined
  return { prompt_tokens: sum(prompt, cached), completion_tokens: written }
}
