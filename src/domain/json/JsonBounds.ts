/** What a JSON text has too much of to be parsed: values, or levels. */
export type Excess = "values" | "depth"

/** A JSON text may hold so many values, lists and objects among them, unless another limit is given. */
export const maxValues = 500_000

/** Deeper values cannot be written again: `JSON.parse` knows no limit, but `JSON.stringify` overflows the stack. */
export const maxDepth = 512

/**
 * What a JSON text has too much of, if anything. A value that is parsed takes up to a hundred times the memory of its
 * text, so this is to be known before. Of a text that is no JSON anything may be said.
 */
export const excess = (text: string, most: number = maxValues): Excess | undefined =>
  // Each value takes two characters with what separates it from the next, and each level two brackets.
  text.length < 2 * Math.min(most, maxDepth) ? undefined : scan(text, text.length < 2 * most ? Infinity : most)

const scan = (text: string, most: number): Excess | undefined => {
  let values = 1
  let depth = 0
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    // Numbers, colons and capitals: most of what is outside of strings.
    if (code > comma && code < openBracket) continue
    if (code === quote) at = endOfString(text, at + 1)
    else if (code === comma) {
      if (++values > most) return "values"
    } else if (isOpen(code)) {
      if (++depth > maxDepth) return "depth"
      values++
    } else if (code === closeBracket || code === closeBrace) {
      depth--
      // What is empty holds no value.
      if (isOpen(text.charCodeAt(at - 1))) values--
    }
  }
  return values > most ? "values" : undefined
}

// Where its closing quote stands; at the end of a text that has none.
const endOfString = (text: string, from: number): number => {
  let at = text.indexOf('"', from)
  while (at !== -1 && isEscaped(text, at)) at = text.indexOf('"', at + 1)
  return at === -1 ? text.length : at
}

const isEscaped = (text: string, at: number): boolean => {
  let backslashes = 0
  while (text.charCodeAt(at - 1 - backslashes) === backslash) backslashes++
  return backslashes % 2 === 1
}

const isOpen = (code: number): boolean => code === openBracket || code === openBrace

const quote = 0x22
const comma = 0x2c
const openBracket = 0x5b
const backslash = 0x5c
const closeBracket = 0x5d
const openBrace = 0x7b
const closeBrace = 0x7d
