/**
 * What is running now. Not a `Set`: one that much comes and goes in leaves its outgrown tables behind, each pointing to
 * the next, and what they hold is kept until the next full garbage collection.
 */
export interface Running<A> {
  /** Counts one in; the result counts it out, once. */
  readonly enter: (value: A) => () => void
  readonly size: () => number
  readonly all: () => ReadonlyArray<A>
}

interface Entry<A> {
  readonly value: A
  place: number
}

/** Nothing is running. */
export const make = <A>(): Running<A> => {
  const entries: Array<Entry<A>> = []

  const leave = (entry: Entry<A>): void => {
    if (entries[entry.place] !== entry) return
    const last = entries.pop()
    if (last === undefined || last === entry) return
    entries[entry.place] = last
    last.place = entry.place
  }

  return {
    enter: (value) => {
      const entry = { value, place: entries.length }
      entries.push(entry)
      return () => leave(entry)
    },
    size: () => entries.length,
    all: () => entries.map(({ value }) => value)
  }
}
