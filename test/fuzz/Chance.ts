import { random } from "../domain/generators.js"

/** Random choices that come out the same for the same seed. */
export interface Chance {
  /** A whole number from 0 up to, but not, `limit`. */
  readonly below: (limit: number) => number
  /** Whether something happens that happens so often, of 1. */
  readonly happens: (probability: number) => boolean
  readonly pick: <A>(list: readonly [A, ...ReadonlyArray<A>]) => A
}

export const make = (seed: number): Chance => {
  const next = random(Math.imul(seed, 0x9e3779b1))
  const below = (limit: number) => Math.floor(next() * limit)
  return {
    below,
    happens: (probability) => next() < probability,
    pick: (list) => list[below(list.length)] ?? list[0]
  }
}
