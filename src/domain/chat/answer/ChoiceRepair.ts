import * as FinishReason from "./FinishReason.js"
import * as JsonObject from "../../json/JsonObject.js"
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
  push(choice: JsonObject.JsonObject): Repaired | undefined
  /** Whether a finish reason was sent, or a spoken answer is complete (OpenAI sends no reason then). */
  finished(): boolean
  /** The finish that {@link finished} implies but the backend did not send. */
  impliedFinish(): JsonObject.JsonObject | undefined
}

/** The repair for one choice of a chat stream. */
export const chat = (index: number, prefix: string, callId: (call: number) => string): ChoiceRepair =>
  new ChatChoice(index, Prefix.make(prefix), ToolCalls.make(callId))

/** The repair for one choice of a legacy completion stream. */
export const text = (index: number, prefix: string): ChoiceRepair => new TextChoice(index, Prefix.make(prefix))

class ChatChoice implements ChoiceRepair {
  private started = false
  private spoke = false
  private calledFunction = false
  private namedFunction = false
  private heardAll = false
  private finish: FinishReason.FinishReason | undefined = undefined

  constructor(
    private readonly index: number,
    private readonly prefixed: Prefix.Prefixer,
    private readonly calls: ToolCalls.ToolCalls
  ) {}

  push(raw: JsonObject.JsonObject): Repaired | undefined {
    const { index: _, delta, message, finish_reason, finishReason, logprobs: tokens, usage: __, ...rest } = raw
    const logprobs = tokens === undefined ? undefined : logprobsOf(tokens)
    // MiniMax and Perplexity repeat the whole answer as `message`.
    const source = JsonObject.is(delta) ? delta : this.spoke ? {} : JsonObject.orEmpty(message)
    const repaired = this.repairDelta(source)
    const reason = this.finishOf(finish_reason ?? finishReason)
    if (reason === "tool_calls") this.completeCalls(repaired)
    const content = reason !== undefined || hasContent(repaired)
    const extras = hasValue(rest) || hasValue({ logprobs })
    if (this.started && !content && !extras && !hasValue(repaired)) return undefined
    this.started = true
    this.spoke ||= hasContent(repaired)
    this.finish ??= reason
    const choice: Record<string, unknown> = {
      index: this.index,
      delta: repaired,
      finish_reason: reason ?? null,
      ...rest
    }
    if (logprobs !== undefined) choice["logprobs"] = logprobs
    return { choice, content }
  }

  finished(): boolean {
    return this.finish !== undefined || this.heardAll
  }

  impliedFinish(): JsonObject.JsonObject | undefined {
    if (this.finish !== undefined || !this.heardAll) return undefined
    const delta: Record<string, unknown> = {}
    this.completeCalls(delta)
    return { index: this.index, delta, finish_reason: this.finishOf("stop") }
  }

  private repairDelta(raw: JsonObject.JsonObject): Record<string, unknown> {
    const { role: _, content, tool_calls: toolCalls, function_call: functionCall, ...rest } = raw
    const delta: Record<string, unknown> = this.started ? {} : { role: "assistant" }
    const { text, reasoning } = textOf(content)
    if (text !== undefined) delta["content"] = this.prefixed(text)
    else if (content === null) delta["content"] = null
    for (const key in rest) if (isLegal(key, rest[key])) delta[key] = rest[key]
    if (reasoning !== "") delta["reasoning_content"] = `${JsonObject.text(rest["reasoning_content"]) ?? ""}${reasoning}`
    const called = this.repairFunctionCall(JsonObject.orEmpty(functionCall))
    if (called !== undefined) delta["function_call"] = called
    // TGI sends the call itself where others send a list.
    const repaired = this.calls.push(JsonObject.is(toolCalls) ? [toolCalls] : JsonObject.listOf(toolCalls))
    if (repaired.length > 0) delta["tool_calls"] = repaired
    if (typeof JsonObject.orEmpty(rest["audio"])["expires_at"] === "number") this.heardAll = true
    return delta
  }

  // A call without name and arguments is none: some backends write every field they know.
  private repairFunctionCall(call: JsonObject.JsonObject): JsonObject.JsonObject | undefined {
    const said = this.namedFunction ? undefined : JsonObject.text(call["name"])
    const args = ToolCalls.argumentsText(call["arguments"])
    if (said === undefined && args === "") return undefined
    const name = said ?? (this.calledFunction ? undefined : "")
    this.calledFunction = true
    this.namedFunction ||= said !== undefined
    return { ...(name === undefined ? {} : { name }), arguments: args }
  }

  // Gemini and Ollama say "stop" after calling tools.
  private finishOf(value: unknown): FinishReason.FinishReason | undefined {
    const reason = this.finish === undefined ? FinishReason.decode(value) : undefined
    if (reason === undefined || reason === "length" || reason === "content_filter") return reason
    if (this.calls.any()) return "tool_calls"
    return this.calledFunction ? "function_call" : reason === "function_call" ? "stop" : reason
  }

  private completeCalls(delta: Record<string, unknown>): void {
    const last = this.calls.complete(JsonObject.listOf(delta["tool_calls"]).map(JsonObject.orEmpty))
    if (last.length > 0) delta["tool_calls"] = last
  }
}

class TextChoice implements ChoiceRepair {
  private finish: FinishReason.FinishReason | undefined = undefined

  constructor(
    private readonly index: number,
    private readonly prefixed: Prefix.Prefixer
  ) {}

  push(raw: JsonObject.JsonObject): Repaired | undefined {
    const { index: _, text: given, finish_reason, logprobs: tokens, usage: __, ...rest } = raw
    const logprobs = JsonObject.is(tokens) ? tokens : null
    const piece = typeof given === "string" ? this.prefixed(given) : ""
    const reason = this.finish === undefined ? FinishReason.decode(finish_reason) : undefined
    const content = piece !== "" || reason !== undefined
    if (!content && !hasValue(rest) && !hasValue({ logprobs })) return undefined
    this.finish ??= reason
    return { choice: { index: this.index, text: piece, logprobs, finish_reason: reason ?? null, ...rest }, content }
  }

  finished(): boolean {
    return this.finish !== undefined
  }

  impliedFinish(): undefined {}
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

// What clients read of a delta; a value of another type breaks them.
const expected = new Map<string, (value: unknown) => boolean>([
  ["refusal", (value) => typeof value === "string"],
  ["reasoning", (value) => typeof value === "string"],
  ["reasoning_content", (value) => typeof value === "string"],
  ["reasoning_details", Array.isArray],
  ["annotations", Array.isArray],
  ["audio", JsonObject.is],
  ["__proto__", () => false]
])

const isLegal = (key: string, value: unknown): boolean => value === null || (expected.get(key)?.(value) ?? true)

const logprobsOf = (value: unknown): JsonObject.JsonObject | null => {
  if (!JsonObject.is(value)) return null
  const wrong = ["content", "refusal"].filter((key) => !Array.isArray(value[key] ?? []))
  return wrong.length === 0 ? value : { ...value, ...Object.fromEntries(wrong.map((key) => [key, null])) }
}

const hasContent = ({ role: _, ...rest }: JsonObject.JsonObject): boolean => hasValue(rest)

const hasValue = (object: JsonObject.JsonObject): boolean => {
  for (const key in object) {
    if (JsonObject.isPresent(object[key])) return true
  }
  return false
}
