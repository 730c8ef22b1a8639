import * as JsonObject from "../../json/JsonObject.js"
import * as JsonText from "../../json/JsonText.js"

/** What a message says in its `content`, which is a text with most backends, and a list of parts with some. */
export interface Parts {
  /** Undefined where nothing was said at all. */
  readonly text: string | undefined
  readonly reasoning: string
  readonly refusal: string
  /** What is none of these, by the field that it is kept under. */
  readonly others: Readonly<Record<string, ReadonlyArray<unknown>>>
}

/** Reads a content of any kind. */
export const read = (content: unknown): Parts => {
  if (typeof content === "string") return { ...nothing, text: content }
  if (!Array.isArray(content) && !isPart(content)) return { ...nothing, text: textOf(content) }
  const found = { text: "", reasoning: "", refusal: "", others: new Map<string, Array<unknown>>() }
  for (const part of Array.isArray(content) ? content : [content]) readPart(part, found)
  return { ...found, others: Object.fromEntries(found.others) }
}

/**
 * A value as the text that a reader of it would see: numbers with their digits, objects as JSON, lists and parts by what
 * they say. Undefined for nothing.
 */
const textOf = (value: unknown): string | undefined => {
  if (typeof value === "string") return value
  if (value === null || value === undefined || isEmpty(value)) return undefined
  return Array.isArray(value) ? value.map(sayingOf).join("") : JsonText.write(value)
}

const isEmpty = (value: unknown): boolean => JsonObject.isEmpty(value) || (Array.isArray(value) && value.length === 0)

/** The same for a train of thought, of which some backends send summaries. */
export const thoughtOf = (value: unknown): string | undefined => {
  if (Array.isArray(value) && value.length > 0) return value.map(thoughtOf).join("")
  return JsonObject.is(value) && !isEmpty(value) ? sayingOf(value) : textOf(value)
}

interface Found {
  text: string
  reasoning: string
  refusal: string
  readonly others: Map<string, Array<unknown>>
}

const nothing: Parts = { text: undefined, reasoning: "", refusal: "", others: {} }

// An object of another type is what was said itself.
const isPart = (value: unknown): boolean => {
  const part = JsonObject.orEmpty(value)
  const { text, type } = part
  const isText = typeof text === "string" && Object.keys(part).every((key) => key === "text" || key === "type")
  return isText || (typeof type === "string" && (kinds.has(type) || pictures.includes(type)))
}

const readPart = (part: unknown, into: Found): void => {
  if (!JsonObject.is(part)) {
    into.text += textOf(part) ?? ""
    return
  }
  const { type: said, ...fields } = part
  const type = JsonObject.text(said) ?? "text"
  const kind = kinds.get(type) ?? (typeof fields["text"] === "string" ? "text" : undefined)
  const key = kind === undefined ? undefined : telling.find((name) => JsonObject.isPresent(fields[name]))
  if (kind !== undefined && key !== undefined) into[kind] += thoughtOf(fields[key]) ?? ""
  const rest = Object.fromEntries(
    Object.entries(fields).filter(([name, value]) => name !== key && name !== "index" && JsonObject.isPresent(value))
  )
  if (Object.keys(rest).length === 0) return
  const field = fieldOf(type)
  const list = into.others.get(field) ?? []
  list.push({ type, ...rest })
  into.others.set(field, list)
}

// What a part, or a thought, says in words.
const sayingOf = (value: unknown): string => {
  if (!JsonObject.is(value)) return textOf(value) ?? ""
  const key = telling.find((name) => JsonObject.isPresent(value[name]))
  return (key === undefined ? textOf(value) : thoughtOf(value[key])) ?? ""
}

/** Where a part has its words. */
const telling = ["text", "thinking", "reasoning", "summary", "refusal", "content", "value"]

const kinds = new Map<string, "text" | "reasoning" | "refusal">([
  ["text", "text"],
  ["output_text", "text"],
  ["thinking", "reasoning"],
  ["reasoning", "reasoning"],
  ["thought", "reasoning"],
  ["reasoning_text", "reasoning"],
  ["summary_text", "reasoning"],
  ["refusal", "refusal"]
])

const pictures = ["image_url", "image", "output_image"]

// A field that means something else to clients must not hold parts.
const taken = new Set([
  ...["role", "content", "refusal", "reasoning", "reasoning_content", "reasoning_details", "thinking", "name", "text"],
  ...["tool_calls", "function_call", "audio", "annotations", "__proto__"]
])

const fieldOf = (type: string): string => {
  if (pictures.includes(type)) return "images"
  return taken.has(type) ? `${type}_parts` : type
}
