import * as CodeSpans from "./CodeSpans.js"

/**
 * A text without its `<tag>…</tag>` blocks, each from the first opening of its tag to the closing that comes first; the
 * block that ends first goes first. What stands before a block may make another one with what stands after it. Tags in
 * code (in backticks, between fences, or indented) and in straight quotes are quotations and no part of a block.
 */
export const remove = (text: string, tags: ReadonlyArray<string>): string => {
  let left = text
  // What a block stood between may become code, or be none any more.
  for (let round = 0; round < mostRounds; round++) {
    const before = left
    if (!tags.some((tag) => hasBlock(before, tag))) return left
    left = new Remains(tags).of(before)
    if (left === before) return left
  }
  return text
}

/** Nobody's text takes more unless it is meant to; it is left as it is. */
const mostRounds = 4

const hasBlock = (text: string, tag: string): boolean => {
  const opening = text.indexOf(`<${tag}>`)
  return opening !== -1 && text.includes(`</${tag}>`, opening)
}

const quotes: ReadonlyArray<string> = ['"', "'"]

// Each `>` is looked at once, however many blocks its own is nested in.
class Remains {
  /** What stays, in pieces; an opening is one of its own. */
  private readonly pieces: Array<string> = []
  /** The end of what was read, which may begin a mark. */
  private half = ""
  /** Where among the pieces the first opening of each tag stands. */
  private readonly opened = new Map<string, number>()
  private readonly openings: ReadonlyMap<string, string>
  private readonly closings: ReadonlyMap<string, string>
  private readonly longest: number

  constructor(tags: ReadonlyArray<string>) {
    this.openings = new Map(tags.map((tag) => [`<${tag}>`, tag]))
    this.closings = new Map(tags.map((tag) => [`</${tag}>`, tag]))
    this.longest = Math.max(...tags.map((tag) => `</${tag}>`.length))
  }

  of(text: string): string {
    let from = 0
    const codes = CodeSpans.mayBeIn(text) ? CodeSpans.of(text) : undefined
    for (let next = codes?.next(); next?.done === false;) {
      const code = next.value
      this.read(text.slice(from, code.from))
      // A text may stop within a block, but where a thought stops in one what follows it is no code; and it may be indented.
      const isTaken = this.opened.size === 0 || code.kind === "backticks" || code.kind === "fences"
      if (isTaken) this.keep(this.half + text.slice(code.from, code.to))
      if (isTaken) this.half = ""
      from = isTaken ? code.to : code.from
      next = codes?.next(isTaken)
    }
    this.read(text.slice(from))
    return this.pieces.join("") + this.half
  }

  private read(text: string): void {
    let from = 0
    for (let to = text.indexOf(">") + 1; to > 0; to = text.indexOf(">", from) + 1) {
      const end = this.endOfQuotation(text, from, to)
      if (end === undefined) this.half = this.take(this.half + text.slice(from, to))
      else {
        this.keep(this.half + text.slice(from, end))
        this.half = ""
      }
      from = end ?? to
    }
    this.half += text.slice(from)
  }

  // Where the quotation ends of whose opening this is the end, if any: "<tag>", or "<tag>…</tag>" in one line. Within a
  // block closings are none: it may end with what its thought quotes, and the answer begin so.
  private endOfQuotation(text: string, from: number, to: number): number | undefined {
    const least = Math.max(from, to - this.longest)
    const start = least + text.slice(least, to).lastIndexOf("<")
    const tag = this.openings.get(text.slice(start, to))
    const quote = text.charAt(start - 1)
    if (tag === undefined || start <= from || !quotes.includes(quote)) return undefined
    if (text.charAt(to) === quote) return to + 1
    if (this.opened.size > 0) return undefined
    const end = text.indexOf(quote, to)
    const said = end === -1 ? "" : text.slice(to, end)
    return said.endsWith(`</${tag}>`) && !said.includes("\n") ? end + 1 : undefined
  }

  // Takes what ends with a `>`, and gives back what may begin a mark with what follows.
  private take(piece: string): string {
    const start = piece.lastIndexOf("<")
    const mark = start === -1 ? "" : piece.slice(start)
    const opens = this.openings.get(mark)
    if (opens !== undefined) {
      this.keep(piece.slice(0, start))
      if (!this.opened.has(opens)) this.opened.set(opens, this.pieces.length)
      this.pieces.push(mark)
      return ""
    }
    const first = this.opened.get(this.closings.get(mark) ?? "")
    if (first !== undefined) return this.cut(first)
    this.pieces.push(piece)
    return ""
  }

  // Removes what came from this piece on, and gives back what of the one before it may begin a mark.
  private cut(at: number): string {
    this.pieces.length = at
    for (const [tag, first] of this.opened) if (first >= at) this.opened.delete(tag)
    const before = this.pieces.pop() ?? ""
    const start = before.slice(-this.longest).lastIndexOf("<")
    const half = start === -1 ? before.length : Math.max(0, before.length - this.longest) + start
    this.keep(before.slice(0, half))
    return before.slice(half)
  }

  // An empty piece would hide the half that stands before it.
  private keep(piece: string): void {
    if (piece !== "") this.pieces.push(piece)
  }
}
