import * as JsonObject from "../../json/JsonObject.js"
import { oncePer } from "../../text/OncePer.js"
import type { Conversation } from "../../operation/Operation.js"
import type { AnswerChunk, RepeatedText } from "./AnswerChunk.js"
import * as AnswerShape from "./AnswerShape.js"
import * as Rope from "../../text/Rope.js"

/** Assembles the chunks of a repaired stream into the body that the same answer has when it is not streamed. */
export interface Accumulator {
  push(chunk: AnswerChunk): void
  /** The body so far; undefined before the first chunk. */
  result(usage: JsonObject.JsonObject | undefined): JsonObject.JsonObject | undefined
  /** How much is kept, in about as many characters. */
  size(): number
  /** Keeps no more. */
  close(): void
  /** Whether the answer outgrew the limit; the rest of it is not in the body, which says so. */
  truncated(): boolean
}

/** An accumulator for one stream, which keeps about `limit` characters of it. */
export const make = (operation: Conversation, limit = Infinity): Accumulator =>
  new Assembly(AnswerShape.of(operation), limit)

class Assembly implements Accumulator {
  private top: Draft | undefined = undefined
  private readonly choices = new Map<number, Draft>()
  private kept = 0
  /** The last text that grows, and where it belongs. */
  private tail = ""
  private tailIndex = 0
  private tailField = ""

  constructor(
    private readonly shape: AnswerShape.AnswerShape,
    private limit: number
  ) {}

  push(chunk: AnswerChunk): void {
    if (chunk.repeats === undefined) this.merge(chunk.value())
    else this.append(chunk.repeats)
  }

  result(usage: JsonObject.JsonObject | undefined): JsonObject.JsonObject | undefined {
    this.settle()
    if (this.top === undefined) return undefined
    const list = [...this.choices.values()].sort((a, b) => Number(a["index"]) - Number(b["index"]))
    const body: Draft = Object.assign({}, this.top, { choices: list.map(this.shape.assemble) })
    if (usage !== undefined) body["usage"] = usage
    if (this.truncated()) body["truncated"] = true
    return body
  }

  size(): number {
    return Math.min(this.kept, this.limit)
  }

  close(): void {
    this.limit = Math.min(this.limit, this.kept - 1)
  }

  truncated(): boolean {
    return this.kept > this.limit
  }

  private merge(chunk: JsonObject.JsonObject): void {
    this.settle()
    const top = (this.top ??= {})
    for (const key in chunk) {
      if (!ofChunk.has(key) && !isNothing(key, chunk[key])) top[key] = chunk[key]
    }
    top["object"] = this.shape.whole
    for (const value of JsonObject.listOf(chunk["choices"])) {
      const choice = JsonObject.orEmpty(value)
      this.kept += sizeOf(choice)
      const kept = this.truncated() ? { finish_reason: choice["finish_reason"] } : choice
      mergeChoice(this.choiceAt(Number(choice["index"] ?? 0)), kept)
    }
  }

  private append({ field, index, text }: RepeatedText): void {
    this.kept += text.length
    if (this.truncated()) return
    if (this.tailIndex !== index || this.tailField !== field) {
      this.settle()
      this.tailIndex = index
      this.tailField = field
    }
    this.tail = Rope.append(this.tail, text)
  }

  private choiceAt(index: number): Draft {
    const known = this.choices.get(index)
    if (known !== undefined) return known
    const choice = { index }
    this.choices.set(index, choice)
    return choice
  }

  private settle(): void {
    if (this.tail === "") return
    const said = draftAt(this.choiceAt(this.tailIndex), "delta")
    said[this.tailField] = append(said[this.tailField], this.tail)
    this.tail = ""
  }
}

// Plain text is the bulk of a stream; whatever else there is is measured by its JSON.
const sizeOf = ({ delta, text }: JsonObject.JsonObject): number => {
  if (delta === undefined) return sizeOfValue(text)
  let size = 0
  for (const value of Object.values(JsonObject.orEmpty(delta))) size += sizeOfValue(value)
  return size
}

const sizeOfValue = (value: unknown): number => {
  if (typeof value === "string") return value.length
  return typeof value === "object" && value !== null ? JSON.stringify(value).length : 0
}

type Draft = Record<string, unknown>

// What each chunk has of its own, where the rest of it speaks of the whole answer.
const ofChunk = new Set(["choices", "obfuscation", "usage"])

// A key named `__proto__` would give a draft another prototype.
const isNothing = (key: string, value: unknown): boolean => value === null || value === undefined || key === "__proto__"

const mergeChoice = (into: Draft, choice: JsonObject.JsonObject): void => {
  for (const key in choice) {
    const value = choice[key]
    if (isNothing(key, value) || key === "index") continue
    if (key === "delta") mergeDelta(draftAt(into, key), JsonObject.orEmpty(value))
    else if (key === "logprobs") mergeLists(draftAt(into, key), JsonObject.orEmpty(value))
    else if (key === "text") into[key] = append(into[key], value)
    else into[key] = value
  }
}

const mergeDelta = (message: Draft, delta: JsonObject.JsonObject): void => {
  for (const key in delta) {
    const value = delta[key]
    if (isNothing(key, value)) continue
    if (key === "tool_calls") mergeIndexed(message, key, value, mergeCall)
    else if (key === "reasoning_details") mergeIndexed(message, key, value, mergeFields)
    else if (key === "function_call" || key === "audio") mergeFields(draftAt(message, key), JsonObject.orEmpty(value))
    else if (key === "role") message[key] ??= value
    else message[key] = append(message[key], value)
  }
}

const mergeCall = (call: Draft, delta: JsonObject.JsonObject): void => {
  for (const key in delta) {
    const value = delta[key]
    if (isNothing(key, value)) continue
    if (key === "function" || key === "custom") mergeFields(draftAt(call, key), JsonObject.orEmpty(value))
    else call[key] = value
  }
}

// Text grows; a name is said once, and again only where it was empty.
const mergeFields = (into: Draft, delta: JsonObject.JsonObject): void => {
  for (const key in delta) {
    const value = delta[key]
    if (isNothing(key, value)) continue
    into[key] = grows.has(key) ? append(into[key], value) : value
  }
}

const grows = new Set(["arguments", "input", "text", "summary", "data", "transcript"])

const mergeIndexed = (
  message: Draft,
  key: string,
  value: unknown,
  merge: (into: Draft, delta: JsonObject.JsonObject) => void
): void => {
  const list: Array<unknown> = Array.isArray(message[key]) ? message[key] : []
  message[key] = list
  const known = itemsOf(list)
  for (const delta of JsonObject.listOf(value).map(JsonObject.orEmpty)) {
    const { index } = delta
    const found = known.get(index)
    const item = found ?? {}
    if (found === undefined) list.push(item)
    // What has no index goes on with nothing that came before.
    if (found === undefined && !isNothing("index", index)) known.set(index, item)
    merge(item, delta)
  }
}

/** The items of a list that is put together, by their indexes. */
const itemsOf = oncePer((_: ReadonlyArray<unknown>) => new Map<unknown, Draft>())

const mergeLists = (into: Draft, lists: JsonObject.JsonObject): void => {
  for (const [key, value] of Object.entries(lists)) {
    if (!isNothing(key, value)) into[key] = append(into[key], value)
    else if (value === null) into[key] ??= null
  }
}

const append = (before: unknown, more: unknown): unknown => {
  if (typeof before === "string" && typeof more === "string") return Rope.append(before, more)
  if (!Array.isArray(more)) return more
  const list: Array<unknown> = Array.isArray(before) ? before : []
  for (const item of JsonObject.listOf(more)) list.push(item)
  return list
}

const draftAt = (into: Draft, key: string): Draft => {
  const existing = into[key]
  if (JsonObject.is(existing)) return existing
  const draft: Draft = {}
  into[key] = draft
  return draft
}
