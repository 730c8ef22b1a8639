/** The heaviest load at which a call began that ended well, of late and in the span of time before; times in ms since the epoch. */
export interface BorneLoad extends Load {
  readonly since: number
  readonly before: Load
}

/** How many calls were under way when one began, and how many had begun within a second, itself included. */
export interface Load {
  readonly places: number
  readonly pace: number
}

/** How heavy a load is borne is forgotten after two such spans of time, in ms. */
const span = 120_000

const no: Load = { places: 0, pace: 0 }

/** Nothing is known to have been borne. */
export const none: BorneLoad = { ...no, since: -Infinity, before: no }

/** Whether another span of time has begun. */
export const isOver = ({ since }: BorneLoad, now: number): boolean => now - since > span

/** A call ended well that began at this load. */
export const bear = (borne: BorneLoad, load: Load, now: number): BorneLoad => {
  // Of the span before no more than its load, or each would hold on to all that came before it.
  if (isOver(borne, now)) return { ...load, since: now, before: { places: borne.places, pace: borne.pace } }
  if (load.places <= borne.places && load.pace <= borne.pace) return borne
  return { ...borne, places: Math.max(borne.places, load.places), pace: Math.max(borne.pace, load.pace) }
}

/** Whether twice as much was well borne, so that this load is no reason for a refusal. */
export const isLight = ({ before, pace, places }: BorneLoad, load: Load): boolean =>
  2 * load.places <= Math.max(places, before.places) && 2 * load.pace <= Math.max(pace, before.pace)
