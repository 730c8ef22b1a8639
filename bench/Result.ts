import type { Measures } from "./Measures.js"

/** What came of one target in one scenario. */
export interface Result {
  readonly scenario: string
  readonly target: string
  /** Why it gets no number. */
  readonly refusal: string | undefined
  readonly measures: Measures
  /** The share of a core that the upstream and the load used at most. */
  readonly upstreamBusy: number
  readonly loadBusy: number
  /** The ratio to the bare relay in each round, to see how far they are apart. */
  readonly rounds: ReadonlyArray<number>
}
