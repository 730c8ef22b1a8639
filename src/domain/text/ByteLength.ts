/** How many bytes a text is in UTF-8: what `Buffer.byteLength` says, without Node. */
export const of = (text: string): number => {
  let bytes = text.length
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    // Each half of a pair makes two of its four bytes.
    if (code > 0x7f) bytes += code > 0x7ff && (code < 0xd800 || code > 0xdfff) ? 2 : 1
  }
  return bytes
}

/** Whether a text is at most so many bytes. */
export const isWithin = (text: string, most: number): boolean => text.length * mostOfOne <= most || of(text) <= most

/** So many bytes does one unit of a text take at most. */
const mostOfOne = 3
