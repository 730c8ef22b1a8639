import * as Either from "effect/Either"
import * as JsonBounds from "./JsonBounds.js"
import * as JsonNumber from "./JsonNumber.js"

/** What keeps a text from being read: it is no JSON, or holds too much. */
export type Unread = "syntax" | JsonBounds.Excess

/** The value of a JSON text that holds at most so many values; a number that would change is a {@link JsonNumber}. */
export const read = (text: string, most?: number): Either.Either<unknown, Unread> => {
  const { excess, numbers } = JsonBounds.scan(text, most)
  if (excess !== undefined) return Either.left(excess)
  try {
    return Either.right(JsonNumber.parse(text, numbers))
  } catch {
    return syntax
  }
}

/** The same for a text in which Python may have written what JSON has no number for: it is read as `null`. */
export const readLoosely = (text: string, most?: number): Either.Either<unknown, Unread> => {
  const strictly = read(text, most)
  return strictly === syntax && notNumbers.test(text) ? read(withoutNotNumbers(text), most) : strictly
}

const syntax: Either.Either<never, Unread> = Either.left("syntax")

const notNumbers = /NaN|Infinity/

const withoutNotNumbers = (text: string): string => {
  let without = ""
  for (let at = 0; at < text.length;) {
    const quoted = text.indexOf('"', at)
    const from = quoted === -1 ? text.length : quoted
    const to = Math.min(text.length, JsonBounds.endOfString(text, from + 1) + 1)
    without += text.slice(at, from).replace(/-?(?:NaN|Infinity)/g, "null") + text.slice(from, to)
    at = to
  }
  return without
}

/** The value as JSON text; what was read is written as it was, but for spaces and escapes. */
export const write = (value: unknown, indent = 0): string => JsonNumber.stringify(value, indent)

// The inside of a JSON string, as it is written.

const quote = 0x22
const backslash = 0x5c

/** Where the JSON string ends whose first character is at `from`: at its closing quote, or -1 if it is no such string. */
export const end = (json: string, from: number): number => {
  for (let at = from; at < json.length; at++) {
    const code = json.charCodeAt(at)
    if (code === quote) return at
    if (isControl(code)) return -1
    if (code !== backslash) continue
    const escaped = json.charAt(at + 1)
    if (escaped === "u" ? !/^[0-9a-fA-F]{4}$/.test(json.slice(at + 2, at + 6)) : !escapes.includes(escaped)) return -1
    at += escaped === "u" ? 5 : 1
  }
  return -1
}

/** The text that the inside of a JSON string stands for. */
export const decode = (inside: string): string => (inside.includes("\\") ? String(JSON.parse(`"${inside}"`)) : inside)

/** Whether a text is the inside of its own JSON string. */
export const isPlain = (text: string): boolean => !text.includes("\\") && end(`${text}"`, 0) === text.length

const escapes = ['"', "\\", "/", "b", "f", "n", "r", "t"]

// JSON allows those from DEL on; some readers take NEL for the end of a line.
const isControl = (code: number): boolean => code < 0x20 || (code > 0x7e && code < 0xa0)
