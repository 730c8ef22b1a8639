/** What follows when a worker has ended: another takes its place after so many ms, or nobody does. */
export type Next = { readonly _tag: "After"; readonly delay: number } | { readonly _tag: "GiveUp" }

/** How a worker has ended. */
export interface Death {
  /** How long it lived, in ms. */
  readonly lived: number
  /** How many in its place lived too short a time before it, one after the other. */
  readonly early: number
  /** Whether anybody else serves. */
  readonly othersServe: boolean
}

/** One that lived for so long, in ms, was well; its successor begins at once. */
const wellAfter = 10_000
const firstDelay = 100
const longestDelay = 30_000

/** So many that die early one after the other are enough, when nobody else serves. */
const patience = 5

/** Whether a worker died so early that its successor is likely to fare no better. */
export const isEarly = ({ lived }: Pick<Death, "lived">): boolean => lived < wellAfter

/** When a worker's successor begins: later each time that one dies early, so that a fault at start burns no core. */
export const next = (death: Death): Next => {
  if (!isEarly(death)) return { _tag: "After", delay: 0 }
  if (!death.othersServe && death.early + 1 >= patience) return { _tag: "GiveUp" }
  return { _tag: "After", delay: Math.min(longestDelay, firstDelay * 2 ** death.early) }
}
