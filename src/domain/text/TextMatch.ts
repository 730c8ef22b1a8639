import * as Rope from "./Rope.js"

/** Leads from a text that was sent to what is new in one that is to go on with it, piece by piece. */
export interface TextMatch {
  /** What is new in the next piece; undefined when the texts do not fit together. */
  readonly push: (piece: string) => string | undefined
  /** What was still held back when the text ends; undefined when it ends before the sent one did. */
  readonly end: () => string | undefined
  /** Whether everything from now on is new. */
  readonly through: () => boolean
}

/** A text that begins with the sent one. */
export const repeated = (sent: string): TextMatch => {
  let matched = 0
  const isThrough = () => matched === sent.length
  return {
    push: (piece) => {
      const expected = sent.slice(matched, matched + piece.length)
      if (!piece.startsWith(expected)) return undefined
      matched += expected.length
      return piece.slice(expected.length)
    },
    end: () => (isThrough() ? "" : undefined),
    through: isThrough
  }
}

/** A shorter repetition may be chance: "1 + 1 = 1" may go on with "1". In characters. */
export const minOverlap = 8

/** So much of the end of the sent text is looked at, in characters, and its whole. */
const maxOverlap = 1_000

/** A text that goes on where the sent one stopped, but may first repeat its end, or all of it. */
export const continued = (sent: string): TextMatch => {
  const last = sent.length - minOverlap
  const first = Math.max(0, sent.length - maxOverlap)
  // Where a repetition may have begun that is not at its end yet, in ascending order.
  let open = [...(first > 0 && last >= 0 ? [0] : []), ...range(first, last)]
  // The earliest beginning from which everything was repeated.
  let whole: number | undefined
  const space = sent.slice(sent.trimEnd().length)
  let isSpace = true
  let held = ""
  let through = false

  // Of what has come only what is new is looked at.
  const compare = (piece: string): void => {
    const known = held.length
    held = Rope.append(held, piece)
    isSpace &&= space.startsWith(piece, known)
    open = open.filter((start) => {
      const left = sent.length - start - known
      if (!sent.startsWith(piece.slice(0, left), start + known)) return false
      if (left <= piece.length) whole = Math.min(start, whole ?? start)
      return left > piece.length
    })
  }

  // The earliest beginning counts; one that may still come to be repeated whole is waited for.
  const cut = (ended: boolean): number | undefined => {
    const [earliest = Infinity] = open
    if (whole !== undefined && (ended || whole < earliest)) return sent.length - whole
    if (!ended && open.length > 0) return undefined
    return ended || held.length >= space.length || !isSpace ? common(held, space) : undefined
  }

  const settle = (ended: boolean): string => {
    const size = cut(ended)
    if (size === undefined) return ""
    through = true
    return held.slice(size)
  }

  return {
    push: (piece) => {
      if (through) return piece
      compare(piece)
      return settle(false)
    },
    end: () => (through ? "" : settle(true)),
    through: () => through
  }
}

const range = (from: number, to: number): ReadonlyArray<number> =>
  Array.from({ length: Math.max(0, to - from + 1) }, (_, n) => from + n)

const common = (a: string, b: string): number => {
  let size = 0
  while (size < a.length && size < b.length && a[size] === b[size]) size++
  return size
}
