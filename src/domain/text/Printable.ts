import * as JsonText from "../json/JsonText.js"
import { cut } from "./CutText.js"

// What a terminal, an editor or a reader of lines acts upon rather than shows: control characters, format characters
// (they turn the direction of a text or have no width), Unicode's further ends of lines, and halves of surrogate pairs.
const actedUpon = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu

// The same but for what a JSON text never holds, or only between its values.
const actedUponInJson = /[\x7f-\x9f\p{Cf}\p{Zl}\p{Zp}]/gu

// Most texts hold nothing else than this, which is quickly seen.
const beyondAscii = /[^ -~]/
const beyondAsciiLines = /[^\n -~]/

/** How long a line for people may be, in characters. */
export const longest = 1_000

/** The text on one line with nothing in it that a terminal acts upon: `␛` and `␊` stand for ESC and the end of a line, `�` for what has no such picture. */
export const line = (text: string): string => (beyondAscii.test(text) ? text.replace(actedUpon, picture) : text)

/** As {@link line}, for a text that is made of lines itself. */
export const lines = (text: string): string =>
  beyondAsciiLines.test(text) ? text.split("\n").map(line).join("\n") : text

/** How long a text is, in characters. */
export const size = (text: string): number => (beyondAscii.test(text) ? Array.from(text).length : text.length)

/** As {@link line}, of at most so many characters (at least 2); a line for people when nothing is said. */
export const brief = (text: string, most = longest): string => line(cut(text, most))

/** A value as JSON that a terminal only shows. */
export const json = (value: object, indent = 0): string => escaped(JsonText.write(value, indent))

/** The same JSON, where `\uXXXX` stands for each character that a terminal acts upon. */
export const escaped = (json: string): string =>
  beyondAsciiLines.test(json) ? json.replace(actedUponInJson, escape) : json

const picture = (character: string): string => {
  const code = character.charCodeAt(0)
  return code < 0x20 ? String.fromCharCode(0x2400 + code) : code === 0x7f ? "␡" : "�"
}

// A character beyond the first 65,536 is written as its two halves.
const escape = (character: string): string =>
  Array.from({ length: character.length }, (_, n) => unit(character.charCodeAt(n))).join("")

const unit = (code: number): string => `\\u${code.toString(16).padStart(4, "0")}`
