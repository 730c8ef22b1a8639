/**
 * Orders items at random so that the heavier come first in proportion to their weights; `draws` are numbers in [0, 1),
 * one per item. Items of weight 0 come last, as given. (A-Res: Efraimidis & Spirakis 2006, key = u^(1/w), descending.)
 */
export const order = <A>(
  items: ReadonlyArray<A>,
  weightOf: (item: A) => number,
  drawOf: (item: A) => number
): ReadonlyArray<A> =>
  items.length < 2
    ? items
    : items
        .map((item) => ({ item, key: logKey(weightOf(item), drawOf(item)) }))
        .sort((a, b) => (a.key === b.key ? 0 : a.key - b.key))
        .map(({ item }) => item)

/** How probable it is for each item that {@link order} puts it first: its part of all weight. */
export const shares = <A>(items: ReadonlyArray<A>, weightOf: (item: A) => number): ReadonlyArray<number> => {
  const heaviest = Math.max(...items.map(weightOf))
  if (!(heaviest > 0)) return items.map((_, index) => (index === 0 ? 1 : 0))
  // Relative to the heaviest, so that neither huge nor tiny weights leave the range of numbers.
  const relative = items.map((item) => weightOf(item) / heaviest)
  const total = relative.reduce((sum, weight) => sum + weight, 0)
  return relative.map((weight) => weight / total)
}

// The logarithm of the key orders alike and does not underflow for small weights.
const logKey = (weight: number, draw: number): number =>
  weight === 0 ? Number.POSITIVE_INFINITY : Math.log(-Math.log(1 - draw)) - Math.log(weight)
