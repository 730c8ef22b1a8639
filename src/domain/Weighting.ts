/**
 * Orders items at random so that the heavier come first in proportion to their weights; `draws` are numbers in [0, 1),
 * one per item. Items of weight 0 come last, as given. (A-Res: Efraimidis & Spirakis 2006, key = u^(1/w), descending.)
 */
export const order = <A>(
  items: ReadonlyArray<A>,
  weightOf: (item: A) => number,
  drawOf: (item: A) => number
): ReadonlyArray<A> =>
  items
    .map((item) => ({ item, key: logKey(weightOf(item), drawOf(item)) }))
    .sort((a, b) => (a.key === b.key ? 0 : a.key - b.key))
    .map(({ item }) => item)

// The logarithm of the key orders alike and does not underflow for small weights.
const logKey = (weight: number, draw: number): number =>
  weight === 0 ? Number.POSITIVE_INFINITY : Math.log(-Math.log(1 - draw)) - Math.log(weight)
