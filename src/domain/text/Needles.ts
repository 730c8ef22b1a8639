/** What is looked for in texts, in every form that it may have there. */
export interface Needles {
  readonly heads: RegExp
  readonly byHead: ReadonlyMap<string, ReadonlyArray<Needle>>
}

/** A part of a text: from a character on, to another that is no part of it. */
export type Range = readonly [from: number, to: number]

interface Needle {
  readonly text: string
  /** Whether it is a piece of a base64 text, all of which is found with it. */
  readonly isBase64: boolean
}

/** Shorter texts cannot be told from words. */
const shortest = 4

/** Only so many characters are looked for; of what goes on after them as the needle does, all is found. */
const headSize = 64

/** What finds these texts, as they are or in base64, but for those that are too short to be told from words. */
export const make = (texts: Iterable<string>): Needles => {
  const byHead = new Map<string, Array<Needle>>()
  for (const text of new Set(texts)) {
    if (text.length < shortest) continue
    for (const needle of formsOf(text)) {
      const head = headOf(needle.text)
      const known = byHead.get(head)
      if (known === undefined) byHead.set(head, [needle])
      else known.push(needle)
    }
  }
  const heads = [...byHead.keys()].sort((a, b) => b.length - a.length).map(literally)
  return { heads: new RegExp(heads.length === 0 ? never : heads.join("|"), "gi"), byHead }
}

/** Whether a text holds the beginning of a needle. */
export const mayBeIn = ({ heads }: Needles, text: string): boolean => {
  heads.lastIndex = 0
  return heads.test(text)
}

/** Where needles are in a text, in order and without overlaps; in linear time. */
export const find = ({ byHead, heads }: Needles, text: string): ReadonlyArray<Range> => {
  const found: Array<Range> = []
  let end = 0
  heads.lastIndex = 0
  for (let match = heads.exec(text); match !== null; match = heads.exec(text)) {
    const [head] = match
    const range = rangeOf(text, match.index, head, byHead.get(head.toLowerCase()) ?? [], end)
    if (range === undefined) {
      heads.lastIndex = match.index + 1
      continue
    }
    found.push(range)
    end = heads.lastIndex = range[1]
  }
  return found
}

const rangeOf = (
  text: string,
  at: number,
  head: string,
  needles: ReadonlyArray<Needle>,
  free: number
): Range | undefined => {
  const plain = needles.filter((needle) => !needle.isBase64)
  // Base64 knows lower from upper case.
  const encoded = needles.filter((needle) => needle.isBase64 && needle.text.startsWith(head))
  if (plain.length === 0 && encoded.length === 0) return undefined
  const ends = [...plain, ...encoded].map((needle) => at + alike(text, at, needle.text))
  const end = Math.max(at + head.length, ...ends)
  return encoded.length === 0 ? [at, end] : [startOfRun(text, at, free), endOfRun(text, end)]
}

const never = "(?!)"

const headOf = (text: string): string => text.slice(0, headSize).toLowerCase()

const literally = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|/-]/g, "\\$&")

// How many characters of the needle stand there.
const alike = (text: string, at: number, needle: string): number => {
  const most = Math.min(needle.length, text.length - at)
  let count = 0
  while (count < most && needle[count]?.toLowerCase() === text[at + count]?.toLowerCase()) count++
  return count
}

const startOfRun = (text: string, at: number, least: number): number => {
  let from = at
  while (from > least && /[\w+/-]/.test(text[from - 1] ?? "")) from--
  return from
}

const endOfRun = (text: string, at: number): number => {
  let to = at
  while (to < text.length && /[\w+/=-]/.test(text[to] ?? "")) to++
  return to
}

const formsOf = (text: string): ReadonlyArray<Needle> => {
  const bytes = new TextEncoder().encode(text)
  const isAscii = bytes.length === text.length
  const encoded = [0, 1, 2].map((before) => base64(bytes, before)).filter((piece) => piece.length > shortest)
  return [
    { text, isBase64: false },
    // What is percent-encoded byte by byte has no characters to be undone one by one.
    ...(isAscii ? [] : [{ text: percented(bytes), isBase64: false }]),
    ...encoded.flatMap((piece) => [
      { text: piece, isBase64: true },
      ...(/[+/]/.test(piece) ? [{ text: piece.replaceAll("+", "-").replaceAll("/", "_"), isBase64: true }] : [])
    ])
  ]
}

const percented = (bytes: Uint8Array): string =>
  Array.from(bytes, (byte) => (byte < 0x80 ? String.fromCharCode(byte) : `%${byte.toString(16)}`)).join("")

// What these bytes alone decide of their base64 when so many others, such as `user:`, come before them.
const base64 = (bytes: Uint8Array, before: number): string => {
  const text = btoa("\0".repeat(before) + Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""))
  return text.slice(Math.ceil((before * 8) / 6), Math.floor(((before + bytes.length) * 8) / 6))
}
