import { performance } from "node:perf_hooks"

/** Rounds, and how long each lasts in ms. */
const rounds = 12
const length = 100

/** What a step takes in µs, in the best of some rounds after it has been compiled. */
export const best = (step: () => unknown): number => Math.min(...Array.from({ length: rounds }, () => once(step)))

// What a step returns is kept, so that no compiler may leave it out.
const once = (step: () => unknown): number => {
  let kept: unknown
  let times = 0
  const began = performance.now()
  while (performance.now() - began < length) {
    for (let n = 0; n < 10; n++) kept = step()
    times += 10
  }
  const took = performance.now() - began
  return kept === began ? 0 : (took * 1000) / times
}
