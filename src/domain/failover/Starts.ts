/** Remembers when the last calls to a backend began, and which of them were refused; times in ms since the epoch. */
export class Starts {
  private readonly begun: Array<number> = []
  private readonly refused: Array<number> = []
  /** How many calls have begun. */
  count = 0
  private refusals = 0

  /** Remembers at most so many of each. */
  constructor(private readonly most: number) {}

  /** A call begins. */
  begin(now: number): void {
    this.begun[this.count++ % this.most] = now
  }

  /** A call that began then was refused. */
  refuse(began: number): void {
    this.refused[this.refusals++ % this.most] = began
  }

  /** When the last call but so many began; -Infinity where that is not remembered. */
  last(before: number): number {
    const index = this.count - 1 - before
    return before >= this.most || index < 0 ? -Infinity : (this.begun[index % this.most] ?? -Infinity)
  }

  /** How many calls began after a time; as many as are remembered where those are not all. */
  begunSince(after: number): number {
    return within(this.begun, after, Infinity)
  }

  /** How many calls began after one time and not after another, and were not refused; Infinity where not all are known. */
  taken(after: number, until: number): number {
    if (this.last(this.most - 1) > after) return Infinity
    return Math.max(0, within(this.begun, after, until) - within(this.refused, after, until))
  }
}

const within = (times: ReadonlyArray<number>, after: number, until: number): number => {
  let count = 0
  for (const time of times) if (time > after && time <= until) count++
  return count
}
