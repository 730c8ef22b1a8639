/** The reasons that clients know; everything else a backend says is mapped to one of them. */
export type FinishReason = "stop" | "length" | "tool_calls" | "content_filter" | "function_call"

/** The legal reason for what a backend said; undefined while it has said nothing (`null`, missing, `""`). */
export const decode = (value: unknown): FinishReason | undefined => {
  if (typeof value !== "string" || value === "") return undefined
  return known.get(value.toLowerCase()) ?? "stop"
}

const known = new Map<string, FinishReason>([
  ["stop", "stop"],
  ["eos", "stop"],
  ["end_turn", "stop"],
  ["stop_sequence", "stop"],
  ["complete", "stop"],
  ["length", "length"],
  ["max_tokens", "length"],
  ["model_length", "length"],
  ["tool_calls", "tool_calls"],
  ["tool_use", "tool_calls"],
  ["function_call", "function_call"],
  ["content_filter", "content_filter"],
  ["safety", "content_filter"],
  ["recitation", "content_filter"],
  ["guardrail_intervened", "content_filter"],
  ["refusal", "content_filter"],
  ["sensitive", "content_filter"]
])
