import * as fc from "effect/FastCheck"

const span = (first: number, last: number) => Array.from({ length: last - first + 1 }, (_, n) => first + n)

/** What a terminal, a spreadsheet or a reader of lines acts upon, by its numbers. */
const codes = [
  ...span(0x00, 0x1f),
  ...span(0x7f, 0x9f),
  0xad,
  0x61c,
  0x180e,
  ...span(0x200b, 0x200f),
  ...span(0x2028, 0x202e),
  ...span(0x2060, 0x2064),
  ...span(0x2066, 0x206f),
  0xfeff,
  0xfff9,
  0xe0001,
  0xe0041
]

const pieces = [
  ...codes.map((code) => String.fromCodePoint(code)),
  "\ud83d",
  "\ude00",
  "\u001b]52;c;aGk=\u0007",
  "\u001b[2J\u001b[31m",
  "\r\n",
  "\nreq_forged  Completed",
  "=cmd|'/C calc'!A0",
  "+1",
  "-1",
  "@sum(A1)",
  "＝1",
  " =1",
  "\t=1",
  '"',
  ",",
  "'",
  "x",
  "word",
  "é",
  "漢",
  "😀"
]

/** A text that somebody sends who means harm. */
export const text: fc.Arbitrary<string> = fc
  .array(fc.constantFrom(...pieces), { minLength: 1, maxLength: 12 })
  .map((parts) => parts.join(""))

/** The numbers of the characters in a text that a terminal would act upon, ends of lines apart. */
export const actedUpon = (printed: string): ReadonlyArray<string> =>
  Array.from(printed.replaceAll("\n", ""), (character) => character.codePointAt(0) ?? 0)
    .filter((code) => codes.includes(code) || (code >= 0xd800 && code <= 0xdfff))
    .map((code) => code.toString(16))
