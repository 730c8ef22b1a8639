import * as JsonList from "../../json/JsonList.js"
import * as Message from "./Message.js"

/** What is trimmed: nothing, all white space around a text, or that but for the indentation of the first of its lines. */
export type Kind = "none" | "all" | "around lines"

/** The text without the white space around it. */
export const ofText = (text: string, kind: Kind): string => end(start(text, kind), kind)

/**
 * The parts of a content, trimmed as if they were one text: the next one may go on in the middle of a word. Text parts of
 * nothing but white space before its first words and after its last ones become empty.
 */
export const ofParts = (parts: ReadonlyArray<unknown>, kind: Kind): ReadonlyArray<unknown> => {
  if (kind === "none") return parts
  const first = parts.findIndex(hasWords)
  const last = parts.findLastIndex(hasWords)
  return JsonList.map(parts, (part, at) => {
    if (!Message.isText(part)) return part
    if (at < first || at > last) return Message.withText(part, "")
    const begun = at === first ? start(part.text, kind) : part.text
    return Message.withText(part, at === last ? end(begun, kind) : begun)
  })
}

/** Whether a content is nothing but white space. */
export const isBlank = (content: unknown): boolean => {
  if (typeof content === "string") return content.trim() === ""
  return !Array.isArray(content) || content.every((part) => Message.isText(part) && !hasWords(part))
}

const hasWords = (part: unknown): boolean => Message.isText(part) && part.text.trim() !== ""

const start = (text: string, kind: Kind): string => {
  if (kind === "none") return text
  const trimmed = text.trimStart()
  // One line is no block of code, whose lines stand below each other.
  if (kind === "all" || !trimmed.trimEnd().includes("\n")) return trimmed
  let from = text.length - trimmed.length
  while (isIndent(text.charCodeAt(from - 1))) from--
  return text.slice(from)
}

const end = (text: string, kind: Kind): string => (kind === "none" ? text : text.trimEnd())

const isIndent = (code: number): boolean => code === space || code === tab

const space = 0x20
const tab = 0x09
