/** The heaviest load that was well borne, of late and in the span of time before; times in ms since the epoch. */
export interface BorneLoad extends Load {
  readonly since: number
  readonly before: Load
}

/** How many calls were under way at once, and how many began within a second. */
export interface Load {
  readonly places: number
  readonly pace: number
}

/** How heavy a load is borne is forgotten after two such spans of time, in ms. */
const span = 120_000

const no: Load = { places: 0, pace: 0 }

/** Nothing is known to have been borne. */
export const none: BorneLoad = { ...no, since: -Infinity, before: no }

/** So much was borne, and nothing before. */
export const of = ({ pace, places }: Load, now: number): BorneLoad => ({
  places,
  pace: pace === Infinity ? 0 : pace,
  since: now,
  before: no
})

/** A call ended well that began at this load. */
export const bear = (borne: BorneLoad, load: Load, now: number): BorneLoad => {
  // Of the span before no more than its load, or each would hold on to all that came before it.
  if (now - borne.since > span) return { ...load, since: now, before: { places: borne.places, pace: borne.pace } }
  if (load.places <= borne.places && load.pace <= borne.pace) return borne
  return { ...borne, places: Math.max(borne.places, load.places), pace: Math.max(borne.pace, load.pace) }
}
