/** A text of at most `most` characters: what is longer is cut, never within a character, and ends in `…`. */
export const shortened = (text: string, most = 200): string =>
  text.length <= most ? text : `${text.slice(0, cutAt(text, most - 1))}…`

// Not between the halves of a surrogate pair.
const cutAt = (text: string, end: number): number => (isHigh(text.charCodeAt(end - 1)) ? end - 1 : end)

const isHigh = (code: number): boolean => code >= 0xd800 && code <= 0xdbff
