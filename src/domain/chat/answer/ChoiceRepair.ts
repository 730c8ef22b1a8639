import * as Either from "effect/Either"
import * as ArgumentsText from "./ArgumentsText.js"
import { ChoiceFinish } from "./ChoiceFinish.js"
import * as ContentParts from "./ContentParts.js"
import * as DeltaFields from "./DeltaFields.js"
import type * as FinishReason from "./FinishReason.js"
import * as JsonObject from "../../json/JsonObject.js"
import * as JsonText from "../../json/JsonText.js"
import * as Prefix from "./Prefix.js"
import * as ToolCalls from "./ToolCalls.js"

/** What one choice of a chunk becomes. */
export interface Repaired {
  readonly choice: JsonObject.JsonObject
  /** Whether it carries something of the answer: text, reasoning, a refusal, a call or sound. */
  readonly content: boolean
}

/**
 * Repairs the choices of one index as they come, so that each chunk's choice is one that clients accept. Its finish is held
 * back to be the last of it: some backends say it too early, or with every piece.
 */
export interface ChoiceRepair {
  /** The choice to send on, or undefined when there is nothing in it. */
  push(choice: JsonObject.JsonObject): Repaired | undefined
  /** Whether a finish reason was given, or a spoken answer is complete (OpenAI gives no reason then). */
  finished(): boolean
  /** Whether it has, and said nothing more since: some backends say a reason with every piece. */
  isSettled(): boolean
  /** The last of the choice, when no more is waited for: nothing where it has not finished, or was told to before. */
  end(): ReadonlyArray<JsonObject.JsonObject>
  /** Whether its last is held back, and nothing stands in the way of sending it. */
  isHeld(): boolean
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
  private readonly functionArguments = ArgumentsText.make()
  private heardAll = false
  private isOver = false
  private readonly finish = new ChoiceFinish()
  /** What came with it, and holds nothing. */
  private readonly lastDelta: Record<string, unknown> = {}

  constructor(
    private readonly index: number,
    private readonly prefixed: Prefix.Prefixer,
    private readonly calls: ToolCalls.ToolCalls
  ) {}

  push(raw: JsonObject.JsonObject): Repaired | undefined {
    const {
      index: _,
      delta,
      message,
      finish_reason,
      finishReason,
      logprobs: tokens,
      usage: __,
      error: ___,
      ...rest
    } = raw
    const logprobs = tokens === undefined ? undefined : logprobsOf(tokens)
    const source = this.sourceOf(delta, message)
    const repaired = this.repairDelta(source)
    const content = hasContent(repaired)
    const isLast = this.finish.take(finish_reason ?? finishReason, content) && !content
    if (isLast && !this.isOver) {
      const { role: _, ...unsaid } = repaired
      Object.assign(this.lastDelta, unsaid)
      this.finish.keep(logprobs === undefined ? rest : { ...rest, logprobs })
      return undefined
    }
    const isSilent = !content && !JsonObject.isPresent(logprobs) && !hasValue(rest) && !hasValue(repaired)
    if (this.started && isSilent) return undefined
    this.started = true
    this.spoke ||= content
    const choice: Record<string, unknown> = { index: this.index, delta: repaired, finish_reason: null, ...rest }
    if (logprobs !== undefined) choice["logprobs"] = logprobs
    return { choice, content }
  }

  finished(): boolean {
    return this.heardAll || this.finish.reason() !== undefined
  }

  isSettled(): boolean {
    return this.heardAll || this.finish.isSettled()
  }

  isHeld(): boolean {
    return !this.isOver && this.isSettled()
  }

  end(): ReadonlyArray<JsonObject.JsonObject> {
    if (this.isOver || !this.finished()) return []
    this.isOver = true
    const reason = this.reason()
    const calls = this.calls.complete(reason === "length" || reason === "content_filter")
    const rest = this.calledFunction ? this.functionArguments.rest(true) : ""
    const beside = rest === "" ? this.lastDelta : { ...this.lastDelta, function_call: { arguments: rest } }
    const delta = this.started ? beside : { role: "assistant", ...beside }
    this.started = true
    const last = { index: this.index, delta, ...this.finish.fields(reason) }
    return calls.length === 0
      ? [last]
      : [{ index: this.index, delta: { tool_calls: calls }, finish_reason: null }, last]
  }

  // MiniMax and Perplexity repeat the whole answer as `message`, some beside a delta that says nothing.
  private sourceOf(delta: unknown, message: unknown): JsonObject.JsonObject {
    if (JsonObject.is(delta) && (this.spoke || !JsonObject.is(message) || hasContent(delta))) return delta
    return this.spoke ? {} : { ...JsonObject.orEmpty(delta), ...JsonObject.orEmpty(message) }
  }

  private repairDelta(raw: JsonObject.JsonObject): Record<string, unknown> {
    const { role: _, content, tool_calls: toolCalls, function_call: functionCall, ...rest } = raw
    const delta: Record<string, unknown> = this.started ? {} : { role: "assistant" }
    const parts = isParts(content) ? ContentParts.read(content) : undefined
    const text = typeof content === "string" ? content : parts?.text
    if (text !== undefined) delta["content"] = this.prefixed(text)
    else if (content === null) delta["content"] = null
    for (const key in rest) if (key !== "__proto__") DeltaFields.put(delta, key, rest[key])
    if (parts !== undefined) putParts(delta, parts)
    const called = this.repairFunctionCall(JsonObject.orEmpty(functionCall))
    if (called !== undefined) delta["function_call"] = called
    const calls = callsIn(toolCalls)
    const repaired = calls.length === 0 ? calls : this.calls.push(calls.filter((call) => !isForeignCall(call)))
    if (repaired.length > 0) delta["tool_calls"] = repaired
    if (repaired.length < calls.length) putParts(delta, ContentParts.read(calls.filter(isForeignCall)))
    if (JsonObject.number(JsonObject.orEmpty(rest["audio"])["expires_at"]) !== undefined) this.heardAll = true
    return delta
  }

  // A call without name and arguments is none: some backends write every field they know.
  private repairFunctionCall({ arguments: given, name: rawName, ...unknown }: JsonObject.JsonObject) {
    const said = this.namedFunction ? undefined : JsonObject.text(rawName)
    const args = this.functionArguments.push(ArgumentsText.of(given))
    if (said === undefined && args === "" && (this.calledFunction || !JsonObject.isPresent(given))) return undefined
    const name = said ?? (this.calledFunction ? undefined : "")
    this.calledFunction = true
    this.namedFunction ||= said !== undefined
    return { ...(name === undefined ? {} : { name }), arguments: args, ...JsonObject.withoutNulls(unknown) }
  }

  // Gemini and Ollama say "stop" after calling tools.
  private reason(): FinishReason.FinishReason {
    const reason = this.finish.reason() ?? "stop"
    if (reason === "length" || reason === "content_filter") return reason
    if (this.calls.any()) return "tool_calls"
    return this.calledFunction ? "function_call" : reason === "function_call" ? "stop" : reason
  }
}

class TextChoice implements ChoiceRepair {
  private isOver = false
  private readonly finish = new ChoiceFinish()

  constructor(
    private readonly index: number,
    private readonly prefixed: Prefix.Prefixer
  ) {}

  push(raw: JsonObject.JsonObject): Repaired | undefined {
    const { index: _, text: given, finish_reason, finishReason, logprobs: tokens, usage: __, error: ___, ...rest } = raw
    const logprobs = JsonObject.is(tokens) ? tokens : null
    const parts = isParts(given) ? ContentParts.read(given) : undefined
    if (parts !== undefined) putParts(rest, parts)
    const piece = this.prefixed(typeof given === "string" ? given : (parts?.text ?? ""))
    const content = piece !== ""
    if (this.finish.take(finish_reason ?? finishReason, content) && !content && !this.isOver) {
      this.finish.keep({ ...rest, logprobs })
      return undefined
    }
    if (!content && logprobs === null && !hasValue(rest)) return undefined
    return { choice: { index: this.index, text: piece, logprobs, finish_reason: null, ...rest }, content }
  }

  finished(): boolean {
    return this.finish.reason() !== undefined
  }

  isSettled(): boolean {
    return this.finish.isSettled()
  }

  isHeld(): boolean {
    return !this.isOver && this.isSettled()
  }

  end(): ReadonlyArray<JsonObject.JsonObject> {
    const reason = this.finish.reason()
    if (this.isOver || reason === undefined) return []
    this.isOver = true
    return [{ index: this.index, text: "", logprobs: null, ...this.finish.fields(reason) }]
  }
}

// Content that is no text: Mistral's reasoning models and others send a list of parts.
const isParts = (content: unknown): boolean => typeof content !== "string" && content !== null && content !== undefined

const putParts = (delta: Record<string, unknown>, { others, reasoning, refusal }: ContentParts.Parts): void => {
  if (reasoning !== "") delta["reasoning_content"] = `${JsonObject.text(delta["reasoning_content"]) ?? ""}${reasoning}`
  if (refusal !== "") delta["refusal"] = `${JsonObject.text(delta["refusal"]) ?? ""}${refusal}`
  for (const [key, parts] of Object.entries(others)) delta[key] = [...JsonObject.listOf(delta[key]), ...parts]
}

// TGI sends the call itself where others send a list, and some send the list as a text.
const callsIn = (value: unknown): ReadonlyArray<unknown> => {
  if (JsonObject.is(value)) return [value]
  return JsonObject.listOf(typeof value === "string" ? Either.getOrUndefined(JsonText.read(value)) : value)
}

// What a provider has called itself, such as its search of the web, is nothing for the caller to call.
const isForeignCall = (call: unknown): boolean => {
  const { arguments: args, custom, function: body, name, type } = JsonObject.orEmpty(call)
  return JsonObject.text(type) !== undefined && [args, custom, body, name].every((each) => each === undefined)
}

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
