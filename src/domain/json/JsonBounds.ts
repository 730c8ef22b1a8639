import * as JsonNumber from "./JsonNumber.js"

/** What a JSON text has too much of to be parsed: values, or levels. */
export type Excess = "values" | "depth"

/** A JSON text may hold so many values, lists and objects among them, unless another limit is given. */
export const maxValues = 500_000

/** Deeper values cannot be written again: `JSON.parse` knows no limit, but `JSON.stringify` overflows the stack. */
export const maxDepth = 512

/** What has to be known of a JSON text before it is parsed. */
export interface Scan {
  /** What it has too much of, if anything: a value that is parsed takes up to a hundred times the memory of its text. */
  readonly excess: Excess | undefined
  /** Where each number begins and ends that would be written otherwise than it stands there. */
  readonly numbers: ReadonlyArray<number>
}

/** Looks through a JSON text; of a text that is no JSON anything may be said. */
export const scan = (text: string, most: number = maxValues): Scan =>
  // Each value takes two characters with what separates it from the next, and each level two brackets.
  text.length < 2 * Math.min(most, maxDepth) && !unusual.test(text) ? usual : look(text, most)

// What every number has that would be written otherwise; most short texts have nothing of the kind.
const unusual = /(?:^|[[:,\s])(?:-0|-?\d+[.eE]|-?\d{15})/

const look = (text: string, most: number): Scan => {
  let values = 1
  let depth = 0
  let numbers: Array<number> | undefined
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code === quote) at = endOfString(text, at + 1)
    else if (code === comma) {
      if (++values > most) return { excess: "values", numbers: none }
    } else if (code === minus || (code >= zero && code <= nine)) {
      const end = endOfNumber(text, at)
      // One in the place of a key is for the parser to refuse.
      if (!isShort(text, at, end) && JsonNumber.isUnusual(text.slice(at, end)) && !isKey(text, end)) {
        ;(numbers ??= []).push(at, end)
      }
      at = end - 1
    } else if (isOpen(code)) {
      if (++depth > maxDepth) return { excess: "depth", numbers: none }
      values++
    } else if (code === closeBracket || code === closeBrace) {
      depth--
      // What is empty holds no value.
      if (isOpen(text.charCodeAt(at - 1))) values--
    }
  }
  return values > most
    ? { excess: "values", numbers: none }
    : numbers === undefined
      ? usual
      : { excess: undefined, numbers }
}

const none: ReadonlyArray<number> = []

const usual: Scan = { excess: undefined, numbers: none }

/** Where its closing quote stands, of a string that begins before `from`; at the end of a text that has none. */
export const endOfString = (text: string, from: number): number => {
  let at = text.indexOf('"', from)
  while (at !== -1 && isEscaped(text, at)) at = text.indexOf('"', at + 1)
  return at === -1 ? text.length : at
}

const isEscaped = (text: string, at: number): boolean => {
  let backslashes = 0
  while (text.charCodeAt(at - 1 - backslashes) === backslash) backslashes++
  return backslashes % 2 === 1
}

const endOfNumber = (text: string, from: number): number => {
  let at = from + 1
  while (isOfNumber(text.charCodeAt(at))) at++
  return at
}

// Digits, points, signs and exponents.
const isOfNumber = (code: number): boolean =>
  (code >= zero && code <= nine) || code === point || code === minus || code === plus || (code | 0x20) === smallE

/** A number of so many characters has few enough digits to be written as it stands there, with a few exceptions. */
const fewDigits = 15

// Most numbers are, and need not be read to know it.
const isShort = (text: string, from: number, end: number): boolean => {
  if (end - from > fewDigits) return false
  let pointAt = 0
  for (let at = from + 1; at < end; at++) {
    const code = text.charCodeAt(at)
    if (code === point && pointAt === 0) pointAt = at
    else if (code < zero || code > nine) return false
  }
  if (pointAt === 0) return text.charCodeAt(from) !== minus || text.charCodeAt(from + 1) !== zero
  // Zeros at its end go, and many behind the point become an exponent.
  const last = text.charCodeAt(end - 1)
  return last !== zero && last !== point && text.charCodeAt(pointAt + 1) !== zero
}

const isKey = (text: string, end: number): boolean => {
  let at = end
  while (isSpace(text.charCodeAt(at))) at++
  return text.charCodeAt(at) === colon
}

const isSpace = (code: number): boolean => code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09

const isOpen = (code: number): boolean => code === openBracket || code === openBrace

const quote = 0x22
const plus = 0x2b
const comma = 0x2c
const minus = 0x2d
const point = 0x2e
const zero = 0x30
const nine = 0x39
const colon = 0x3a
const openBracket = 0x5b
const backslash = 0x5c
const closeBracket = 0x5d
const smallE = 0x65
const openBrace = 0x7b
const closeBrace = 0x7d
