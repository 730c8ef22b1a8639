/**
 * A text of at most `most` characters (at least 2; 200 where nothing is said): a longer one is cut, never within a pair of surrogates, and ends with
 * `…`. What it is cut from is not held on to.
 */
export const cut = (text: string, most = 200): string => {
  if (text.length <= most) return text
  const end = isHighSurrogate(text.charCodeAt(most - 2)) ? most - 2 : most - 1
  return copied(`${text.slice(0, end)}…`)
}

/** The same text by itself: a slice keeps what it is cut from in memory for as long as itself. */
export const copied = (text: string): string => String(JSON.parse(JSON.stringify(text)))

const isHighSurrogate = (code: number): boolean => code >= 0xd800 && code < 0xdc00
