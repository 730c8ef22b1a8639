/** How often a worker says that it lives, and the primary looks whether it has, in ms. */
export const interval = 1_000

/** What is thought of a worker: that it lives, that it hangs and may come back, or that it does not come back. */
export type State = "alive" | "silent" | "lost"

/** What the primary has heard of a worker. */
export interface Heard {
  /** Whether it has said anything since it was begun. */
  readonly spoken: boolean
  /**
   * How often the primary has looked since it said something. Looks are counted rather than time, since a primary that was
   * stopped itself has heard nobody.
   */
  readonly missed: number
}

const silentAfter = 10
const lostAfter = 30
/** One that has said nothing yet is still being loaded, which may take its time where many share a core. */
const loadedWithin = 300

/** What is thought of a worker after one more look. */
export const stateOf = ({ missed, spoken }: Heard): State => {
  if (missed >= (spoken ? lostAfter : loadedWithin)) return "lost"
  return spoken && missed >= silentAfter ? "silent" : "alive"
}
