/** What a header's value may be made of. */
export const pattern = /^[\t\x20-\x7e\x80-\xff]*$/

/** Why a text cannot stand in a header, of which no more is told than the character; undefined where it can. */
export const problem = (text: string): string | undefined => {
  const at = text.search(/[^\t\x20-\x7e\x80-\xff]/)
  if (at === -1) return undefined
  const code = text.codePointAt(at) ?? 0
  const name = code === 10 || code === 13 ? "a line break" : `U+${code.toString(16).toUpperCase().padStart(4, "0")}`
  return `holds ${name}, which cannot stand in a header`
}
