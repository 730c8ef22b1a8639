/** A stretch of a text that Markdown shows as it is written: in backticks, between fences, or indented. */
export interface CodeSpan {
  readonly from: number
  readonly to: number
  /** An open fence is one that nobody closes: its block goes on to the end of the text. */
  readonly kind: "backticks" | "fences" | "open fence" | "indented"
}

/** Whether there may be any code in a text. */
export const mayBeIn = (text: string): boolean => /[`\t]|~~~|\n {4}/.test(text)

/**
 * The code in a text, one after the other. Who asks for the next says whether the last one was taken for code: after a block
 * that was not comes what code there is if it is none.
 */
export function* of(text: string): Generator<CodeSpan, void, boolean> {
  const closings = new Closings(text)
  let hasWords = false
  let afterBlank = false
  for (let start = 0; start < text.length;) {
    const line = lineAt(text, start)
    if (line.isBlank) {
      afterBlank = true
      start = line.next
      continue
    }
    // The indentation of the first line is often lost.
    const mayBeIndented = hasWords && afterBlank && line.isIndented
    hasWords = true
    afterBlank = false
    if (line.fence !== undefined) {
      const closing = closings.of(line.fence, line.next)
      const isTaken = yield {
        from: line.fence.from,
        to: closing?.fence?.to ?? text.length,
        kind: closing === undefined ? "open fence" : "fences"
      }
      start = closing?.next ?? (isTaken ? text.length : line.next)
      continue
    }
    if (mayBeIndented) {
      const end = endOfLines(text, line.next, ({ isIndented }) => !isIndented)
      if (yield { from: start, to: Math.min(end, text.length), kind: "indented" }) {
        start = end
        continue
      }
    }
    const end = endOfLines(text, line.next, ({ fence }) => fence !== undefined)
    yield* ticksIn(text.slice(start, end), start)
    start = end
  }
}

interface Line {
  /** Where the next one begins. */
  readonly next: number
  readonly isBlank: boolean
  /** Whether it begins with four spaces or a tab. */
  readonly isIndented: boolean
  readonly fence: Fence | undefined
}

/** What a block begins or ends with: three backticks or tildes, or more, at the beginning of a line. */
interface Fence {
  readonly from: number
  readonly to: number
  readonly mark: string
  /** Whether nothing comes after it in its line but a closing tag, so that it may end a block. */
  readonly closes: boolean
}

const lineAt = (text: string, start: number): Line => {
  const newline = text.indexOf("\n", start)
  const lineEnd = newline === -1 ? text.length : newline
  const line = text.slice(start, lineEnd)
  const first = beginning.exec(line)?.[0].length ?? 0
  const isBlank = first === line.length && line.trim() === ""
  return {
    next: lineEnd + 1,
    isBlank,
    isIndented: indentation.test(line),
    fence: isBlank ? undefined : fenceAt(line, first, start)
  }
}

const indentation = /^(?: {4}| {0,3}\t)/

// A thought may begin and end right at a fence.
const beginning = /^\s*(?:<[^<>\s]+>\s*)*/
const end = /^\s*(?:$|<\/)/

const fenceAt = (line: string, first: number, start: number): Fence | undefined => {
  const mark = line.charAt(first)
  if (mark !== "`" && mark !== "~") return undefined
  const to = endOfRun(line, first)
  if (to - first < least || (mark === "`" && line.includes(mark, to))) return undefined
  return { from: start + first, to: start + to, mark, closes: end.test(line.slice(to)) }
}

const endOfRun = (text: string, from: number): number => {
  const mark = text.charCodeAt(from)
  let to = from + 1
  while (text.charCodeAt(to) === mark) to++
  return to
}

// Where the next blank line begins, or one that is of another kind: code goes beyond neither.
const endOfLines = (text: string, from: number, isOther: (line: Line) => boolean): number => {
  let start = from
  while (start < text.length) {
    const line = lineAt(text, start)
    if (line.isBlank || isOther(line)) return start
    start = line.next
  }
  return text.length
}

// Backticks, and what stands before the next ones of the same number.
function* ticksIn(paragraph: string, offset: number): Generator<CodeSpan, void, boolean> {
  // Where runs of each length are for the last time, once there was one without another as long after it.
  let last: Map<number, number> | undefined
  const closingOf = (length: number, from: number): number | undefined => {
    if (last !== undefined && (last.get(length) ?? -1) < from) return undefined
    const seen = new Map<number, number>()
    for (let at = paragraph.indexOf("`", from); at !== -1;) {
      const to = endOfRun(paragraph, at)
      if (to - at === length) return to
      seen.set(to - at, at)
      at = paragraph.indexOf("`", to)
    }
    last = seen
    return undefined
  }
  for (let at = paragraph.indexOf("`"); at !== -1;) {
    const to = endOfRun(paragraph, at)
    const closing = closingOf(to - at, to)
    if (closing !== undefined) yield { from: offset + at, to: offset + closing, kind: "backticks" }
    at = paragraph.indexOf("`", closing ?? to)
  }
}

const least = 3

/** Longer fences are none: nobody writes them. */
const most = 100

// Where blocks end: the next fence of the same kind that is no shorter.
class Closings {
  /** Where, by the length of the fence, one that ends its block is for the last time; where not all blocks end. */
  private readonly last = new Map<string, ReadonlyArray<number>>()

  constructor(private readonly text: string) {}

  of({ from, mark, to }: Fence, after: number): Line | undefined {
    const length = to - from
    const last = this.last.get(mark)
    if (length > most || (last !== undefined && (last[length] ?? -1) < after)) return undefined
    const seen: Array<number> = []
    for (let start = after; start < this.text.length;) {
      const line = lineAt(this.text, start)
      const { fence } = line
      if (fence?.mark === mark && fence.closes) {
        const found = Math.min(fence.to - fence.from, most)
        if (found >= length) return line
        for (let each = least; each <= found; each++) seen[each] = start
      }
      start = line.next
    }
    this.last.set(mark, seen)
    return undefined
  }
}
