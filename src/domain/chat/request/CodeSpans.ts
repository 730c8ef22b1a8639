/** A stretch of a text that Markdown shows as it is written: in backticks, or a block between fences. */
export interface CodeSpan {
  readonly from: number
  readonly to: number
  /** Whether it is a block whose fence nobody closes, which goes on to the end of the text. */
  readonly open: boolean
}

/** Whether there may be any code in a text. */
export const mayBeIn = (text: string): boolean => text.includes("`") || text.includes("~~~")

/** The code in a text, one after the other. After one that is `open` come those that there are if it is none. */
export function* of(text: string): Generator<CodeSpan, void> {
  const closings = new Closings(text)
  for (let start = 0; start < text.length;) {
    const line = lineAt(text, start)
    if (line.fence === undefined) {
      const end = line.isBlank ? line.next : endOfParagraph(text, line.next)
      if (!line.isBlank) yield* ticksIn(text.slice(start, end), start)
      start = end
      continue
    }
    const closing = closings.of(line.fence, line.next)
    yield { from: line.fence.from, to: closing?.fence?.to ?? text.length, open: closing === undefined }
    start = closing?.next ?? line.next
  }
}

interface Line {
  /** Where the next one begins. */
  readonly next: number
  readonly isBlank: boolean
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
  return { next: lineEnd + 1, isBlank, fence: isBlank ? undefined : fenceAt(line, first, start) }
}

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

// Code within lines does not go beyond it.
const endOfParagraph = (text: string, from: number): number => {
  let start = from
  while (start < text.length) {
    const { fence, isBlank, next } = lineAt(text, start)
    if (isBlank || fence !== undefined) return start
    start = next
  }
  return text.length
}

// Backticks, and what stands before the next ones of the same number.
function* ticksIn(paragraph: string, offset: number): Generator<CodeSpan, void> {
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
    if (closing !== undefined) yield { from: offset + at, to: offset + closing, open: false }
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
