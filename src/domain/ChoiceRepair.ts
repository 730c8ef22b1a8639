import * as FinishReason from "./FinishReason.js"
import * as JsonObject from "./JsonObject.js"
import * as Prefix from "./Prefix.js"
import * as ToolCalls from "./ToolCalls.js"

/** What one choice of a chunk becomes. */
export interface Repaired {
  readonly choice: JsonObject.JsonObject
  /** Whether it carries something of the answer: text, reasoning, a refusal, a call, sound, or its finish. */
  readonly content: boolean
}

/** Repairs the choices of one index as they come, so that each chunk's choice is one that clients accept. */
export interface ChoiceRepair {
  /** The choice to send on, or undefined when there is nothing in it. */
  readonly push: (choice: JsonObject.JsonObject) => Repaired | undefined
  /** Whether a finish reason was sent, or a spoken answer is complete (OpenAI sends no reason then). */
  readonly finished: boolean
  /** The finish that {@link finished} implies but the backend did not send. */
  readonly impliedFinish: () => JsonObject.JsonObject | undefined
}

/** The repair for one choice of a chat stream. */
export const chat = (index: number, prefix: string, callId: (call: number) => string): ChoiceRepair => {
  const prefixer = Prefix.make(prefix)
  const calls = ToolCalls.make(callId)
  let started = false
  let spoke = false
  let calledFunction = false
  let namedFunction = false
  let heardAll = false
  let finish: FinishReason.FinishReason | undefined

  const repairDelta = (raw: JsonObject.JsonObject): Record<string, unknown> => {
    const { role: _, content, tool_calls: toolCalls, function_call: functionCall, ...rest } = raw
    const delta: Record<string, unknown> = started ? {} : { role: "assistant" }
    const { text, reasoning } = textOf(content)
    if (text !== undefined) delta["content"] = prefixer(text)
    else if (content === null) delta["content"] = null
    Object.assign(delta, rest)
    if (reasoning !== "") delta["reasoning_content"] = `${JsonObject.text(rest["reasoning_content"]) ?? ""}${reasoning}`
    const repaired = calls.push(JsonObject.listOf(toolCalls))
    if (repaired.length > 0) delta["tool_calls"] = repaired
    if (JsonObject.is(functionCall)) delta["function_call"] = repairFunctionCall(functionCall)
    if (JsonObject.is(rest["audio"]) && "expires_at" in rest["audio"]) heardAll = true
    return delta
  }

  const repairFunctionCall = (call: JsonObject.JsonObject): JsonObject.JsonObject => {
    const name = namedFunction ? undefined : JsonObject.text(call["name"])
    calledFunction = true
    namedFunction ||= name !== undefined
    return { ...(name === undefined ? {} : { name }), arguments: ToolCalls.argumentsText(call["arguments"]) }
  }

  // Gemini and Ollama say "stop" after calling tools.
  const finishOf = (value: unknown): FinishReason.FinishReason | undefined => {
    const reason = finish === undefined ? FinishReason.decode(value) : undefined
    if (reason === undefined || reason === "length" || reason === "content_filter") return reason
    if (calls.any) return "tool_calls"
    return calledFunction ? "function_call" : reason === "function_call" ? "stop" : reason
  }

  return {
    push: (raw) => {
      const { index: _, delta, message, finish_reason, finishReason, logprobs, usage: __, ...rest } = raw
      // MiniMax and Perplexity repeat the whole answer as `message`.
      const source = JsonObject.is(delta) ? delta : spoke ? {} : JsonObject.orEmpty(message)
      const repaired = repairDelta(source)
      const reason = finishOf(finish_reason ?? finishReason)
      const content = reason !== undefined || hasContent(repaired)
      const extras = hasValue(rest) || hasValue({ logprobs })
      if (started && !content && !extras && !hasValue(repaired)) return undefined
      started = true
      spoke ||= hasContent(repaired)
      finish ??= reason
      const choice: Record<string, unknown> = { index, delta: repaired, finish_reason: reason ?? null, ...rest }
      if (logprobs !== undefined) choice["logprobs"] = logprobs
      return { choice, content }
    },
    get finished() {
      return finish !== undefined || heardAll
    },
    impliedFinish: () => (finish === undefined && heardAll ? { index, delta: {}, finish_reason: "stop" } : undefined)
  }
}

/** The repair for one choice of a legacy completion stream. */
export const text = (index: number, prefix: string): ChoiceRepair => {
  const prefixer = Prefix.make(prefix)
  let finish: FinishReason.FinishReason | undefined
  return {
    push: (raw) => {
      const { index: _, text: given, finish_reason, logprobs, usage: __, ...rest } = raw
      const piece = typeof given === "string" ? prefixer(given) : ""
      const reason = finish === undefined ? FinishReason.decode(finish_reason) : undefined
      const content = piece !== "" || reason !== undefined
      if (!content && !hasValue(rest) && !hasValue({ logprobs })) return undefined
      finish ??= reason
      return {
        choice: { index, text: piece, logprobs: logprobs ?? null, finish_reason: reason ?? null, ...rest },
        content
      }
    },
    get finished() {
      return finish !== undefined
    },
    impliedFinish: () => undefined
  }
}

// Mistral's reasoning models send content as a list of thinking and text parts.
const textOf = (content: unknown): { readonly text: string | undefined; readonly reasoning: string } => {
  if (typeof content === "string") return { text: content, reasoning: "" }
  if (!Array.isArray(content)) return { text: undefined, reasoning: "" }
  let plain = ""
  let reasoning = ""
  for (const part of content.map(JsonObject.orEmpty)) {
    if (part["type"] === "thinking") reasoning += textOf(part["thinking"]).text ?? ""
    else plain += JsonObject.text(part["text"]) ?? ""
  }
  return { text: plain, reasoning }
}

const hasContent = ({ role: _, ...rest }: JsonObject.JsonObject): boolean => hasValue(rest)

const hasValue = (object: JsonObject.JsonObject): boolean => {
  for (const key in object) {
    const value = object[key]
    if (value !== null && value !== undefined && value !== "" && !(Array.isArray(value) && value.length === 0))
      return true
  }
  return false
}
