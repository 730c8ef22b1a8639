import * as JsonObject from "../../json/JsonObject.js"

/** The reasons that clients know; everything else a backend says is mapped to one of them. */
export type FinishReason = "stop" | "length" | "tool_calls" | "content_filter" | "function_call"

/** What a backend said of the end of a choice: its reason, or that it broke the choice off. */
export type Said = FinishReason | "broken"

/**
 * What a backend's word means: by families, for each backend has words of its own; `stop` for one that nobody knows.
 * Undefined while it has said nothing (`null`, missing, `""`).
 */
export const decode = (value: unknown): Said | undefined => {
  const said = word(value)
  return said === undefined ? undefined : (meaningOf(said) ?? "stop")
}

/** The word itself, which some backends wrap into an object. */
export const word = (value: unknown): string | undefined => {
  if (!JsonObject.is(value)) return JsonObject.text(value)
  return ["type", "reason", "finish_reason", "name"].map((key) => JsonObject.text(value[key])).find(isSaid)
}

/** Whether nobody knows what this word means. */
export const isUnknown = (said: string): boolean => meaningOf(said) === undefined

const isSaid = (said: string | undefined): boolean => said !== undefined

const meaningOf = (said: string): Said | undefined => {
  const usual = usuals.get(said)
  if (usual !== undefined) return usual
  const plain = inWords(said)
  return exact.get(plain) ?? families.find(({ words }) => words.test(plain))?.meaning
}

/** Longer ones are no words. */
const longest = 64

// `FinishReason.MAX_TOKENS`, `maxTokens` and `content_filter: hate` are one word and what stands around it.
const inWords = (said: string): string =>
  said
    .slice(0, longest)
    .replace(/:.*$/s, "")
    .replace(/^.*\./s, "")
    .replace(/([a-z])([A-Z])/g, "$1_$2")
    .replace(/[\s-]+/g, "_")
    .toLowerCase()
    .replace(/^finish_reason_/, "")

const usuals = new Map<string, Said>([
  ["stop", "stop"],
  ["length", "length"],
  ["tool_calls", "tool_calls"],
  ["content_filter", "content_filter"],
  ["function_call", "function_call"]
])

const exact = new Map<string, Said>([
  ...usuals,
  ...["eos", "eos_token", "end", "end_turn", "stop_sequence", "stop_token", "complete", "completed", "done"].map(
    (known) => [known, "stop"] as const
  ),
  ...["finish", "finished", "normal", "success"].map((known) => [known, "stop"] as const),
  ...["tool_call", "tool_use", "function_calls"].map((known) => [known, "tool_calls"] as const)
])

// What was kept back comes first: a filter's word may speak of an error, too.
const families: ReadonlyArray<{ readonly meaning: Said; readonly words: RegExp }> = [
  {
    meaning: "content_filter",
    words:
      /filter|safety|prohibited|recitation|guardrail|blocklist|blocked|moderat|sensitive|spii|refus|policy|model_armor|harmful/
  },
  {
    meaning: "length",
    words: /length|context_window|truncated|max_[a-z_]*tokens?|tokens?_limit|out_of_tokens/
  },
  {
    meaning: "broken",
    words: /error|abort|malformed|fail|timeout|timed_out|cancel|insufficient|interrupt|overload|unexpected|disconnect/
  }
]
