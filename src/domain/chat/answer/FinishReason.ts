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

/** The word itself, which some backends wrap into an object or a list; undefined for one that says "not yet". */
export const word = (value: unknown): string | undefined => {
  if (typeof value === "string") return value === "" || notYet.test(value) ? undefined : value
  if (typeof value === "number") return String(value)
  if (Array.isArray(value)) return word(value[0])
  return JsonObject.is(value) ? wordKeys.map((key) => JsonObject.text(value[key])).find(isSaid) : undefined
}

const wordKeys = ["type", "reason", "finish_reason", "name"]

// Words for nothing, of languages and of protocols.
const notYet = /^(?:null|none|undefined|(?:.*_)?unspecified|not_finished|in_progress|pending|running)$/i

/** Whether nobody knows what this word means. */
export const isUnknown = (said: string): boolean => meaningOf(said) === undefined

const isSaid = (said: string | undefined): boolean => said !== undefined

const meaningOf = (said: string): Said | undefined => {
  const usual = exact.get(said)
  if (usual !== undefined) return usual
  const plain = inWords(said)
  const whole = `^${plain}$`
  return exact.get(plain) ?? families.find(({ parts }) => parts.some((part) => whole.includes(part)))?.meaning
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
    .replace(/^(?:finish_)?reason_/, "")

const words = (list: string): ReadonlyArray<string> => list.split(" ")

const meaning = (list: string, said: Said) => words(list).map((known) => [known, said] as const)

const exact = new Map<string, Said>([
  ...meaning("stop eos eos_token eos_found end end_turn end_of_text endoftext stop_sequence stop_token", "stop"),
  ...meaning("stop_string_found complete completed done finish finished normal success no_error", "stop"),
  // Cohere has `error_limit` and `error_toxic`.
  ...meaning("length error_limit", "length"),
  ...meaning("content_filter error_toxic", "content_filter"),
  ...meaning("tool_calls tool_call tool_use function_calls", "tool_calls"),
  ...meaning("function_call", "function_call")
])

// By parts of their words, whose beginning and end are `^` and `$`. What was kept back comes first: a filter's word may
// speak of an error, too.
const families: ReadonlyArray<{ readonly meaning: Said; readonly parts: ReadonlyArray<string> }> = [
  {
    meaning: "content_filter",
    parts: [
      ...words(
        "filter safety prohibited recitation guardrail blocked blocklist blacklist moderat ^sensitive _sensitive"
      ),
      ...words("spii refus content_policy usage_policy ^policy violation model_armor harmful toxic unsafe profanity"),
      ...words("copyright censor")
    ]
  },
  {
    meaning: "length",
    parts: [
      ...words("^length$ max_length exceeded_length length_limit length_exceeded model_length context_length"),
      ...words("context_window context_limit context_exceeded context_overflow truncated max_tokens max_output"),
      ...words("max_new_tokens max_completion_tokens max_len max_context max_time max_turns max_steps token_limit"),
      ...words("tokens_limit time_limit output_limit out_of_tokens ^limit budget_exceeded ^incomplete")
    ]
  },
  {
    meaning: "broken",
    parts: [
      ...words("error abort malformed ^fail$ ^failed ^failure _failed _failure timeout timed_out cancel insufficient"),
      ...words("interrupt overload unexpected disconnect exception crash out_of_memory preempt evicted killed"),
      ...words("unavailable shutdown unloaded rate_limit missing_thought too_many_tool ^internal ^invalid")
    ]
  }
]
