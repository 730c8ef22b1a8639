/** Time that passes only as events happen; in ms. */
export interface Simulation {
  readonly now: () => number
  /** Has something happen so many ms from now; what is due at the same time happens in the order in which it was said. */
  readonly after: (ms: number, happen: () => void) => void
  /** Lets everything happen up to a time. */
  readonly run: (until: number) => void
}

interface Event {
  readonly at: number
  readonly turn: number
  readonly happen: () => void
}

/** A simulation that begins at `start`. */
export const make = (start: number): Simulation => {
  // A heap whose first is the earliest.
  const heap: Array<Event> = []
  let now = start
  let turns = 0
  const isBefore = (one: Event, other: Event) => one.at < other.at || (one.at === other.at && one.turn < other.turn)

  const push = (event: Event) => {
    let place = heap.push(event) - 1
    while (place > 0) {
      const above = (place - 1) >> 1
      const parent = heap[above]
      if (parent === undefined || !isBefore(event, parent)) break
      heap[place] = parent
      place = above
    }
    heap[place] = event
  }

  const pop = (): Event | undefined => {
    const first = heap[0]
    const last = heap.pop()
    if (last === undefined || first === undefined || heap.length === 0) return first
    let place = 0
    for (;;) {
      const left = heap[2 * place + 1]
      const right = heap[2 * place + 2]
      const isRight = left !== undefined && right !== undefined && isBefore(right, left)
      const least = isRight ? right : left
      if (least === undefined || !isBefore(least, last)) break
      heap[place] = least
      place = 2 * place + (isRight ? 2 : 1)
    }
    heap[place] = last
    return first
  }

  return {
    now: () => now,
    after: (ms, happen) => push({ at: now + ms, turn: turns++, happen }),
    run: (until) => {
      for (let next = heap[0]; next !== undefined && next.at <= until; next = heap[0]) {
        pop()
        now = next.at
        next.happen()
      }
      now = until
    }
  }
}
