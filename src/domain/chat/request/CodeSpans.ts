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
  const runs = runsOf(text)
  const closings = closingsOf(runs)
  for (let at = 0; at < runs.length; at++) {
    const run = runs[at]
    const closing = closings[at]
    const end = closing === undefined ? undefined : runs[closing]
    if (run === undefined) continue
    if (closing !== undefined && end !== undefined) {
      yield { from: run.from, to: end.to, open: false }
      at = closing
    } else if (run.isFence) yield { from: run.from, to: text.length, open: true }
  }
}

/** Backticks or tildes in a row. */
interface Run {
  readonly from: number
  readonly to: number
  readonly mark: string
  /** Whether its line begins with it, so that it opens a block. */
  readonly isFence: boolean
  /** Whether its line ends with it, too, so that it closes a block. */
  readonly closes: boolean
  /** Where its paragraph begins: code within lines does not go beyond it. */
  readonly paragraph: number
}

const runsOf = (text: string): ReadonlyArray<Run> => {
  const runs: Array<Run> = []
  let paragraph = 0
  for (let start = 0, end = 0; start <= text.length; start = end + 1) {
    const newline = text.indexOf("\n", start)
    end = newline === -1 ? text.length : newline
    const line = text.slice(start, end)
    const first = line.search(/\S/)
    const fence = first === -1 ? undefined : fenceAt(line, first)
    if (first === -1 || fence !== undefined) paragraph = end
    if (fence !== undefined) runs.push(runAt(line, start, first, { ...fence, isFence: true, paragraph }))
    else if (first !== -1) pushTicks(runs, line, start, paragraph)
  }
  return runs
}

const fenceAt = (line: string, first: number): Pick<Run, "closes"> | undefined => {
  const mark = line.charAt(first)
  if (mark !== "`" && mark !== "~") return undefined
  const to = endOfRun(line, first)
  if (to - first < 3 || (mark === "`" && line.includes(mark, to))) return undefined
  return { closes: line.slice(to).trim() === "" }
}

const pushTicks = (runs: Array<Run>, line: string, start: number, paragraph: number): void => {
  for (let from = line.indexOf("`"); from !== -1;) {
    const run = runAt(line, start, from, { isFence: false, closes: true, paragraph })
    runs.push(run)
    from = line.indexOf("`", run.to - start)
  }
}

const runAt = (
  line: string,
  start: number,
  from: number,
  rest: Pick<Run, "isFence" | "closes" | "paragraph">
): Run => ({ from: start + from, to: start + endOfRun(line, from), mark: line.charAt(from), ...rest })

const endOfRun = (line: string, from: number): number => {
  const mark = line.charAt(from)
  let to = from + 1
  while (line.charAt(to) === mark) to++
  return to
}

// Which run closes each: within lines the next one as long, of blocks the next fence that is no shorter.
const closingsOf = (runs: ReadonlyArray<Run>): ReadonlyArray<number | undefined> => {
  const closings: Array<number | undefined> = Array.from(runs, () => undefined)
  const fences = { "`": new Longer(), "~": new Longer() }
  let ticks = new Map<number, number>()
  let paragraph: number | undefined
  for (let at = runs.length - 1; at >= 0; at--) {
    const run = runs[at]
    if (run === undefined) continue
    const length = run.to - run.from
    if (run.isFence) {
      const later = run.mark === "~" ? fences["~"] : fences["`"]
      closings[at] = later.next(length)
      if (run.closes) later.add(at, length)
    } else {
      if (run.paragraph !== paragraph) ticks = new Map()
      paragraph = run.paragraph
      closings[at] = ticks.get(length)
      ticks.set(length, at)
    }
  }
  return closings
}

// Those of the later ones that are longer than all before them, the nearest last.
class Longer {
  private readonly list: Array<{ readonly at: number; readonly length: number }> = []

  add(at: number, length: number): void {
    while ((this.list.at(-1)?.length ?? Infinity) <= length) this.list.pop()
    this.list.push({ at, length })
  }

  /** The nearest that is at least so long. */
  next(length: number): number | undefined {
    let [low, high] = [0, this.list.length]
    while (low < high) {
      const middle = (low + high) >> 1
      if ((this.list[middle]?.length ?? 0) >= length) low = middle + 1
      else high = middle
    }
    return this.list[low - 1]?.at
  }
}
